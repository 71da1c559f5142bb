// The token: lining up, looking at it, leaving, and watching a visit so that its end is known when it comes.

import './refusals.js';
import './visit_words.js';
import { Refused, bearer, patiently } from '../shared/api.js';
import { say } from '../shared/language.js';
import { toast } from '../shared/notice.js';
import { follow } from '../shared/stream.js';
import { venue } from '../shared/venue.js';
import { asUser, asVisitor, line, me, setLine, setToken, token, visit } from './me.js';

const WAIT_SECONDS = 25;

function saw(body) {
  const before = visit.seen;
  visit.seen = body;
  visit.reason = null;
  if (before?.expiresAt !== body?.expiresAt || before?.status !== body?.status) visit.dispatchEvent(new Event('seen'));
  return body;
}

/** Forgets the token; the reason is told to those who ask why. */
export function ended(reason) {
  setToken(null);
  visit.seen = null;
  visit.reason = reason;
  visit.dispatchEvent(new Event('ended'));
}

/** Whether the venue lets this customer buy nothing any more. */
export async function isBanned(signal) {
  if (!me()) return false;
  try {
    return (await patiently('GET', `/users/${me().userId}`, { authorization: asUser(), signal })).body.bannedAt !== null;
  } catch (error) {
    if (error instanceof Refused) return false; // told where the key is used
    throw error;
  }
}

/** From now on this tab is about the line of a concert: its own, or the shared line. */
export function standFor(concertId, { lines }) {
  // A token of a line that was closed is good to its end.
  const of = lines.some((one) => one.concertId === concertId) || token(concertId) ? concertId : null;
  if (of === line()) return;
  stopWatching();
  setLine(of);
  visit.seen = null;
  visit.reason = null;
}

/** A place at the end of the line, or the one that the customer has or had a moment ago. */
export async function lineUp(signal) {
  const { userId, userKey } = me();
  const body = { userId, userKey, concertId: line() ?? undefined };
  const { body: seen } = await patiently('POST', '/queue/tokens', { body, key: null, signal });
  setLine(seen.concertId); // a line that was closed meanwhile is no more
  setToken(seen.token);
  if (seen.placeRestored) toast(say('line.restored'));
  return saw(seen);
}

/** The token as it is now, or as it is when it changes or the wait is over. */
export async function look({ waitSeconds, signal } = {}) {
  // The one that this tab knows, even when another tab forgot it: so each tab learns why it is over.
  const asked = visit.seen?.token ?? token();
  return toldEnd(asked, async () => saw((await patiently('GET', '/queue/token', { authorization: bearer(asked), waitSeconds, signal })).body));
}

/** The token by a stream, until it is let in: `heard(token)` each time that it is another. */
export async function lookOn(signal, heard) {
  const asked = visit.seen?.token ?? token();
  const isStillWaiting = ({ data }) => {
    heard(saw(data));
    return data.status !== 'ACTIVE';
  };
  return toldEnd(asked, () => follow('/queue/token', { authorization: bearer(asked), signal }, isStillWaiting));
}

/** What comes of asking for a token; one that is over is forgotten. */
async function toldEnd(asked, ask) {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof Refused && error.status === 401 && (token() ?? asked) === asked) {
      // A token that this server never issued, left here by another server
      // at the same address, is forgotten without a word.
      if (error.code === 'TOKEN_EXPIRED' || visit.seen) ended(error.problem.reason ?? null);
      else setToken(null);
    }
    throw error;
  }
}

/** Leaves the line or ends the visit; an unpaid hold is given back. */
export async function leave() {
  stopWatching();
  visit.dispatchEvent(new Event('leaving')); // what is under way hangs up: the end is no news to it
  try {
    await patiently('DELETE', '/queue/token', { authorization: asVisitor() });
  } catch (error) {
    if (!(error instanceof Refused)) throw error; // it was over already
  }
  ended('LEFT');
}

let watching = null;

/** Watches a visit until it ends, so that its end is known at once; only while the page is looked at. */
export async function watch() {
  if (watching || document.hidden) return;
  watching = new AbortController();
  try {
    await venue();
    while (visit.seen?.status === 'ACTIVE') await look({ waitSeconds: WAIT_SECONDS, signal: watching.signal });
  } catch (error) {
    if (!watching.signal.aborted && !(error instanceof Refused)) throw error;
  } finally {
    watching = null;
  }
}

export const stopWatching = () => watching?.abort();

document.addEventListener('visibilitychange', () => {
  if (document.hidden) stopWatching();
  else if (visit.seen?.status === 'ACTIVE') setTimeout(watch);
});
