// The seats of a new date: rows, sections or a plan file, with the map as it will be before anything is saved.

import './layout_words.js';
import { el, fill } from '../shared/dom.js';
import { number, points } from '../shared/format.js';
import { say } from '../shared/language.js';
import { announce } from '../shared/notice.js';
import { SeatMap, priceOf } from '../shared/seat_map.js';
import { attributesOf } from '../shared/seat_name.js';
import { nameOf, pricesOf } from './date_prices.js';
import { field, numberOf, tabs } from './forms.js';
import { readFile, whyNot } from './layout_file.js';
import { layoutOf, rowAt, seatsOf, sideOf } from './layout_seats.js';

const SEATS_MAX = 100_000;
const PRICE_MAX = 100_000_000;
/** More seats than this are not drawn while one types: a browser would stall. */
const DRAWN_MAX = 6_000;

/** While one types, the map is drawn anew once that stops for so long. */
const TYPING_MS = 150;

export class LayoutEditor {
  /** `copied` is the seats of another date; `draft` what `state()` gave before. */
  constructor({ copied = null, draft = null } = {}) {
    this.kind = draft?.kind ?? (copied ? 'copy' : 'rows');
    this.blocks = draft?.blocks ?? [newBlock('', 50_000)];
    this.removed = new Set(draft?.removed);
    this.plan = draft?.file ?? null;
    this.copied = copied;
    Object.assign(this, { front: draft?.front ?? null, side: draft?.side ?? 'asIs' });
    if (copied && draft) copied.prices = draft.prices;
    this.choices = el('div', {});
    this.fault = el('p', { class: 'note bad', role: 'alert', hidden: true });
    this.preview = el('div', {});
    this.sum = el('p', { class: 'sum', role: 'status' });
    this.node = el('div', {}, tabs(say('layout.how'), [...(copied ? [['copy', say('layout.copy')]] : []), ['rows', say('layout.rows')], ['sections', say('layout.sections')], ['plan', say('layout.plan')]],
      this.kind, (kind) => { Object.assign(this, { kind, front: null, side: 'asIs' }); this.removed.clear(); this.show(); }),
    this.choices, this.fault, this.sum, this.preview);
  }

  /** What was chosen so far, as a draft keeps it. */
  state() {
    return { kind: this.kind, blocks: this.blocks, removed: [...this.removed], file: this.plan, prices: this.copied?.prices, front: this.front, side: this.side };
  }

  /** Called with the number of seats when it changes. */
  changed() {}

  show() {
    if (this.kind === 'rows') this.blocks.length = 1;
    fill(this.choices, { rows: () => this.rowFields(), sections: () => this.sectionFields(), plan: () => this.planFields(), copy: () => this.copyFields() }[this.kind]());
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
        const value = made.input.type === 'text' ? made.input.value.trim() : numberOf(made);
        const sound = made.input.validity.valid && (name !== 'first' || !value || rowAt(value));
        made.fault(sound ? null : say('form.wrong'));
        block[name] = sound ? value : null;
        this.drawSoon();
      });
      return made.node;
    };
    return el('div', { class: 'pair' },
      named && one('name', say('layout.name'), { type: 'text', min: null, step: null, maxlength: 30 }),
      one('rows', say('layout.rowCount'), { max: 1000 }), one('count', say('layout.seatCount'), { max: 1000 }),
      one('price', say('layout.price'), { min: 0, max: PRICE_MAX, step: 1, inWords: points }),
      one('aisles', say('layout.aisles'), { type: 'text', required: false, min: null, step: null, inputmode: 'numeric', pattern: '[0-9, ]*', maxlength: 80, hint: say('layout.aislesHint') }),
      one('first', say('layout.first'), { type: 'text', required: false, min: null, step: null, maxlength: 4, hint: say('layout.firstHint') }),
      one('from', say('layout.from'), { max: 10_000 }));
  }

  rowFields() {
    return [this.blockFields(this.blocks[0], false), el('p', { class: 'soft small' }, say('layout.removeHint'))];
  }

  sectionFields() {
    if (!this.blocks[0].name) this.blocks[0].name = 'R';
    const more = () => { this.blocks.push(newBlock('RSABCDEFGH'[this.blocks.length] ?? '', 50_000)); this.show(); };
    return [
      this.blocks.map((block, at) => el('fieldset', { class: 'block' }, el('legend', {}, say('layout.section', { n: at + 1 })), this.blockFields(block, true),
        this.blocks.length > 1 && el('button', { type: 'button', class: 'danger small', on: { click: () => { this.blocks.splice(at, 1); this.show(); } } }, say('layout.dropSection')))),
      el('button', { type: 'button', on: { click: more } }, say('layout.addSection')),
      el('p', { class: 'soft small' }, say('layout.removeHint')),
    ];
  }

  /** A file is read by the server as it is chosen, so that what is wrong is told before anything is saved. */
  planFields() {
    const file = field('plan', say('layout.file'), { type: 'file', accept: '.json,.csv,.txt,application/json,text/csv', hint: say('layout.fileHint') });
    const prices = el('div', {});
    file.input.addEventListener('change', async () => {
      file.fault(null);
      this.plan = null;
      this.front = null;
      try {
        this.plan = await readFile(file.input.files[0]);
      } catch (error) {
        file.fault(whyNot(error));
      }
      this.planPrices(prices);
      this.show();
    });
    if (this.plan) this.planPrices(prices);
    this.filePlace ??= el('div', {}, file.node, prices);
    return [this.filePlace];
  }

  /** The prices of a copied hall: those that nobody changes stay, seat by seat. */
  copyFields() {
    const { seats, prices } = this.copied;
    return el('div', { class: 'pair' }, [...pricesOf(seats)].map(([name, before]) => {
      const price = field('price', name ?? say('price.all'), { type: 'number', min: 0, max: PRICE_MAX, step: 1, required: true, value: prices[name ?? ''] ?? before, inWords: points });
      price.input.addEventListener('input', () => {
        if (price.input.validity.valid) prices[name ?? ''] = numberOf(price);
        this.drawSoon();
      });
      return price.node;
    }));
  }

  planPrices(place) {
    const { categories, remarks, layout, prices } = this.plan ?? {};
    fill(place, remarks?.map(({ count, text }) => el('p', { class: 'note warn' }, say('layout.remark', { text, n: count }))),
      layout?.pretixPlan && el('p', { class: 'soft small' }, say('layout.priceHint')),
      layout?.pretixPlan && el('div', { class: 'pair' }, categories.map(({ name, seats: n }) => {
        const label = name ? say('layout.categoryPrice', { name, n }) : say('layout.plainPrice', { n });
        const price = field('price', label, { type: 'number', min: 0, max: PRICE_MAX, step: 1, value: prices[name ?? ''], inWords: points });
        price.input.addEventListener('input', () => {
          prices[name ?? ''] = price.input.value && price.input.validity.valid ? numberOf(price) : null;
          price.fault(price.input.validity.valid ? null : say('form.wrong'));
          this.draw();
        });
        return price.node;
      })));
  }

  /** The seats as they stand now; null while a field is not filled in. */
  seats() {
    if (this.kind === 'plan') return this.plan?.seats.map((seat) => (this.plan.layout.table ? seat : { ...seat, price: this.plan.prices[seat.category ?? ''] ?? null })) ?? null;
    if (this.kind === 'copy') return this.copied.seats.map((seat) => ({ ...seat, price: this.copied.prices[nameOf(seat) ?? ''] ?? seat.price }));
    const whole = this.blocks.every(({ name, rows, count, price, from, first, aisles }) => rows && count && from && price != null && first !== null && aisles !== null && (this.kind === 'rows' || name));
    const total = this.blocks.reduce((sum, { rows, count }) => sum + rows * count, 0);
    if (!whole || total > SEATS_MAX) return null;
    return seatsOf(this.kind === 'rows' ? [{ ...this.blocks[0], name: '' }] : this.blocks);
  }

  /** Counts at once, and draws when nobody types any more: a large hall takes a moment. */
  drawSoon() {
    this.count(this.seats());
    clearTimeout(this.typing);
    this.typing = setTimeout(() => this.draw(), TYPING_MS);
  }

  draw() {
    clearTimeout(this.typing);
    const seats = this.seats();
    this.tell(null);
    for (const label of this.removed) if (!seats?.some(({ seat }) => seat === label)) this.removed.delete(label);
    if (!seats) return void fill(this.preview), void this.count(null);
    this.count(seats);
    if (seats.length > DRAWN_MAX) return void fill(this.preview, el('p', { class: 'soft' }, say('layout.notDrawn', { n: DRAWN_MAX })));
    const shown = seats.map((seat) => ({ mine: false, ...seat, status: this.removed.has(seat.seat) || seat.price == null ? 'BLOCKED' : 'AVAILABLE' }));
    const turn = this.isFixed() ? () => {} : (seat) => this.turn(seat, shown);
    this.map = new SeatMap(shown, {
      isChosen: () => false, toggle: turn, taken: turn, can: () => !this.isFixed(), drawing: this.drawing(seats),
      nameOf: (seat, state) => [say('layout.seat', { seat: seat.seat, price: priceOf(seat), state: say(state === 'blocked' && seat.price != null ? 'layout.out' : 'layout.in') }), attributesOf(seat)].filter(Boolean).join(', '),
    });
    fill(this.preview, this.frontChoice(seats), this.map.node);
  }

  /** Where the stage is: as it was said, as the file tells, or before the rows of a hall made here. */
  drawing(seats) {
    const made = () => ({ shapes: [], front: sideOf(seats, 'above') });
    const { shapes, front } = this.kind === 'plan' ? this.plan.drawing : this.kind === 'copy' ? this.copied.drawing : made();
    return { shapes, front: this.front ?? front };
  }

  /** The stage is put on a side by a choice, or anywhere by a click on the picture. */
  frontChoice(seats) {
    if (!seats.every(({ x }) => typeof x === 'number')) return null;
    const sides = field('front', say('layout.front'), { kind: 'select', hint: say('layout.frontHint') },
      ['asIs', 'above', 'below', 'left', 'right', 'click'].map((side) => el('option', { value: side, selected: side === (this.side ?? 'asIs') }, say(`layout.front.${side}`))));
    sides.input.addEventListener('change', () => {
      this.side = sides.input.value;
      if (this.side === 'click') return void this.placeStage();
      this.front = this.side === 'asIs' ? null : sideOf(seats, this.side);
      this.draw();
      this.preview.querySelector('select').focus();
    });
    return sides.node;
  }

  /** The next click on the picture says where the stage is. */
  placeStage() {
    announce(say('layout.frontClick'));
    this.map.node.classList.add('placing');
    this.map.node.addEventListener('click', (event) => {
      if (!event.target.closest('.sight')) return;
      event.stopPropagation();
      const { x, y } = this.map.view.placeOf(event);
      const whole = (length) => Math.round(length * this.map.plan.apart * 100) / 100;
      this.front = { x: whole(x), y: whole(y) };
      this.draw();
    }, { capture: true });
  }

  /** Whether its seats come from elsewhere as they are. */
  isFixed() {
    return ['plan', 'copy'].includes(this.kind);
  }

  /** Takes a seat out, or puts it back. */
  turn(seat, shown) {
    const out = !this.removed.has(seat.seat);
    if (out) this.removed.add(seat.seat);
    else this.removed.delete(seat.seat);
    seat.status = out ? 'BLOCKED' : 'AVAILABLE';
    announce(say(out ? 'layout.tookOut' : 'layout.putBack', { seat: seat.seat }));
    this.count(shown);
    this.node.dispatchEvent(new Event('input', { bubbles: true })); // as typing does
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
    const priced = seats?.some(({ price }) => price != null);
    if (!seats || !priced || this.removed.size === seats.length) {
      this.tell(say(this.kind === 'plan' ? (this.plan ? 'layout.noPrice' : 'layout.noPlan') : 'layout.unfinished'));
      this.fault.scrollIntoView({ block: 'center' });
      return null;
    }
    const front = this.front ? { front: this.front } : {};
    if (this.kind === 'copy') return { ...this.copied.drawing, seats, ...front };
    if (this.kind !== 'plan') return { ...layoutOf(seats, this.removed, this.front !== null), ...front };
    return this.plan.layout.table ? { ...this.plan.layout, ...front } : { ...this.plan.layout, prices: this.plan.prices, ...front };
  }
}

const newBlock = (name, price) => ({ name, rows: 5, count: 10, price, aisles: '', first: '', from: 1 });
