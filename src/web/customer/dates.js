// The dates of a concert: which can be booked, from when on, for how much.

import { patiently } from '../shared/api.js';
import { el, fill } from '../shared/dom.js';
import { date, number, points, time } from '../shared/format.js';
import { say } from '../shared/language.js';
import { ask } from '../shared/notice.js';
import { secondsUntil, serverNow, venue } from '../shared/venue.js';
import { enter } from './gate.js';
import { asVisitor } from './me.js';
import { busyButton, countDown, page } from './parts.js';
import { toPending } from './pending.js';
import { leave } from './visit.js';

const REFRESH_MS = 10_000;

export const needsVisit = true;

export async function show({ main, params: [concertId], signal }) {
  await enter(main, signal);
  const { timeZone } = await venue({ signal });
  const authorization = asVisitor();
  const read = () => patiently('GET', `/concerts/${concertId}/schedules?all=true`, { authorization, signal });
  const [concert, answer, pending] = await Promise.all([findConcert(concertId, signal), read(), toPending(signal)]);
  const list = el('div', { class: 'rows' });
  page(main, concert?.title ?? say('dates.title'), pending,
    concert?.venue && el('p', { class: 'soft' }, concert.venue), el('h2', {}, say('dates.choose')), list,
    el('p', { class: 'bar apart soft small done' }, say('visit.endHint'), busyButton(say('visit.end'), askToLeave, 'quiet')));
  const draw = ({ body }) => fill(list, body.schedules.length
    ? body.schedules.map((schedule) => row(schedule, timeZone, signal, refresh)) : el('p', { class: 'soft' }, say('dates.none')));
  const refresh = async () => {
    if (document.hidden || list.contains(document.activeElement)) return; // not under the finger of a reader
    draw(await read());
  };
  draw(answer);
  const timer = setInterval(() => refresh().catch(() => {}), REFRESH_MS);
  signal.addEventListener('abort', () => clearInterval(timer));
}

/** Ends the visit on the customer's own word. */
async function askToLeave() {
  const yes = await ask({
    title: say('visit.endTitle'), body: say('visit.endText'),
    choices: [{ label: say('visit.stay'), value: false, kind: 'main' }, { label: say('visit.end'), value: true, kind: 'danger' }],
  });
  if (yes) await leave();
}

/** A concert by its number; undefined when there is none. */
export async function findConcert(concertId, signal) {
  const { body } = await patiently('GET', '/concerts', { signal });
  return body.concerts.find((concert) => concert.concertId === Number(concertId));
}

function row(schedule, timeZone, signal, refresh) {
  const { concertId, scheduleId, startsAt, seatsAvailable, seatsTotal, priceFrom, saleOpensAt, saleClosesAt } = schedule;
  const when = `${date(schedule.date)} ${time(startsAt, timeZone)}`;
  const now = serverNow();
  let end;
  if (schedule.cancelled || schedule.cancelledAt) end = el('span', { class: 'tag bad' }, say('dates.cancelled'));
  else if (now < Date.parse(saleOpensAt)) end = opening(saleOpensAt, signal, refresh);
  else if (now >= Date.parse(saleClosesAt)) end = el('span', { class: 'tag' }, say('dates.closed'));
  else if (!seatsAvailable) end = el('span', { class: 'tag bad' }, say('dates.soldOut'));
  else {
    end = el('a', { class: 'button main', href: `#/concerts/${concertId}/dates/${scheduleId}` },
      say('dates.seats'), el('span', { class: 'unseen' }, ` ${when}`));
  }
  return el('article', { class: 'card date' },
    el('div', {},
      el('h3', {}, date(schedule.date)),
      el('p', { class: 'soft' }, say('dates.at', { time: time(startsAt, timeZone) }), priceFrom !== null && ` · ${say('dates.from', { price: points(priceFrom) })}`),
      el('p', { class: 'small soft figures' }, say('dates.free', { n: seatsAvailable, total: number(seatsTotal) }))),
    end);
}

/** A sale that is not open yet: it says when, and opens by itself. */
function opening(saleOpensAt, signal, refresh) {
  const left = el('strong', { class: 'figures' });
  countDown(left, () => secondsUntil(saleOpensAt), signal, () => refresh().catch(() => {}));
  return el('span', { class: 'tag warn' }, say('dates.opens'), ' ', left);
}
