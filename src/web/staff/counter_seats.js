// Selling seats at the counter: a date, seats on its map or the best that are free, to whom and for what; or kept for
// somebody until a moment. From a seat that is taken to its holder.

import './concerts_words.js';
import './counter_seats_words.js';
import { pause } from '../shared/api.js';
import { el, fill } from '../shared/dom.js';
import { dateTime, won } from '../shared/format.js';
import { say } from '../shared/language.js';
import { ask, toast } from '../shared/notice.js';
import { SeatMap } from '../shared/seat_map.js';
import { seatName, seatNames } from '../shared/seat_name.js';
import { sample } from '../shared/seat_marks.js';
import { namesOf, priceAt, tariffLine, wishOf, withTariffs } from '../shared/tariffs.js';
import { serverNow } from '../shared/venue.js';
import { field, form, numberOf, tabs } from './forms.js';
import { DateSeats } from './date_seats.js';
import { act, read, sentence } from './session.js';
import { showHolder } from './seat_holder.js';
import { actOnce } from './unanswered.js';
import { localOf, momentOf } from './venue_time.js';

const LOOK_MS = 2_000;
/** Best seats that are looked at are kept so long. */
const BEST_KEPT_MS = 600_000;
/** From the start on seats are kept so long, for those who come late. */
const LATE_MS = 3_600_000;
const METHODS = ['CASH', 'CARD', 'FREE'];
const STATES = ['free', 'chosen', 'held', 'sold', 'blocked'];
const DAY_MS = 86_400_000;

export async function openSale(main, [scheduleId, userId], rules, signal) {
  const user = userId && (await read(`/staff/users/${encodeURIComponent(userId)}`, { signal })).body;
  if (!scheduleId || scheduleId === '-') return chooseDate(main, user, rules, signal);
  const { body: date } = await read(`/staff/schedules/${encodeURIComponent(scheduleId)}`, { signal });
  const { body: { concerts } } = await read('/staff/concerts', { signal });
  const title = concerts.find(({ concertId }) => concertId === date.concertId)?.title ?? '';
  return new Sale({ main, date, title, user, rules, signal }).open();
}

/** The dates of a concert that are not over, one concert after the other. */
async function chooseDate(main, user, { timeZone }, signal) {
  const { body: { concerts } } = await read('/staff/concerts', { signal });
  const rows = el('div', { class: 'rows' });
  const show = async (concertId) => {
    const { body: { schedules } } = await read(`/staff/concerts/${concertId}/schedules`, { signal });
    const open = schedules.filter(({ startsAt, cancelledAt }) => !cancelledAt && Date.parse(startsAt) > serverNow() - DAY_MS);
    fill(rows, !open.length && el('p', { class: 'note' }, say('seatSale.noDates')), open.map(({ scheduleId, startsAt, seatsAvailable }) =>
      el('article', { class: 'card line' },
        el('div', {}, el('h2', {}, dateTime(startsAt, timeZone)), el('p', { class: 'soft' }, say('seatSale.left', { n: seatsAvailable }))),
        el('a', { class: 'button main', href: `#counter/sell/${scheduleId}${user ? `/${user.userId}` : ''}`, 'aria-label': say('seatSale.chooseOne', { when: dateTime(startsAt, timeZone) }) }, say('seatSale.choose')))));
  };
  const concert = field('concertId', say('seatSale.concert'), { kind: 'select', on: { change: () => show(concert.input.value) } },
    [...concerts].reverse().map(({ concertId, title }) => el('option', { value: concertId }, title)));
  if (concerts.length) await show(concert.input.value);
  fill(main, back(user), el('h1', { tabindex: '-1' }, say('seatSale.title')),
    concerts.length ? el('section', { class: 'card' }, concert.node) : el('p', { class: 'note' }, say('seatSale.noConcerts')), rows);
}

const back = (user) => el('p', {}, el('a', { href: user ? `#counter/${user.userId}` : '#counter' }, `← ${user?.name ?? say('part.counter')}`));

const wordOf = (state) => say(state === 'chosen' ? 'seat.chosen' : `block.is.${state}`);

class Sale {
  constructor(given) {
    Object.assign(this, given, { chosen: new Set(), tariffAt: new Map(), held: null, method: 'CASH' });
    this.hall = new DateSeats(this.date.scheduleId, this.signal);
    this.place = el('div', { 'aria-busy': 'true' });
    this.tray = el('div', { role: 'status' });
    this.fault = el('div', { role: 'alert' });
    this.customer = field('name', say('seatSale.name'), { maxlength: 80, hint: say('seatSale.nameHint') });
    this.note = field('note', say('seatSale.note'), { maxlength: 200 });
  }

  async open() {
    const { main, date, title, user, rules } = this;
    fill(main, back(user), el('h1', { tabindex: '-1' }, title), el('p', { class: 'soft' }, dateTime(date.startsAt, rules.timeZone)),
      el('div', { class: 'gate' },
        el('section', { class: 'card' }, this.place, el('div', { class: 'legend' }, el('ul', {}, STATES.map((state) => el('li', {}, sample(0, state), wordOf(state)))))),
        el('section', { class: 'card', 'aria-label': say('seatSale.title') }, el('h2', {}, say('seatSale.what')), this.best(), this.tray, this.fault, this.payment(), this.keeping())));
    await this.look();
    this.map.view.all();
    this.follow().catch((error) => { if (!this.signal.aborted) throw error; });
  }

  async look() {
    await this.hall.look();
    if (this.hall.now.seats === this.seats) return;
    this.tariffs = this.hall.now.tariffs;
    this.offerTariffs();
    this.take(this.hall.now);
  }

  async follow() {
    for (;;) {
      await pause(LOOK_MS, this.signal, 'visible');
      if (!document.hidden) await this.look();
    }
  }

  take({ seats, front, shapes }) {
    this.seats = seats;
    const lost = seats.filter(({ seat, status }) => this.chosen.has(seat) && !['AVAILABLE', 'BLOCKED'].includes(status));
    for (const { seat } of lost) this.chosen.delete(seat);
    if (lost.length) toast(say('seatSale.lost', { seats: seatNames(lost) }));
    if (this.map) this.map.update(seats, { front, shapes });
    else {
      this.map = new SeatMap(seats, {
        drawing: { front, shapes }, isChosen: (seat) => this.chosen.has(seat), toggle: (seat) => this.toggle(seat), taken: (seat, state) => this.taken(seat, state),
        can: () => !this.date.cancelledAt,
        nameOf: (seat, state) => say('block.seat', { seat: seatName(seat), price: won(seat.price), state: wordOf(state) }),
      });
      fill(this.place, this.map.node);
      this.place.removeAttribute('aria-busy');
    }
    this.show();
  }

  toggle({ seat }) {
    if (this.held) return toast(say('seatSale.heldFirst'));
    if (!this.chosen.delete(seat)) this.chosen.add(seat);
    fill(this.fault);
    return this.show();
  }

  /** Whose it is, or why it is kept back. */
  async taken(seat, state) {
    if (state === 'blocked') {
      const give = await ask({
        title: seatName(seat), body: el('p', {}, seat.reason ? say('seatSale.blockedBecause', { reason: seat.reason }) : say('seatSale.blocked')),
        choices: [{ label: say('sure.back'), value: false }, { label: say('seatSale.give'), value: true, kind: 'main' }],
      });
      if (!give) return;
      this.toggle(seat);
      return void this.map.refreshSeat(seat.seat);
    }
    if (seat.holder) await showHolder(seat);
  }

  /** Of the seats that are to be sold: their names, and what they cost. */
  what() {
    if (this.held) return this.held.seats.map(({ seat, price }) => ({ ...this.seats.find((one) => one.seat === seat), price, choices: [] }));
    return this.seats.filter(({ seat }) => this.chosen.has(seat)).map((seat) => withTariffs(seat, this.tariffs, this.tariffAt.get(seat.seat)));
  }

  show() {
    if (!this.seats) return;
    const seats = this.what();
    const sum = this.method === 'FREE' ? 0 : seats.reduce((total, seat) => total + priceAt(seat), 0);
    this.sum = sum;
    const shown = JSON.stringify([seats, sum, this.held?.reservationId]);
    if (shown !== this.shown) this.drawTray(seats, sum); // drawn anew, a choice that somebody is making would close
    this.shown = shown;
    const button = this.pay?.querySelector('.bar button');
    if (button) button.textContent = this.method === 'FREE' ? say('seatSale.doFree') : say('seatSale.do', { price: won(sum) });
  }

  drawTray(seats, sum) {
    fill(this.tray, seats.length
      ? [el('p', {}, el('strong', {}, seatNames(seats))), seats.map((seat) => this.tariffOf(seat)), el('p', { class: 'big' }, won(sum)),
        this.held && el('p', { class: 'soft small' }, say('seatSale.heldUntil', { when: dateTime(this.held.holdExpiresAt, this.rules.timeZone) }))]
      : el('p', { class: 'soft' }, say('seatSale.nothing')),
    el('div', { class: 'bar' }, seats.length > 0 && el('button', { type: 'button', class: 'small', on: { click: () => this.clear() } }, say('seatSale.clear'))));
  }

  /** Where a date has tariffs: the one of a chosen seat. */
  tariffOf(seat) {
    return tariffLine(seat, won, { tariffAt: this.tariffAt, list: this.tray, show: () => this.show() });
  }

  async clear() {
    this.chosen.clear();
    const held = this.held;
    this.held = null;
    if (held) await this.tried(() => act('DELETE', `/staff/reservations/${held.reservationId}`));
    this.map.update(this.seats);
    await this.look();
    this.show();
  }

  /** Does something and says what is refused; the map is looked at anew then. */
  async tried(what) {
    fill(this.fault);
    try {
      return await what();
    } catch (error) {
      if (this.signal.aborted) return undefined;
      fill(this.fault, el('p', { class: 'note bad' }, sentence(error)));
      await this.look();
      return undefined;
    }
  }

  best() {
    const count = field('count', say('seatSale.best'), { type: 'number', min: 1, max: 1000, step: 1, required: true, value: 2, inputmode: 'numeric' });
    this.bestTariffs = [];
    this.bestPlace = el('div', {});
    const keep = async () => {
      const tariffs = namesOf(this.bestTariffs.map(([name, { input }]) => [name, input]));
      const wanted = { count: Math.max(numberOf(count), tariffs.length), ...(tariffs.length ? { tariffs } : {}) };
      if (this.held) await this.clear();
      this.chosen.clear();
      const until = new Date(serverNow() + BEST_KEPT_MS).toISOString();
      const answer = await this.tried(() => actOnce('counter.best', '/staff/reservations', { ...this.order(), bestAvailable: wanted, until }));
      this.held = answer?.body ?? null;
      await this.look();
      this.map.update(this.seats);
      this.show();
    };
    return el('details', {}, el('summary', {}, say('seatSale.bestTitle')), form([count, this.bestPlace], { label: say('seatSale.bestDo'), kind: '', send: keep }));
  }

  /** How many of the best seats are to have each of the tariffs that the date has. */
  offerTariffs() {
    const names = (this.tariffs ?? []).map(({ name }) => name);
    const offered = JSON.stringify(names);
    if (offered === this.offered) return; // a choice that somebody made stays
    this.offered = offered;
    this.bestTariffs = names.map((name) => [name, field(`tariff-${name}`, say('seatSale.bestTariff', { name }), { type: 'number', min: 0, max: 1000, step: 1, inputmode: 'numeric' })]);
    fill(this.bestPlace, this.bestTariffs.map(([, { node }]) => node));
  }

  /** What is said of every order. */
  order() {
    const name = this.customer.input.value.trim();
    const note = this.note.input.value.trim();
    const customer = this.user ? { userId: this.user.userId } : name && { name };
    return { scheduleId: this.date.scheduleId, ...(customer ? { customer } : {}), ...(note ? { note } : {}) };
  }

  seatsOfOrder() {
    const seats = this.what().map(wishOf);
    const includeBlocked = this.seats.some(({ seat, status }) => status === 'BLOCKED' && this.chosen.has(seat));
    return { seats, ...(includeBlocked ? { includeBlocked } : {}) };
  }

  payment() {
    const choose = tabs(say('seatSale.method'), METHODS.map((method) => [method, say(`method.${method}`)]), this.method, (method) => { this.method = method; this.show(); });
    const send = async () => {
      if (!this.what().length) return void fill(this.fault, el('p', { class: 'note warn' }, say('seatSale.nothing')));
      const paid = { method: this.method, amount: this.sum };
      const answer = await this.tried(() => (this.held
        ? actOnce('counter.sale', `/staff/reservations/${this.held.reservationId}/sale`, paid)
        : actOnce('counter.sale', '/staff/sales', { ...this.order(), ...this.seatsOfOrder(), ...paid })));
      if (!answer) return undefined;
      const { userId, reservationId } = answer.body;
      location.hash = `#counter/${userId}/tickets/${reservationId}`;
      return undefined;
    };
    const who = this.user ? el('p', {}, say('seatSale.to', { name: this.user.name })) : this.customer;
    const note = el('details', {}, el('summary', {}, say('seatSale.noteTitle')), this.note.node);
    this.pay = form([choose, who, note], { label: say('seatSale.do', { price: won(0) }), send });
    return this.pay;
  }

  keeping() {
    const { timeZone } = this.rules;
    const until = field('until', say('seatSale.until'), { type: 'datetime-local', required: true, value: localOf(this.date.startsAt, timeZone), max: localOf(Math.max(Date.parse(this.date.startsAt), serverNow() + LATE_MS), timeZone) });
    const send = async () => {
      if (!this.chosen.size) return void fill(this.fault, el('p', { class: 'note warn' }, say('seatSale.nothing')));
      const moment = new Date((await momentOf(until, timeZone)).instant).toISOString();
      const answer = await this.tried(() => actOnce('counter.keep', '/staff/reservations', { ...this.order(), ...this.seatsOfOrder(), until: moment }));
      if (!answer) return undefined;
      toast(say('seatSale.kept'));
      location.hash = `#counter/${answer.body.userId}`;
      return undefined;
    };
    return el('details', {}, el('summary', {}, say('seatSale.keepTitle')), el('p', { class: 'soft' }, say('seatSale.keepHint')), form([until], { label: say('seatSale.keepDo'), kind: '', send }));
  }
}

