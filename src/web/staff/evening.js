// The evening as it runs: how the line and the sales stand, the last hour, the news, and the levers.

import './concerts_words.js';
import './evening_words.js';
import { pause } from '../shared/api.js';
import { el, fill, tell } from '../shared/dom.js';
import { dateTime, number, points } from '../shared/format.js';
import { say } from '../shared/language.js';
import { serverNow, venue } from '../shared/venue.js';
import { hourChart } from './evening_chart.js';
import { firstSteps } from './evening_first.js';
import { follow } from './evening_news.js';
import { levers } from './evening_levers.js';
import { FIGURES, linesCard } from './evening_lines.js';
import { people } from './evening_people.js';
import { team } from './evening_team.js';
import { read } from './session.js';

/** However much happens, the figures are read so seldom; */
const LOOK_MS = 2_000;
/** and so often where nothing does: waits and the hour move on by themselves. */
const STILL_MS = 15_000;
const DATES_MOST = 8;

export async function open({ main, signal }) {
  const { timeZone } = await venue({ fresh: true, signal });
  const chart = hourChart(timeZone);
  const list = () => el('ol', { class: 'news', 'data-none': say('news.none') });
  const news = { rest: list(), coming: list() };
  const state = el('p', { class: 'note', role: 'status' });
  const figures = Object.keys(FIGURES).map((name) => ({ name, node: el('dd', {}, '–') }));
  const dates = el('div', { class: 'wide-table', role: 'region', 'aria-label': say('evening.dates'), tabindex: '0' });
  const lines = linesCard(timeZone, () => look());
  const steering = el('div', {});
  let lever;

  async function look() {
    const line = lines.show((await read('/staff/lines', { signal })).body.lines, sales.concerts);
    for (const { name, node } of figures) tell(node, FIGURES[name](line));
    showState(state, line, timeZone);
    const which = line.closed ? 'closed' : line.concertId;
    if (!lever || lever.which !== which) {
      lever = { which, ...levers(line.concertId, timeZone, () => look()) };
      fill(steering, line.closed ? el('p', { class: 'note' }, say('lines.closedNote')) : [lever.node, people(line.concertId, () => look())]);
    }
    lever.show(line);
  }

  const [{ concerts }, hour, first, keys] = await Promise.all([
    read('/staff/concerts', { signal }).then(({ body }) => body), read('/staff/evening', { signal }).then(({ body }) => body), firstSteps(signal), team(signal),
  ]);
  const sales = new Sales(concerts, dates, timeZone, first, signal);
  await Promise.all([look(), sales.find()]);
  chart.show(hour.minutes);
  fill(main, el('div', { class: 'bar apart' }, el('h1', { tabindex: '-1' }, say('part.evening')), el('a', { class: 'button small', href: '#wall' }, say('part.wall'))), first.node, lines.node, state,
    el('dl', { class: 'tiles' }, figures.map(({ name, node }) => el('div', { class: 'tile' }, el('dt', {}, say(`evening.${name}`)), node))),
    el('div', { class: 'evening' },
      el('div', {}, el('section', { class: 'card' }, el('h2', {}, say('evening.dates')), dates), chart.node,
        el('section', { class: 'card' }, el('h2', {}, say('news.title')), news.rest),
        el('section', { class: 'card' }, el('h2', {}, say('news.coming')), news.coming)),
      el('div', {}, steering, keys)));

  const lookAtAll = () => Promise.all([look(), sales.look(), read('/staff/evening', { signal }).then(({ body }) => chart.show(body.minutes))]);
  const events = new EventTarget();
  const heard = (page) => {
    sales.heard(page);
    events.dispatchEvent(new Event('heard'));
  };
  for (const going of [onNews(lookAtAll, events, signal), follow(news, hour.lastSequence, timeZone, heard, signal)]) {
    going.catch((error) => { if (!signal.aborted) throw error; });
  }
}

/** Looks when something was heard, while the page is looked at. */
async function onNews(look, events, signal) {
  let isNews = false;
  events.addEventListener('heard', () => { isNews = true; }, { signal });
  for (;;) {
    await pause(LOOK_MS, signal);
    if (!isNews) await firstOf(events, 'heard', STILL_MS - LOOK_MS, signal);
    if (document.hidden) await firstOf(document, 'visibilitychange', Infinity, signal);
    isNews = false;
    await look();
  }
}

/** Waits for an event, at most so long. */
function firstOf(target, name, ms, signal) {
  return new Promise((resolve) => {
    const timer = ms < Infinity && setTimeout(resolve, ms);
    target.addEventListener(name, () => { clearTimeout(timer); resolve(); }, { once: true, signal });
  });
}

function showState(node, { paused, opensAt, waiting, message }, timeZone) {
  const drawAhead = opensAt && Date.parse(opensAt) > serverNow();
  const text = paused ? say('evening.isPaused', { n: waiting }) : drawAhead ? say('evening.opens', { n: waiting, when: dateTime(opensAt, timeZone) }) : say('evening.isOpen');
  node.className = `note ${paused ? 'warn' : drawAhead ? '' : 'good'}`;
  tell(node, message ? `${text} ${say(message.ko === message.en ? 'evening.saysOne' : 'evening.says', { ko: message.ko, en: message.en, text: message.ko })}` : text);
}

/** What is sold of the dates to come: asked again only of those that something happened to. */
class Sales {
  constructor(concerts, place, timeZone, first, signal) {
    Object.assign(this, { concerts, place, timeZone, first, signal, touched: new Set(), known: new Map() });
  }

  /** The next dates of all concerts; a concert or date that changed may be among them. */
  async find() {
    const lists = await Promise.all(this.concerts.filter(({ schedules }) => schedules).map(({ concertId }) => read(`/staff/concerts/${concertId}/schedules`, { signal: this.signal })));
    const ahead = lists.flatMap(({ body }) => body.schedules).filter(({ startsAt }) => Date.parse(startsAt) > serverNow() - 6 * 3_600_000);
    this.dates = ahead.sort((one, other) => Date.parse(one.startsAt) - Date.parse(other.startsAt)).slice(0, DATES_MOST);
    this.known.clear();
    for (const { scheduleId } of this.dates) this.touched.add(scheduleId);
    await this.look();
  }

  isCancelled({ scheduleId }) {
    return Boolean(this.dates.find((date) => date.scheduleId === scheduleId)?.cancelledAt);
  }

  heard(events) {
    if (events.some(({ type }) => ['CONCERT_CHANGED', 'SCHEDULE_CHANGED', 'CONCERT_DELETED', 'SCHEDULE_DELETED'].includes(type))) this.changed = true;
    for (const { type, data } of events) {
      if (data.scheduleId) this.touched.add(data.scheduleId);
      else if (/^(SEATS|RESERVATION|PAYMENT)/.test(type)) for (const { scheduleId } of this.dates) this.touched.add(scheduleId);
    }
  }

  async look() {
    if (this.changed) {
      this.changed = false;
      this.concerts = (await read('/staff/concerts', { signal: this.signal })).body.concerts;
      return this.find();
    }
    const asked = this.dates.filter(({ scheduleId }) => this.touched.has(scheduleId));
    if (!asked.length && this.known.size) return undefined;
    this.touched.clear();
    for (const { body } of await Promise.all(asked.map(({ scheduleId }) => read(`/staff/schedules/${scheduleId}/sales`, { signal: this.signal })))) this.known.set(body.scheduleId, body);
    this.draw();
    return undefined;
  }

  draw() {
    this.first.show(this.concerts, [...this.known.values()]);
    if (!this.dates.length) return void fill(this.place, el('p', { class: 'soft' }, say('evening.noDates')));
    fill(this.place, el('table', {}, el('thead', {}, el('tr', {}, el('th', { scope: 'col' }, say('evening.date')),
      ['sold', 'held', 'free', 'revenue'].map((name) => el('th', { scope: 'col', class: 'number' }, say(`evening.${name}`))))),
    el('tbody', {}, this.dates.map(({ scheduleId }) => this.known.get(scheduleId)).filter(Boolean).map((one) => el('tr', {},
      el('th', { scope: 'row' }, el('a', { href: `#dates/${one.scheduleId}` }, one.concertTitle), ' ', this.isCancelled(one) && el('span', { class: 'tag bad' }, say('sale.cancelled')),
        el('br'), el('span', { class: 'soft' }, dateTime(one.startsAt, this.timeZone))),
      ['sold', 'held', 'free'].map((name) => el('td', { class: 'number' }, this.isCancelled(one) ? '–' : number(one[name]))), el('td', { class: 'number' }, points(one.revenue)))))));
  }
}
