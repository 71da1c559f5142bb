// A concert, open to all: what it is, every date with its price and what is left, and when a sale opens. Whoever wants
// to book chooses a date, and only then stands in the line.

import { el, fill } from '../shared/dom.js';
import { date, time } from '../shared/format.js';
import { say } from '../shared/language.js';
import { ask } from '../shared/notice.js';
import { rulesFor, secondsUntil, serverNow, venue } from '../shared/venue.js';
import { findConcert, isAlive, priceFrom, readDates, stateOf, stateTag, whenOf } from './dates.js';
import { token } from './me.js';
import { busyButton, countDown, page } from './parts.js';
import { toPending } from './pending.js';
import { leave, look, standFor, visit, watch } from './visit.js';

const REFRESH_MS = 10_000;
/** Less than this before a sale opens the seconds are counted; before that the day is said. */
const COUNTED_SECONDS = 3_600;

export async function show({ main, params: [concertId], signal }) {
  const [concert, first, all] = await Promise.all([findConcert(concertId, signal), readDates(concertId, signal), venue({ fresh: true, signal })]);
  standFor(Number(concertId), all);
  const rules = rulesFor(all, Number(concertId));
  const inside = token() ? await look({ signal }).then(({ status }) => status === 'ACTIVE', () => false) : false;
  if (inside) watch();
  const list = el('div', {});
  page(main, concert.title, inside && await toPending(signal),
    concert.venue && el('p', { class: 'soft' }, concert.venue), concert.description && el('p', { class: 'told' }, concert.description),
    el('h2', {}, say('dates.choose')), list,
    inside && el('p', { class: 'bar apart soft small done' }, say('visit.endHint'), busyButton(say('visit.end'), askToLeave, 'quiet')));
  const refresh = async () => {
    if (document.hidden || list.contains(document.activeElement)) return; // not under the finger of a reader
    draw(await readDates(concertId, signal));
  };
  let counting = new AbortController();
  const draw = (schedules) => {
    counting.abort();
    counting = new AbortController();
    signal.addEventListener('abort', () => counting.abort(), { once: true, signal: counting.signal });
    const one = (schedule) => row(schedule, rules, counting.signal, () => refresh().catch(() => {}));
    const [alive, dead] = [schedules.filter(isAlive), schedules.filter((schedule) => !isAlive(schedule))];
    fill(list, !schedules.length && el('p', { class: 'soft' }, say('dates.none')), el('div', { class: 'rows' }, alive.map(one), dead.map(one)));
  };
  draw(first);
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

function row(schedule, rules, signal, refresh) {
  const { concertId, scheduleId, startsAt, seatsAvailable, saleOpensAt } = schedule;
  const { timeZone } = rules;
  const state = stateOf(schedule);
  const link = (label, kind) => el('a', { class: `button ${kind}`, href: `#/concerts/${concertId}/dates/${scheduleId}` },
    say(label), el('span', { class: 'unseen' }, ` ${whenOf(schedule, timeZone)}`));
  const drawAhead = rules.opensAt && Date.parse(rules.opensAt) > serverNow();
  return el('article', { class: `card date ${isAlive(schedule) ? '' : 'dead'}` },
    el('div', {},
      el('h3', {}, date(schedule.date), ' ', el('span', { class: 'time' }, time(startsAt, timeZone)), ' ', state !== 'on' && stateTag(schedule, timeZone)),
      isAlive(schedule) && el('p', { class: 'small soft figures' }, [priceFrom(schedule.priceFrom), state === 'on' && say('dates.left', { n: seatsAvailable })].filter(Boolean).join(' · ')),
      state === 'soon' && opening(saleOpensAt, signal, refresh)),
    state === 'on' && link(visit.seen?.status === 'ACTIVE' ? 'dates.seats' : 'dates.book', 'main'),
    // Where the order is drawn one has to be there before; else nobody waits for a sale that is days away.
    state === 'soon' && drawAhead && link('dates.early', ''));
}

/** A sale that is not open yet opens by itself; the seconds are counted when it is near. */
function opening(saleOpensAt, signal, refresh) {
  if (secondsUntil(saleOpensAt) > COUNTED_SECONDS) return null;
  const left = el('strong', { class: 'figures' });
  countDown(left, () => secondsUntil(saleOpensAt), signal, refresh);
  return el('p', { class: 'small' }, say('dates.opensIn'), ' ', left);
}
