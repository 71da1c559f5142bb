// Acts that must be done once: each keeps its key in the tab until there is an answer, so that a second
// press or a reload repeats it and does nothing twice.

import { Refused, newKey } from '../shared/api.js';
import { inTab } from '../shared/store.js';
import { act } from './session.js';

const place = (name) => `boxoffice.${name}`;
const kept = (name) => inTab.json(place(name));
const drop = (name) => inTab.drop(place(name));

/** The body of the act of this name that has no answer yet, or undefined. */
export const unanswered = (name) => kept(name)?.body;

/** POSTs `body`. The same body under the same name is the same act, until there is an answer or a no. */
export async function actOnce(name, path, body) {
  const before = kept(name);
  const open = JSON.stringify(before?.body) === JSON.stringify(body) ? before : { body, key: newKey() };
  inTab.setJson(place(name), open);
  try {
    const answer = await act('POST', path, body, { key: open.key });
    drop(name);
    return answer;
  } catch (error) {
    if (error instanceof Refused && error.status < 500) drop(name);
    throw error;
  }
}
