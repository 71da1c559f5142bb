// The seats of a new date: rows, sections or a plan file, with the map as it will be before anything is saved.

import './layout_words.js';
import { el, fill } from '../shared/dom.js';
import { number, points } from '../shared/format.js';
import { say } from '../shared/language.js';
import { announce } from '../shared/notice.js';
import { SeatMap } from '../shared/seat_map.js';
import { field, numberOf, tabs } from './forms.js';
import { layoutOf, readPlan, seatsOf } from './layout_seats.js';

const SEATS_MAX = 100_000;
const PRICE_MAX = 100_000_000;
/** More seats than this are not drawn while one types: a browser would stall. */
const DRAWN_MAX = 6_000;

export class LayoutEditor {
  constructor() {
    this.kind = 'rows';
    this.blocks = [newBlock('', 50_000)];
    this.removed = new Set();
    this.plan = null;
    this.choices = el('div', {});
    this.fault = el('p', { class: 'note bad', role: 'alert', hidden: true });
    this.preview = el('div', {});
    this.sum = el('p', { class: 'sum', role: 'status' });
    this.node = el('div', {}, tabs(say('layout.how'), [['rows', say('layout.rows')], ['sections', say('layout.sections')], ['plan', say('layout.plan')]],
      this.kind, (kind) => { this.kind = kind; this.removed.clear(); this.show(); }),
    this.choices, this.fault, this.sum, this.preview);
  }

  /** Called with the number of seats when it changes. */
  changed() {}

  show() {
    if (this.kind === 'rows') this.blocks.length = 1;
    fill(this.choices, { rows: () => this.rowFields(), sections: () => this.sectionFields(), plan: () => this.planFields() }[this.kind]());
    this.draw();
  }

  tell(text) {
    this.fault.textContent = text ?? '';
    this.fault.hidden = !text;
  }

  /** Fields of a block; each change is drawn. */
  blockFields(block, named) {
    const one = (name, label, options) => {
      const made = field(name, label, { type: 'number', required: true, step: 1, min: 1, value: block[name], ...options });
      made.input.addEventListener('input', () => {
        const value = name === 'name' ? made.input.value : numberOf(made);
        made.fault(made.input.validity.valid ? null : say('form.wrong'));
        block[name] = made.input.validity.valid ? value : null;
        this.draw();
      });
      return made.node;
    };
    return el('div', { class: 'pair' },
      named && one('name', say('layout.name'), { type: 'text', min: null, step: null, maxlength: 30 }),
      one('rows', say('layout.rowCount'), { max: 1000 }), one('count', say('layout.seatCount'), { max: 1000 }),
      one('price', say('layout.price'), { min: 0, max: PRICE_MAX, step: 1 }));
  }

  rowFields() {
    return [this.blockFields(this.blocks[0], false), el('p', { class: 'soft small' }, say('layout.removeHint'))];
  }

  sectionFields() {
    if (!this.blocks[0].name) this.blocks[0].name = 'R';
    const more = () => { this.blocks.push(newBlock('RSABCDEFGH'[this.blocks.length] ?? '', 50_000)); this.show(); };
    return [
      this.blocks.map((block, at) => el('fieldset', { class: 'block' }, el('legend', {}, say('layout.section', { n: at + 1 })), this.blockFields(block, true),
        this.blocks.length > 1 && el('button', { type: 'button', class: 'quiet small', on: { click: () => { this.blocks.splice(at, 1); this.show(); } } }, say('layout.dropSection')))),
      el('button', { type: 'button', on: { click: more } }, say('layout.addSection')),
      el('p', { class: 'soft small' }, say('layout.removeHint')),
    ];
  }

  planFields() {
    const file = field('plan', say('layout.file'), { type: 'file', accept: '.json,application/json', hint: say('layout.fileHint') });
    const prices = el('div', {});
    file.input.addEventListener('change', async () => {
      file.fault(null);
      this.plan = null;
      try {
        const plan = JSON.parse(await file.input.files[0].text());
        const { seats, categories } = readPlan(plan);
        if (!seats.length) throw new Error('no seats');
        this.plan = { plan, seats, categories, prices: {} };
      } catch {
        file.fault(say('layout.notAPlan'));
      }
      this.planPrices(prices);
      this.draw();
    });
    if (this.plan) this.planPrices(prices);
    return [file.node, prices];
  }

  planPrices(place) {
    fill(place, this.plan && el('div', { class: 'pair' }, this.plan.categories.map(({ name, n }) => {
      const price = field('price', say('layout.categoryPrice', { name, n }), { type: 'number', min: 0, max: PRICE_MAX, step: 1, required: true, value: this.plan.prices[name] });
      price.input.addEventListener('input', () => { this.plan.prices[name] = price.input.validity.valid ? numberOf(price) : null; this.draw(); });
      return price.node;
    })));
  }

  /** The seats as they stand now; null while a field is not filled in. */
  seats() {
    if (this.kind === 'plan') return this.plan?.seats.map((seat) => ({ ...seat, price: this.plan.prices[seat.category] ?? 0 })) ?? null;
    const whole = this.blocks.every(({ name, rows, count, price }) => rows && count && price != null && (this.kind === 'rows' || name));
    const total = this.blocks.reduce((sum, { rows, count }) => sum + rows * count, 0);
    if (!whole || total > SEATS_MAX) return null;
    return seatsOf(this.kind === 'rows' ? [{ ...this.blocks[0], name: '' }] : this.blocks);
  }

  draw() {
    const seats = this.seats();
    this.tell(null);
    for (const label of this.removed) if (!seats?.some(({ seat }) => seat === label)) this.removed.delete(label);
    if (!seats) return void fill(this.preview), void this.count(null);
    this.count(seats);
    if (seats.length > DRAWN_MAX) return void fill(this.preview, el('p', { class: 'soft' }, say('layout.notDrawn', { n: DRAWN_MAX })));
    const shown = seats.map((seat) => ({ mine: false, ...seat, status: this.removed.has(seat.seat) ? 'BLOCKED' : 'AVAILABLE' }));
    const turn = this.kind === 'plan' ? () => {} : (seat) => this.turn(seat, shown);
    this.map = new SeatMap(shown, {
      isChosen: () => false, toggle: turn, taken: turn, can: () => this.kind !== 'plan',
      nameOf: (seat, state) => say('layout.seat', { seat: seat.seat, price: points(seat.price), state: say(state === 'blocked' ? 'layout.out' : 'layout.in') }),
    });
    fill(this.preview, this.map.node);
  }

  /** Takes a seat out, or puts it back. */
  turn(seat, shown) {
    const out = !this.removed.has(seat.seat);
    if (out) this.removed.add(seat.seat);
    else this.removed.delete(seat.seat);
    seat.status = out ? 'BLOCKED' : 'AVAILABLE';
    announce(say(out ? 'layout.tookOut' : 'layout.putBack', { seat: seat.seat }));
    this.count(shown);
  }

  count(seats) {
    const left = seats?.filter(({ seat }) => !this.removed.has(seat)) ?? [];
    const worth = left.reduce((sum, { price }) => sum + price, 0);
    this.sum.textContent = seats ? say('layout.sum', { n: left.length, worth: points(worth), removed: number(this.removed.size) }) : '';
    this.changed(left.length);
  }

  /** The layout to send; null, and it is said why, while something is missing. */
  layout() {
    const seats = this.seats();
    const priced = this.kind !== 'plan' || this.plan?.categories.every(({ name }) => this.plan.prices[name] != null);
    if (!seats || !priced || this.removed.size === seats.length) {
      this.tell(say(this.kind === 'plan' ? (this.plan ? 'layout.noPrice' : 'layout.noPlan') : 'layout.unfinished'));
      this.fault.scrollIntoView({ block: 'center' });
      return null;
    }
    return this.kind === 'plan' ? { pretixPlan: this.plan.plan, prices: this.plan.prices } : layoutOf(seats, this.removed);
  }
}

const newBlock = (name, price) => ({ name, rows: 5, count: 10, price });
