// Who works at this tab: the staff key, kept for the tab only, its role, and calls made with it.

import { Refused, Unreached, bearer, call, patiently } from '../shared/api.js';
import { follow } from '../shared/stream.js';
import './refusals.js';
import { has, say } from '../shared/language.js';
import { inTab } from '../shared/store.js';

const KEPT = 'boxoffice.staffKey';
let member = null;

/** Tells when the key opens nothing any more: event `over`. */
export const session = new EventTarget();

/** Whose key it is: `{keyId, name, role}`; null before signing in. */
export const me = () => member;

export const may = (...roles) => roles.includes(member?.role);

const key = () => bearer(inTab.get(KEPT) ?? '');

/** Signs in; fails with what the server refuses. */
export async function signIn(typed) {
  member = (await call('GET', '/staff/me', { authorization: bearer(typed) })).body;
  inTab.set(KEPT, typed);
}

/** Goes on with the key of this tab, if it has one that still opens something. */
export async function goOn() {
  if (!inTab.get(KEPT)) return false;
  try {
    member = (await patiently('GET', '/staff/me', { authorization: key() })).body;
    return true;
  } catch (error) {
    if (!(error instanceof Refused) || error.status !== 401) throw error;
    signOut();
    return false;
  }
}

export function signOut() {
  inTab.drop(KEPT);
  member = null;
}

/** Reads: asks until there is an answer. */
export const read = (path, options) => guarded(patiently('GET', path, { authorization: key(), ...options }));

/** Follows a stream of events. */
export const stream = (path, options, heard) => guarded(follow(path, { authorization: key(), ...options }, heard));

/** Does something, once: where nobody answers, a person decides whether to try again. */
export const act = (method, path, body, options) => guarded(call(method, path, { authorization: key(), body, ...options }));

async function guarded(answer) {
  try {
    return await answer;
  } catch (error) {
    if (member && error instanceof Refused && error.code === 'STAFF_KEY_INVALID') {
      signOut();
      session.dispatchEvent(new Event('over'));
    }
    throw error;
  }
}

/**
 * A failure as a sentence. What is not a refusal or a silent network is a fault of the page, and goes to the console
 * too.
 */
export function sentence(error) {
  if (error instanceof Refused) {
    const at = error.code === 'INVALID_REQUEST' && `refused.at.${error.problem.pointer?.split('/')[1]}`;
    if (at && has(at)) return say(at);
    return has(`refused.${error.code}`) ? say(`refused.${error.code}`) : error.message;
  }
  if (error instanceof Unreached) return say('staff.unreached');
  console.error(error);
  return say('page.fault');
}
