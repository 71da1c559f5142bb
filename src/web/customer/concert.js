// A concert, open to all: what it is, every date with its price and what is left, and when a sale opens. Whoever wants
// to book chooses a date, and only then stands in the line.

import './concert_words.js';
import { el, fill } from '../shared/dom.js';
import { date, dateTime, points, time } from '../shared/format.js';
import { inOwn, say } from '../shared/language.js';
import { ask, toast } from '../shared/notice.js';
import { rulesFor, secondsUntil, serverNow, venue } from '../shared/venue.js';
import { findConcert, isAlive, picture, priceFrom, readDates, stateOf, stateTag, whenOf } from './dates.js';
import { token, visit } from './me.js';
import { button, busyButton, countDown, page } from './parts.js';
import { toPending } from './pending.js';
import { isBanned, leave, look, standFor, watch } from './visit.js';

const REFRESH_MS = 10_000;
/** Less than this before a sale opens the seconds are counted; before that the day is said. */
const COUNTED_SECONDS = 3_600;
/** Kinds of seats beside a date; the map has all of them. */
const KINDS_SHOWN = 6;

export async function show({ main, params: [concertId], signal }) {
  const [concert, first, all, banned] = await Promise.all([findConcert(concertId, signal), readDates(concertId, signal), venue({ fresh: true, signal }), isBanned(signal)]);
  standFor(Number(concertId), all);
  const rules = { ...rulesFor(all, Number(concertId)), banned };
  const inside = token() ? await look({ signal }).then(({ status }) => status === 'ACTIVE', () => false) : false;
  if (inside) watch();
  const list = el('div', {});
  const { poster, description } = concert;
  page(main, concert.title, inside && await toPending(signal),
    el('div', { class: poster ? 'about' : '' }, poster && picture(poster, { class: 'poster', loading: false, alt: say('about.posterOf', { title: concert.title }) }),
      el('div', {}, facts(concert, rules), description && el('p', { class: 'told' }, description), el('p', {}, shareButton(concert)))),
    banned ? el('p', { class: 'note warn' }, say('refusal.USER_BANNED')) : drawNote(rules, signal),
    el('h2', {}, say('dates.choose')), list,
    inOwn(rules.refundRule) && el('details', {}, el('summary', {}, say('about.refundRule')), el('p', { class: 'told' }, inOwn(rules.refundRule))),
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

/** Where, how long and from which age on. */
function facts({ venue: place, runningMinutes, ageFrom, mapUrl }, rules) {
  const map = mapUrl ?? rules.mapUrl;
  const rows = [
    [place && 'about.place', place],
    [runningMinutes && 'about.running', say('about.minutes', { n: runningMinutes ?? 0 })],
    [ageFrom !== null && 'about.age', ageFrom ? say('about.ageFrom', { n: ageFrom }) : say('about.allAges')],
  ].filter(([key]) => key);
  return [
    rows.length > 0 && el('dl', { class: 'facts plainly' }, rows.map(([key, text]) => [el('dt', {}, say(key)), el('dd', {}, text)])),
    map && el('p', {}, el('a', { href: map, target: '_blank', rel: 'noopener' }, say('about.map'))),
  ];
}

/** Sends the link to somebody, or puts it where it can be pasted. */
function shareButton({ title }) {
  const share = async () => {
    const url = location.href;
    try {
      if (navigator.share) return await navigator.share({ title, url });
      await navigator.clipboard.writeText(url);
      toast(say('about.copied'));
    } catch (error) {
      if (error.name !== 'AbortError') toast(say('about.link', { url }));
    }
    return undefined;
  };
  return button(say('about.share'), share, 'small');
}

/** What decides the order while a draw is ahead, and how long that is. */
function drawNote({ opensAt, timeZone }, signal) {
  if (!opensAt || Date.parse(opensAt) <= serverNow()) return null;
  const left = el('strong', { class: 'figures' });
  const isNear = secondsUntil(opensAt) <= COUNTED_SECONDS;
  if (isNear) countDown(left, () => secondsUntil(opensAt), signal);
  return el('div', { class: 'note' }, el('p', {}, say('gate.draw', { when: dateTime(opensAt, timeZone) })), isNear && el('p', {}, say('draw.left'), ' ', left));
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
      state === 'on' && left(schedule.kinds),
      state === 'soon' && opening(saleOpensAt, signal, refresh),
      isAlive(schedule) && el('p', { class: 'small' }, el('a', { href: `/c/${concertId}/${scheduleId}.ics`, 'aria-label': say('about.calendarOf', { when: whenOf(schedule, timeZone) }) }, say('about.calendar')))),
    state === 'on' && !rules.banned && link(visit.seen?.status === 'ACTIVE' ? 'dates.seats' : 'dates.book', 'main'),
    // Where the order is drawn one has to be there before; else nobody waits for a sale that is days away.
    state === 'soon' && drawAhead && !rules.banned && link('dates.early', ''));
}

/** What is left of each kind of seat, where there are several. */
function left(kinds) {
  if (kinds.length < 2) return null;
  return el('ul', { class: 'kinds small soft figures' }, kinds.slice(0, KINDS_SHOWN).map(({ name, price, seatsAvailable: n }) =>
    el('li', { class: n ? '' : 'none' }, say(name ? 'about.kind' : 'about.price', { name, price: points(price), left: say(n ? 'dates.left' : 'dates.soldOut', { n }) }))));
}

/** A sale that is not open yet opens by itself; the seconds are counted when it is near. */
function opening(saleOpensAt, signal, refresh) {
  if (secondsUntil(saleOpensAt) > COUNTED_SECONDS) return null;
  const left = el('strong', { class: 'figures' });
  countDown(left, () => secondsUntil(saleOpensAt), signal, refresh);
  return el('p', { class: 'small' }, say('dates.opensIn'), ' ', left);
}
