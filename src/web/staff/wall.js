// The wall, for a projector: a hall that fills up as it is, three large numbers, charts by the second, and on servers
// for tests a rush with its audit in the end.

import './concerts_words.js';
import './evening_words.js';
import './wall_words.js';
import { pause } from '../shared/api.js';
import { el, fill, tell } from '../shared/dom.js';
import { dateTime, number } from '../shared/format.js';
import { say } from '../shared/language.js';
import { SeatMap } from '../shared/seat_map.js';
import { seatName } from '../shared/seat_name.js';
import { venue } from '../shared/venue.js';
import { DateSeats } from './date_seats.js';
import { read } from './session.js';
import { SecondCharts } from './wall_charts.js';
import { rushPanel } from './wall_rush.js';

const LOOK_MS = 1_000;
const METRICS_MS = 2_000;
const WAIT_SECONDS = 25;
const PAGE = 1_000;
/** So many events of before are read, for the charts. */
const BEFORE = 2_000;

export async function open({ main, rest: [which], signal }) {
  const { timeZone } = await venue({ fresh: true, signal });
  const wall = new Wall(timeZone, signal);
  await wall.choose(Number(which) || await wall.nearest());
  const panel = await rushPanel(signal);
  main.classList.add('wall');
  signal.addEventListener('abort', () => main.classList.remove('wall'));
  const full = el('button', { type: 'button', class: 'small no-print', on: { click: () => main.requestFullscreen?.() } }, say('wall.full'));
  fill(main,
    el('div', { class: 'bar apart' }, el('div', {}, wall.title, wall.when), full),
    el('dl', { class: 'tiles' }, wall.tiles()),
    el('div', { class: 'wall-grid' }, el('section', { class: 'card', 'aria-label': say('wall.hall') }, wall.hall), el('div', {}, wall.charts.node, panel)));
  wall.follow();
}

class Wall {
  constructor(timeZone, signal) {
    Object.assign(this, { timeZone, signal });
    this.title = el('h1', { tabindex: '-1' }, say('part.wall'));
    this.when = el('p', { class: 'soft' });
    this.hall = el('div', {}, el('p', { class: 'soft' }, say('wall.noDate')));
    this.charts = new SecondCharts();
    this.figures = Object.fromEntries(['waiting', 'sold', 'lost'].map((name) => [name, { big: el('dd', {}, '–'), small: el('dd', { class: 'beside' }) }]));
    this.won = 0;
    this.lostBefore = null;
  }

  tiles() {
    return Object.entries(this.figures).map(([name, { big, small }]) => el('div', { class: 'tile' }, el('dt', {}, say(`wall.${name}`)), big, small));
  }

  /** The date that was sold last, or else the next one to come. */
  async nearest() {
    const { lastSequence } = (await read('/staff/evening', { signal: this.signal })).body;
    const { events } = (await read(`/staff/events?after=${Math.max(0, lastSequence - PAGE)}&limit=${PAGE}`, { signal: this.signal })).body;
    const sold = events.map(dateOf).filter(Boolean).at(-1);
    if (sold) return sold;
    const { concerts } = (await read('/staff/concerts', { signal: this.signal })).body;
    return concerts.map(({ next }) => next).filter(Boolean).sort((a, b) => Date.parse(a.startsAt) - Date.parse(b.startsAt))[0]?.scheduleId;
  }

  /** Shows this date from now on. */
  async choose(scheduleId) {
    if (!scheduleId || scheduleId === this.scheduleId) return;
    const { body } = await read(`/staff/schedules/${scheduleId}/sales`, { signal: this.signal });
    Object.assign(this, { scheduleId, map: null, seats: new DateSeats(scheduleId, this.signal), won: 0 });
    tell(this.title, body.concertTitle);
    tell(this.when, dateTime(body.startsAt, this.timeZone));
    await this.lookAtHall();
  }

  async lookAtHall() {
    const { scheduleId, seats: known } = this;
    if (!scheduleId) return;
    await known.look();
    const { seats, front, shapes } = known.now;
    if (scheduleId !== this.scheduleId || seats === this.map?.seats) return;
    if (this.map) this.map.update(seats, { front, shapes });
    else {
      this.map = new SeatMap(seats, {
        drawing: { front, shapes }, isChosen: () => false, toggle: () => {}, taken: () => {}, can: () => false,
        nameOf: (seat, state) => `${seatName(seat)}, ${say(`block.is.${state}`)}`,
      });
      fill(this.hall, this.map.node);
      this.map.view.all();
    }
    const of = (state) => seats.filter(({ status }) => status === state).length;
    const { big, small } = this.figures.sold;
    tell(big, `${number(of('SOLD'))} / ${number(seats.length - of('BLOCKED'))}`);
    tell(small, say('wall.held', { n: of('HELD') }));
  }

  async lookAtLine() {
    const { waiting, active, admittedLastMinute } = (await read('/staff/queue', { signal: this.signal })).body;
    this.charts.waits(waiting);
    const { big, small } = this.figures.waiting;
    tell(big, number(waiting));
    tell(small, say('wall.inside', { n: active, admitted: admittedLastMinute }));
  }

  /** Who wanted a seat that another had just got: the server counts its refusals. */
  async lookAtRaces() {
    const answer = await fetch('/metrics', { cache: 'no-store', signal: this.signal });
    const found = answer.ok && /^boxoffice_http_refusals_total\{code="SEAT_UNAVAILABLE"\} (\d+)/m.exec(await answer.text());
    if (!found) return;
    this.lostBefore ??= Number(found[1]);
    const { big, small } = this.figures.lost;
    tell(big, number(Number(found[1]) - this.lostBefore));
    tell(small, say('wall.won', { n: this.won }));
  }

  async followFeed() {
    const { lastSequence } = (await read('/staff/evening', { signal: this.signal })).body;
    let after = Math.max(0, lastSequence - BEFORE);
    for (;;) {
      const { events } = (await read(`/staff/events?after=${after}&limit=${PAGE}`, { signal: this.signal, waitSeconds: WAIT_SECONDS })).body;
      if (!events.length) continue;
      after = events.at(-1).sequence;
      this.charts.heard(events);
      // A rush has a date of its own: the wall follows where seats are taken.
      const now = after > lastSequence && events.map(dateOf).filter(Boolean).at(-1);
      if (now) await this.choose(now);
      if (after > lastSequence) this.won += events.filter(({ type, data }) => type === 'SEATS_HELD' && data.scheduleId === this.scheduleId).length;
    }
  }

  follow() {
    const again = async (look, ms) => {
      for (;;) {
        if (!document.hidden) await look.call(this);
        await pause(ms, this.signal);
      }
    };
    const all = [again(this.lookAtHall, LOOK_MS), again(this.lookAtLine, LOOK_MS), again(this.lookAtRaces, METRICS_MS), this.followFeed()];
    for (const going of all) going.catch((error) => { if (!this.signal.aborted) throw error; });
  }
}

/** The date of which seats were taken by this event. */
const dateOf = ({ type, data }) => (type === 'SEATS_HELD' || type === 'SEATS_SOLD' ? data.scheduleId : undefined);
