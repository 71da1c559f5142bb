// What just happened, in plain sentences: the feed of events, followed from where it stood when the page was opened.

import { el, tell } from '../shared/dom.js';
import { points, time } from '../shared/format.js';
import { has, say } from '../shared/language.js';
import { read } from './session.js';

const WAIT_SECONDS = 25;
const PAGE = 1_000;
const SHOWN_MOST = 30;
const BEFORE = 60;
/** Of these many come at once: they are told as one, with their number. */
const CROWD = new Set(['TOKEN_ISSUED', 'TOKEN_ADMITTED', 'TOKEN_EXPIRED', 'TICKET_CHECKED_IN', 'PAYMENT_COMPLETED']);

/** Follows the feed until the signal, newest first in `list`; `heard` is told of each page. */
export async function follow(list, lastSequence, timeZone, heard, signal) {
  let after = Math.max(0, lastSequence - BEFORE);
  for (;;) {
    const { events } = (await read(`/staff/events?after=${after}&limit=${PAGE}`, { signal, waitSeconds: WAIT_SECONDS })).body;
    if (!events.length) continue;
    after = events.at(-1).sequence;
    if (after > lastSequence) heard(events);
    for (const event of events) put(list, event, timeZone);
    // Too far behind to be news: go on from where the feed stands now.
    if (events.length === PAGE) after = Math.max(after, (await read('/staff/evening', { signal })).body.lastSequence - BEFORE);
  }
}

function put(list, event, timeZone) {
  const newest = list.firstElementChild;
  const kind = event.type === 'TOKEN_EXPIRED' ? `TOKEN_EXPIRED.${event.data.reason}` : event.type;
  if (!has(`news.${kind}`)) return; // told by another event, or newer than this page
  const at = time(event.at, timeZone);
  if (CROWD.has(event.type) && newest?.dataset.kind === kind && newest.dataset.at === at) {
    const n = Number(newest.dataset.n) + 1;
    newest.dataset.n = n;
    return void tell(newest.lastElementChild, sentenceOf(kind, event, n));
  }
  list.prepend(el('li', { 'data-kind': kind, 'data-at': at, 'data-n': 1 }, el('time', { datetime: event.at }, at), el('span', {}, sentenceOf(kind, event, 1))));
  while (list.children.length > SHOWN_MOST) list.lastElementChild.remove();
}

function sentenceOf(kind, { data, by }, n) {
  const { seats = [], seat = '', amount = 0, reason, name = '' } = data;
  const text = say(`news.${kind}`, { n: CROWD.has(kind.split('.')[0]) ? n : seats.length, seats: seats.join(', '), seat, amount: points(Math.abs(amount)), name });
  const why = kind.startsWith('SEAT_') && reason ? ` (${reason})` : '';
  return by ? say('news.by', { who: by.name, text: text + why }) : text + why;
}
