// The seat map: drawn in SVG, chosen from by touch, mouse and keyboard, each seat named to a screen reader.

import './seat_words.js';
import { el, svg } from './dom.js';
import { points } from './format.js';
import { say } from './language.js';
import { Minimap } from './minimap.js';
import { SeatDrawing } from './seat_drawing.js';
import { stateOf } from './seat_marks.js';
import { attributesOf, seatName } from './seat_name.js';
import { SeatNames } from './seat_names.js';
import { endOfRow, neighbour, placesOf } from './seat_plan.js';
import { View } from './seat_view.js';

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
/** A seat smaller than so many pixels is not chosen by a finger: the finger zooms in first. */
const FINGER_PX = 20;
/** From so many pixels on a map is near: numbers and marks can be told apart. */
const NEAR_PX = 22;

export class SeatMap {
  /**
   * `toggle(seat)` is called for a free seat, `taken(seat, state)` for one that is not; `can(state)` says whether
   * something can be done with a seat, and `nameOf(seat, state)` how it is named. `drawing` is what the plan shows
   * beside the seats.
   */
  constructor(seats, { isChosen, toggle, taken, can = (state) => state === 'free' || state === 'chosen', nameOf = named, drawing = {} }) {
    Object.assign(this, { isChosen, toggle, taken, can, nameOf, shown: drawing, at: 0 });
    this.svg = svg('svg', { class: 'map', role: 'group', 'aria-label': say('map.label') });
    this.zoomIn = el('button', { type: 'button', class: 'small', 'aria-label': say('map.in') }, '+');
    this.zoomOut = el('button', { type: 'button', class: 'small', 'aria-label': say('map.out') }, '−');
    this.fit = el('button', { type: 'button', class: 'small' }, say('map.all'));
    const sight = el('div', { class: 'sight' }, this.svg);
    this.view = new View(sight, this.svg, { moved: () => { this.names?.place(); this.minimap?.place(); }, settled: () => this.settle() });
    this.names = new SeatNames(this.view);
    this.minimap = new Minimap(this.view);
    this.node = el('div', { class: 'map-frame' }, sight, el('div', { class: 'below-map' }, this.minimap.svg,
      el('div', { class: 'zoom', role: 'group', 'aria-label': say('map.zoom') }, this.zoomIn, this.zoomOut, this.fit)));
    sight.append(...this.names.nodes);
    this.zoomIn.addEventListener('click', () => this.view.zoomBy(1.6));
    this.zoomOut.addEventListener('click', () => this.view.zoomBy(1 / 1.6));
    this.fit.addEventListener('click', () => this.view.all());
    sight.addEventListener('click', (event) => this.clicked(event));
    sight.addEventListener('pointermove', (event) => this.pointed(event));
    sight.addEventListener('pointerleave', () => this.names.tellSeat(null));
    this.svg.addEventListener('keydown', (event) => this.pressed(event));
    this.svg.addEventListener('focusin', ({ target }) => this.focused(target));
    this.svg.addEventListener('focusout', () => this.names.tellSeat(null));
    this.draw(seats);
  }

  /** Draws seats; what is seen stays where the hall has the same size. */
  draw(seats) {
    this.seats = seats;
    this.index = new Map(seats.map(({ seat }, index) => [seat, index]));
    this.prices = [...new Set(seats.map(({ price }) => price))].filter((price) => price != null).sort((a, b) => b - a);
    this.plan = placesOf(seats, this.shown);
    this.at = Math.min(this.at, Math.max(0, seats.length - 1));
    const { stage, box, shapes } = this.plan;
    const layer = svg('g');
    const nth = new Map(this.prices.map((price, at) => [price, at]));
    this.drawing = new SeatDrawing(layer, {
      seats, at: this.plan.at, stateAt: (index) => this.stateAt(index), nthAt: (index) => nth.get(this.seats[index].price) ?? 0, dress: (node, index) => this.name(node, index),
    });
    this.svg.replaceChildren(
      svg('g', { class: 'shapes', 'aria-hidden': 'true' }, shapes.map(({ points }) => points.length > 2 && svg('polygon', { points: points.map(({ x, y }) => `${x},${y}`).join(' ') })),
        shapes.map(({ text }) => text && svg('g', { 'font-size': text.size }, svg('text', { x: text.x, y: text.y }, text.text)))),
      ...(stage ? [svg('g', { class: 'stage', 'aria-hidden': 'true' }, svg('rect', { ...stage, rx: 0.3 }),
        svg('text', { transform: `translate(${stage.x + stage.width / 2} ${stage.y + stage.height / 2})${stage.height > stage.width ? ' rotate(-90)' : ''}` }, say('map.stage')))] : []),
      layer);
    if (seats.length) this.drawing.keep(this.at).setAttribute('tabindex', '0');
    this.svg.style.aspectRatio = `${box.width} / ${box.height}`;
    this.names.setPlan(this.plan);
    this.minimap.setPlan(this.plan);
    this.view.setBox(box, true);
  }

  stateAt(index) {
    return stateOf(this.seats[index], this.isChosen(this.seats[index].seat));
  }

  name(node, index) {
    const state = this.stateAt(index);
    node.setAttribute('aria-checked', String(state === 'chosen' || state === 'mine'));
    node.setAttribute('aria-disabled', String(!this.can(state)));
    node.setAttribute('aria-label', this.nameOf(this.seats[index], state));
  }

  /** Shows the seats as they are now: only those that changed are touched, and all anew when the layout is another. */
  update(seats, drawing = this.shown) {
    const before = this.seats;
    const moved = JSON.stringify(drawing) !== JSON.stringify(this.shown);
    this.shown = drawing;
    const same = seats.length === before.length && seats.every(({ seat, price }, index) => seat === before[index].seat && price === before[index].price);
    if (!same || moved) return this.draw(seats);
    this.seats = seats;
    this.drawing.seats = seats;
    return this.drawing.refresh([...seats.keys()].filter((index) => seats[index].status !== before[index].status || seats[index].mine !== before[index].mine));
  }

  refreshSeat(label) {
    if (this.index.has(label)) this.drawing.refresh([this.index.get(label)]);
  }

  /** Shows only the seats of one price as they are; the others step back. Null shows all alike. */
  filter(price) {
    const nth = this.prices.indexOf(price);
    if (nth < 0) delete this.svg.dataset.only;
    else this.svg.dataset.only = nth;
  }

  /** Shows only the seats with an attribute as they are. Null shows all alike. */
  filterAttribute(attribute) {
    if (attribute) this.svg.dataset.sign = attribute;
    else delete this.svg.dataset.sign;
  }

  settle() {
    if (!this.drawing) return;
    const unit = this.view.unitPx();
    this.svg.classList.toggle('near', unit >= NEAR_PX);
    this.drawing.settle(this.view.seen, unit);
  }

  clicked(event) {
    if (this.view.dragged || !event.target.closest('.sight')) return;
    // A click says in few browsers what pressed it; one without a press comes from a screen reader.
    const byPointer = event.detail > 0;
    if (byPointer && this.view.touched && this.view.unitPx() < FINGER_PX) return void this.view.zoomBy(2.5, event);
    const node = event.target.closest('.seat[data-index]');
    const index = node ? Number(node.dataset.index) : this.drawing.find(this.view.placeOf(event));
    if (index !== undefined) this.choose(index);
  }

  /** The card of the seat under a mouse that rests or passes. */
  pointed(event) {
    if (event.pointerType !== 'mouse' || event.buttons) return void this.names.tellSeat(null);
    this.view.measure();
    const index = this.drawing.find(this.view.placeOf(event));
    this.names.tellSeat(index === undefined ? null : this.nameOf(this.seats[index], this.stateAt(index)), index === undefined ? null : this.plan.at[index]);
  }

  choose(index) {
    this.move(index);
    const state = this.stateAt(index);
    if (state === 'free' || state === 'chosen') this.toggle(this.seats[index]);
    else this.taken(this.seats[index], state);
    this.drawing.refresh([index]);
    this.tellFocused(index);
  }

  pressed(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const arrow = ARROWS[event.key];
    if (arrow) this.move(neighbour(this.plan.at, this.at, ...arrow));
    else if (event.key === 'Home') this.move(endOfRow(this.plan.at, this.at, -1));
    else if (event.key === 'End') this.move(endOfRow(this.plan.at, this.at, 1));
    else if (event.key === ' ' || event.key === 'Enter') this.choose(this.at);
    else if (event.key === '+' || event.key === '=') this.view.zoomBy(1.6);
    else if (event.key === '-') this.view.zoomBy(1 / 1.6);
    else if (event.key === '0') this.view.all();
    else return;
    event.preventDefault();
  }

  /** Moves the one place that the tab key finds, and the focus with it. */
  move(index) {
    this.drawing.nodeOf(this.at).setAttribute('tabindex', '-1');
    this.at = index;
    const node = this.drawing.nodeOf(index);
    node.setAttribute('tabindex', '0');
    node.focus({ preventScroll: true });
    this.drawing.keep(index);
  }

  focused(target) {
    const index = Number(target.closest('.seat')?.dataset.index);
    if (!Number.isInteger(index)) return;
    this.view.reveal(this.plan.at[index]);
    this.tellFocused(index);
  }

  tellFocused(index) {
    this.names.tellSeat(this.nameOf(this.seats[index], this.stateAt(index)), this.plan.at[index]);
  }
}

export const priceOf = ({ price }) => (price == null ? say('seat.noPrice') : points(price));

const named = (seat, state) => [say('map.seat', { seat: seatName(seat), price: priceOf(seat), state: say(`seat.${state}`) }), attributesOf(seat)].filter(Boolean).join(', ');
