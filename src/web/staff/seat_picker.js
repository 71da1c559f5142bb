// Seats of a date chosen in a dialog: on its map, or typed by their labels, each with its tariff.

import './concerts_words.js';
import './counter_seats_words.js';
import './counter_words.js';
import { el, fill } from '../shared/dom.js';
import { won } from '../shared/format.js';
import { say } from '../shared/language.js';
import { SeatMap, priceOf } from '../shared/seat_map.js';
import { attributesOf, seatName } from '../shared/seat_name.js';
import { tariffLine, withTariffs } from '../shared/tariffs.js';
import { read } from './session.js';

export class SeatPicker {
  /**
   * `label` names the field of the labels; `had()` gives seats of the date that are kept, each with the tariff that was
   * agreed; `tariffFor(nth)` names the tariff of the nth chosen seat until somebody chooses another.
   */
  constructor({ id, label, had = () => [], tariffFor = () => undefined }) {
    Object.assign(this, { had, tariffFor, seats: [], tariffs: [], tariffAt: new Map(), picked: new Set(), known: new Set() });
    this.field = el('input', { id, autocomplete: 'off', on: { input: () => this.typed() } });
    this.place = el('div', {});
    this.list = el('div', { role: 'status' });
    this.node = el('div', {}, this.place, el('label', { for: id }, label), this.field, el('p', { class: 'soft small' }, say('picker.hint')), this.list);
  }

  /** Shows the map of a date. */
  async open(scheduleId) {
    const { body: { seats, tariffs, front, shapes } } = await read(`/staff/schedules/${scheduleId}/seats`);
    Object.assign(this, { seats, tariffs, tariffAt: new Map(), known: new Set(seats.map(({ seat }) => seat)) });
    this.picked = new Set(this.labels());
    this.map = new SeatMap(seats, {
      drawing: { front, shapes }, isChosen: (label) => this.picked.has(label), toggle: (seat) => this.toggle(seat),
      taken: () => {}, // the card of the seat says why
      nameOf: (seat, state) => [say('block.seat', { seat: seatName(seat), price: priceOf(seat), state: say(state === 'chosen' ? 'seat.chosen' : `block.is.${state}`) }), attributesOf(seat)].filter(Boolean).join(', '),
    });
    fill(this.place, this.map.node);
    this.draw();
  }

  /** The labels in the field, with commas between them; spaces divide too, but for those in a label of the date. */
  labels() {
    const parts = this.field.value.split(',').map((part) => part.trim()).filter(Boolean);
    return [...new Set(parts.flatMap((part) => (this.known.has(part) ? [part] : part.split(/\s+/))))];
  }

  toggle({ seat }) {
    if (!this.picked.delete(seat)) this.picked.add(seat);
    this.field.value = [...this.picked].join(', ');
    this.draw();
  }

  typed() {
    const before = this.picked;
    this.picked = new Set(this.labels());
    for (const seat of new Set([...before, ...this.picked])) this.map?.refreshSeat(seat);
    this.draw();
  }

  /** The seats that were chosen, each with its tariff. */
  chosen() {
    return [...this.picked].map((label, nth) => this.priced(this.seats.find(({ seat }) => seat === label) ?? { seat: label, price: 0 }, this.tariffFor(nth)));
  }

  /** The seats that are kept, each at the tariff that it has or gets. */
  kept() {
    return this.had().map((one) => {
      const { choices, ...seat } = this.priced(this.seats.find(({ seat: label }) => label === one.seat) ?? one, one.tariff);
      // A tariff that the date has no more is kept as it was agreed.
      const gone = one.tariff && !choices.some(({ name }) => name === one.tariff) && { name: one.tariff, price: one.price };
      return gone && !this.tariffAt.has(one.seat) ? { ...seat, choices: [gone, ...choices], tariff: gone } : { ...seat, choices };
    });
  }

  /** How a request names the kept seats: one whose tariff nobody touched keeps its price. */
  keptWishes() {
    return this.had().map(({ seat }) => {
      if (!this.tariffAt.has(seat)) return seat;
      return this.tariffAt.get(seat) ? { seat, tariff: this.tariffAt.get(seat) } : { seat };
    });
  }

  priced(seat, tariff) {
    return withTariffs(seat, this.tariffs, this.tariffAt.has(seat.seat) ? this.tariffAt.get(seat.seat) : tariff);
  }

  /** Each seat with the choice of its tariff. */
  draw() {
    const line = { tariffAt: this.tariffAt, list: this.list, show: () => this.draw() };
    fill(this.list, [...this.kept(), ...this.chosen()].map((seat) => tariffLine(seat, won, line)));
  }
}
