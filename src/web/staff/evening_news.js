// What just happened, in plain sentences: the feed of events, followed from where it stood when the page was opened.

import { el, tell } from '../shared/dom.js';
import { points, time } from '../shared/format.js';
import { has, say } from '../shared/language.js';
import { seatName, seatNames } from '../shared/seat_name.js';
import { read, stream } from './session.js';

const WAIT_SECONDS = 25;
const PAGE = 1_000;
const SHOWN_MOST = 30;
const BEFORE = 60;
/** Of these many come at once: those of a minute are told as one, with their number. */
const COMING = new Set(['TOKEN_ISSUED', 'TOKEN_ADMITTED', 'TOKEN_EXPIRED', 'TICKET_CHECKED_IN', 'PAYMENT_COMPLETED', 'RESERVATION_REFUNDED', 'PAYMENT_DECLINED']);

/** What happens in the line and at the door. */
const LINE = new Set(['TOKEN_ISSUED', 'TOKEN_ADMITTED', 'TOKEN_EXPIRED', 'TOKEN_MOVED', 'TICKET_CHECKED_IN']);

/**
 * Follows the feed until the signal, newest first: who lines up and comes in, in `lists.coming`, sales and the acts of
 * staff in `lists.rest`; `heard` is told of each page.
 */
export async function follow(lists, lastSequence, timeZone, heard, signal) {
  let after = Math.max(0, lastSequence - BEFORE);
  const take = (events) => {
    after = events.at(-1).sequence;
    if (after > lastSequence) heard(events);
    for (const event of events) put(LINE.has(event.type) ? lists.coming : lists.rest, event, timeZone);
  };
  for (;;) {
    await stream('/staff/events', { lastId: after, signal }, ({ data }) => take([data]));
    const { events } = (await read(`/staff/events?after=${after}&limit=${PAGE}`, { signal, waitSeconds: WAIT_SECONDS })).body;
    if (!events.length) continue;
    take(events);
    // Too far behind to be news: go on from where the feed stands now.
    if (events.length === PAGE) after = Math.max(after, (await read('/staff/evening', { signal })).body.lastSequence - BEFORE);
  }
}

function put(list, event, timeZone) {
  const kind = event.type === 'TOKEN_EXPIRED' ? `TOKEN_EXPIRED.${event.data.reason}` : event.type;
  if (!has(`news.${kind}`)) return; // told by another event, or newer than this page
  const at = time(event.at, timeZone);
  const same = COMING.has(event.type) && [...list.children].find(({ dataset }) => dataset.kind === kind && dataset.at === at && dataset.by === (event.by?.name ?? ''));
  if (same) {
    const n = Number(same.dataset.n) + 1;
    const amount = Number(same.dataset.amount) + Math.abs(event.data.amount ?? 0);
    Object.assign(same.dataset, { n, amount });
    return void tell(same.lastElementChild, sentenceOf(kind, { ...event, data: { ...event.data, amount } }, n));
  }
  list.prepend(el('li', { 'data-kind': kind, 'data-at': at, 'data-n': 1, 'data-by': event.by?.name ?? '', 'data-amount': Math.abs(event.data.amount ?? 0) }, el('time', { datetime: event.at }, at), el('span', {}, sentenceOf(kind, event, 1))));
  while (list.children.length > SHOWN_MOST) list.lastElementChild.remove();
}

function sentenceOf(kind, { data, by }, n) {
  const { seats = [], seat = '', amount = 0, reason, name = '' } = data;
  const text = say(`news.${kind}`, { n: COMING.has(kind.split('.')[0]) ? n : seats.length, seats: seatNames(seats.map((one) => ({ seat: one }))), seat: seat && seatName({ seat }), amount: points(Math.abs(amount)), name });
  const why = kind.startsWith('SEAT_') && reason ? ` (${reason})` : '';
  return by ? say('news.by', { who: by.name, text: text + why }) : text + why;
}
