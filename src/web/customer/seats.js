// Choosing seats: the map with its legend, "best seats for N", what is chosen, and the hold.

import { Refused, newKey, passes, patiently } from '../shared/api.js';
import { el, fill } from '../shared/dom.js';
import { date, points } from '../shared/format.js';
import { say } from '../shared/language.js';
import { announce, toast } from '../shared/notice.js';
import { inTab } from '../shared/store.js';
import { venue } from '../shared/venue.js';
import { findConcert } from './dates.js';
import { enter } from './gate.js';
import { asVisitor } from './me.js';
import { busyButton, page, sentence } from './parts.js';
import { toPending } from './pending.js';
import { SeatMap } from '../shared/seat_map.js';
import { sample } from '../shared/seat_marks.js';
import { leave, look } from './visit.js';

/** Seats that others take are seen within two seconds. */
const LOOK_MS = 1_000;

export const needsVisit = true;

export async function show({ main, params: [concertId, scheduleId], signal }) {
  await enter(main, signal);
  const [rules, concert, pending] = await Promise.all([venue({ signal }), findConcert(concertId, signal), toPending(signal)]);
  const hall = new Hall({ scheduleId: Number(scheduleId), rules, signal });
  await hall.look();
  inTab.set('boxoffice.map', location.hash);
  page(main, concert?.title ?? say('seats.title'), pending,
    el('p', { class: 'soft bar apart' }, date(hall.date), el('a', { href: `#/concerts/${concertId}` }, say('seats.otherDate'))),
    hall.notes, el('div', { class: 'hall' }, hall.map.node, hall.tray, hall.legend(), hall.best()));
  main.classList.remove('narrow');
  hall.map.view.all();
  hall.follow();
  hall.tellTrayHeight();
}

class Hall {
  constructor({ scheduleId, rules, signal }) {
    Object.assign(this, { scheduleId, rules, signal });
    this.kept = `boxoffice.chosen.${scheduleId}`;
    this.chosen = new Set(inTab.json(this.kept) ?? []);
    this.notes = el('div', { role: 'alert' });
    this.tray = el('section', { class: 'card tray', 'aria-label': say('tray.label') });
  }

  /** Reads the map; a map that is known already comes as an answer without a body. */
  async look() {
    const answer = await patiently('GET', `/schedules/${this.scheduleId}/seats`, {
      authorization: asVisitor(), etag: this.etag, signal: this.signal,
    });
    if (answer.status === 304) return;
    this.etag = answer.etag;
    this.date = answer.body.date;
    this.take(answer.body.seats);
  }

  take(seats) {
    const lost = seats.filter(({ seat, status }) => this.chosen.has(seat) && status !== 'AVAILABLE');
    for (const { seat } of lost) this.chosen.delete(seat);
    this.seats = seats;
    if (this.map) {
      this.map.update(seats);
      const others = lost.filter(({ mine }) => !mine).map(({ seat }) => seat);
      if (others.length) toast(say('seats.lost', { seats: others.join(', ') }));
    } else {
      this.map = new SeatMap(seats, {
        isChosen: (seat) => this.chosen.has(seat), toggle: (seat) => this.toggle(seat),
        taken: (seat, state) => toast(say('map.taken', { seat: seat.seat, state: say(`seat.${state}`) })),
      });
    }
    this.drawTray();
  }

  /** Looks again and again while the page is looked at. */
  follow() {
    let busy = false;
    const again = async () => {
      if (busy || document.hidden) return;
      busy = true;
      try {
        await this.look();
      } catch (error) {
        if (!this.signal.aborted) this.trouble(error);
      }
      busy = false;
    };
    const timer = setInterval(again, LOOK_MS);
    document.addEventListener('visibilitychange', again, { signal: this.signal });
    this.signal.addEventListener('abort', () => clearInterval(timer));
  }

  /** Notices stand above the tray where it is fixed below the page. */
  tellTrayHeight() {
    const root = document.documentElement.style;
    const observer = new ResizeObserver(() => root.setProperty('--tray-height', this.chosen.size ? `${this.tray.offsetHeight}px` : '0px'));
    observer.observe(this.tray);
    this.signal.addEventListener('abort', () => { observer.disconnect(); root.removeProperty('--tray-height'); });
  }

  /** A no that ends the visit is told by the visit itself. */
  trouble(error) {
    if (error instanceof Refused && /^TOKEN_/.test(error.code)) {
      look({ signal: this.signal }).then(() => window.dispatchEvent(new Event('hashchange')), () => {});
    }
    else if (!passes(error)) fill(this.notes, el('p', { class: 'note bad' }, sentence(error, this.rules.timeZone)));
  }

  /** How many more this customer may take. */
  room() {
    const mine = this.seats.filter((seat) => seat.mine).length;
    return Math.max(0, this.rules.seatsPerUser - mine);
  }

  toggle({ seat, price }) {
    if (this.chosen.delete(seat)) announce(say('tray.removed', { seat }));
    else if (this.chosen.size >= this.room()) return toast(say('refusal.SEAT_LIMIT', { seatsPerUser: this.rules.seatsPerUser }));
    else {
      this.chosen.add(seat);
      announce(say('tray.added', { seat, price: points(price) }));
    }
    this.drawTray();
  }

  drawTray() {
    inTab.setJson(this.kept, [...this.chosen]);
    const chosen = this.seats.filter(({ seat }) => this.chosen.has(seat));
    const sum = chosen.reduce((total, { price }) => total + price, 0);
    const drop = ({ seat, price }) => {
      const remove = () => {
        this.toggle({ seat, price });
        this.map.refreshSeat(seat);
        this.tray.querySelector('button')?.focus();
      };
      return el('li', {}, el('span', {}, say('seat.name', { seat })), el('span', { class: 'figures' }, points(price)),
        el('button', { type: 'button', class: 'small quiet', 'aria-label': say('tray.remove', { seat }), on: { click: remove } }, '✕'));
    };
    this.tray.classList.toggle('some', chosen.length > 0);
    fill(this.tray,
      el('h2', {}, say('tray.title')),
      chosen.length ? el('ul', { class: 'chosen' }, chosen.map(drop))
        : el('p', { class: 'soft' }, say('tray.empty', { n: this.room() })),
      chosen.length > 0 && el('p', { class: 'bar apart sum' }, el('span', {}, say('pay.sum')), el('strong', { class: 'figures' }, points(sum))),
      chosen.length > 0 && busyButton(say('tray.hold', { n: chosen.length }), () => this.hold({ seats: chosen.map(({ seat }) => seat) }), 'main wide'),
      chosen.length > 0 && el('p', { class: 'small soft below' }, say('tray.holdHint', { n: Math.floor(this.rules.holdSeconds / 60) || 1 })));
  }

  /** "Best seats for N", in a section or anywhere. */
  best() {
    const most = Math.max(1, this.room());
    const count = el('select', { id: 'count' }, Array.from({ length: most }, (_, i) =>
      el('option', { value: i + 1, selected: i + 1 === Math.min(2, most) }, say('best.count', { n: i + 1 }))));
    const names = [...new Set(this.seats.map(({ section }) => section).filter(Boolean))];
    const section = names.length > 1 && el('select', { id: 'section' }, el('option', { value: '' }, say('best.anywhere')),
      names.map((name) => el('option', { value: name }, name)));
    const go = busyButton(say('best.go'), () => this.hold({
      bestAvailable: { count: Number(count.value), ...(section?.value ? { section: section.value } : {}) },
    }), 'wide');
    return el('section', { class: 'card best' }, el('h2', {}, say('best.title')),
      el('p', { class: 'soft small' }, say('best.hint')),
      el('div', { class: 'pair' },
        el('div', { class: 'field' }, el('label', { for: 'count' }, say('best.seats')), count),
        section && el('div', { class: 'field' }, el('label', { for: 'section' }, say('best.section')), section)),
      go);
  }

  legend() {
    const row = (nth, state, text) => el('li', {}, sample(nth, state), text);
    const states = ['chosen', 'mine', 'held', 'sold', 'blocked'];
    const there = (state) => state === 'chosen' || state === 'sold' || state === 'held'
      || this.seats.some(({ status, mine }) => (state === 'mine' ? mine : status.toLowerCase() === state));
    return el('section', { class: 'legend', 'aria-label': say('legend.label') },
      el('ul', {}, this.map.prices.map((price, nth) => row(nth, 'free', points(price))), states.filter(there).map((state) =>
        row(0, state, say(`seat.${state}`)))),
      el('p', { class: 'small soft by-keyboard' }, say('map.hint')));
  }

  async hold(wanted) {
    fill(this.notes);
    try {
      const { body } = await patiently('POST', '/reservations', {
        body: { scheduleId: this.scheduleId, ...wanted }, authorization: asVisitor(), key: newKey(), signal: this.signal,
      });
      inTab.drop(this.kept);
      this.chosen.clear();
      location.hash = `#/pay/${body.reservationId}`;
    } catch (error) {
      if (this.signal.aborted) return;
      if (!(error instanceof Refused)) throw error;
      await this.refused(error);
    }
  }

  /** Says why there is no hold, and shows the map as it is now. */
  async refused(error) {
    const { code, problem } = error;
    fill(this.notes, el('div', { class: 'note bad bar apart' }, el('span', {}, sentence(error, this.rules.timeZone)),
      code === 'RESERVATION_PENDING' && el('a', { class: 'button small', href: `#/pay/${problem.reservationId}` }, say('pending.pay')),
      code === 'VISIT_OVER' && busyButton(say('visit.end'), leave, 'small')));
    this.notes.scrollIntoView({ block: 'nearest' });
    if (/^TOKEN_/.test(code)) return this.trouble(error);
    for (const seat of problem.seats ?? []) this.chosen.delete(seat);
    try {
      await this.look();
    } catch (again) {
      if (!this.signal.aborted) this.trouble(again);
    }
    this.drawTray();
  }
}
