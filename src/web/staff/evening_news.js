// What just happened, in plain sentences: the feed of events, followed from where it stood when the page was opened.

import { el, tell } from '../shared/dom.js';
import { points, time } from '../shared/format.js';
import { has, say } from '../shared/language.js';
import { seatName, seatNames } from '../shared/seat_name.js';
import { Subjects } from './evening_subjects.js';
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
  const subjects = new Subjects(timeZone, signal);
  const take = (events) => {
    after = events.at(-1).sequence;
    if (after > lastSequence) heard(events);
    for (const event of events) {
      const subject = put(LINE.has(event.type) ? lists.coming : lists.rest, event, timeZone);
      if (subject) subjects.of(event).then((text) => tell(subject, text), (error) => { if (!signal.aborted) throw error; });
    }
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

/** Puts an event into a list; gives `subject`, where what it is about is to be written, when it is new there. */
function put(list, event, timeZone) {
  const kind = event.type === 'TOKEN_EXPIRED' ? `TOKEN_EXPIRED.${event.data.reason}` : event.type;
  if (!has(`news.${kind}`)) return null; // told by another event, or newer than this page
  const at = time(event.at, timeZone);
  const { scheduleId, concertId, amount = 0 } = event.data;
  const key = [kind, at, event.by?.name, scheduleId ?? concertId].join();
  const same = COMING.has(event.type) && [...list.children].find(({ dataset }) => dataset.key === key);
  if (same) {
    const [n, sum] = [Number(same.dataset.n) + 1, Number(same.dataset.amount) + Math.abs(amount)];
    Object.assign(same.dataset, { n, amount: sum });
    tell(same.querySelector('.what'), sentenceOf(kind, { ...event, data: { ...event.data, amount: sum } }, n));
    return null;
  }
  const subject = el('span', { class: 'about' });
  list.prepend(el('li', { 'data-key': key, 'data-n': 1, 'data-amount': Math.abs(amount) },
    el('time', { datetime: event.at }, at), el('span', {}, el('span', { class: 'what' }, sentenceOf(kind, event, 1)), subject)));
  while (list.children.length > SHOWN_MOST) list.lastElementChild.remove();
  return subject;
}

function sentenceOf(kind, { data, by }, n) {
  const { seats = [], seat = '', amount = 0, reason, name = '' } = data;
  const text = say(`news.${kind}`, { n: COMING.has(kind.split('.')[0]) ? n : seats.length, seats: seatNames(seats.map((one) => ({ seat: one }))), seat: seat && seatName({ seat }), amount: points(Math.abs(amount)), name });
  const why = kind.startsWith('SEAT_') && reason ? ` (${reason})` : '';
  return by ? say('news.by', { who: by.name, text: text + why }) : text + why;
}
