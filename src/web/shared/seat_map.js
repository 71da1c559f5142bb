// The seat map: drawn in SVG, chosen from by touch, mouse and keyboard, each seat named to a screen reader.

import './seat_words.js';
import { el, svg } from './dom.js';
import { points } from './format.js';
import { say } from './language.js';
import { kinds, marks, setState, stateOf } from './seat_marks.js';
import { endOfRow, neighbour, placesOf } from './seat_plan.js';
import { View } from './seat_view.js';

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
/** A seat smaller than so many pixels is not chosen by a finger: the finger zooms in first. */
const FINGER_PX = 20;
/** From so many pixels on seats show their numbers. */
const NUMBER_PX = 22;

export class SeatMap {
  /**
   * `toggle(seat)` is called for a free seat, `taken(seat, state)` for one that is not; `can(state)` says whether something
   * can be done with a seat, and `nameOf(seat, state)` how it is named.
   */
  constructor(seats, { isChosen, toggle, taken, can = (state) => state === 'free' || state === 'chosen', nameOf = named }) {
    Object.assign(this, { isChosen, toggle, taken, can, nameOf });
    this.svg = svg('svg', { class: 'map', role: 'group', 'aria-label': say('map.label') });
    this.zoomIn = el('button', { type: 'button', class: 'small', 'aria-label': say('map.in') }, '+');
    this.zoomOut = el('button', { type: 'button', class: 'small', 'aria-label': say('map.out') }, '−');
    this.fit = el('button', { type: 'button', class: 'small' }, say('map.all'));
    this.node = el('div', { class: 'map-frame' }, this.svg,
      el('div', { class: 'zoom', role: 'group', 'aria-label': say('map.zoom') }, this.zoomIn, this.zoomOut, this.fit));
    this.view = new View(this.svg, () => this.showNumbers());
    this.zoomIn.addEventListener('click', () => this.view.zoomBy(1.6));
    this.zoomOut.addEventListener('click', () => this.view.zoomBy(1 / 1.6));
    this.fit.addEventListener('click', () => this.view.all());
    this.svg.addEventListener('click', (event) => this.clicked(event));
    this.svg.addEventListener('keydown', (event) => this.pressed(event));
    this.svg.addEventListener('focusin', ({ target }) => this.focused(target));
    this.draw(seats);
  }

  draw(seats) {
    this.seats = seats;
    this.layout = layoutOf(seats);
    this.prices = [...new Set(seats.map(({ price }) => price))].sort((a, b) => b - a);
    this.plan = placesOf(seats);
    this.at = 0;
    this.numbered = false;
    this.nodes = seats.map((seat, index) => this.seatNode(seat, index));
    const { labels, stage, box } = this.plan;
    this.svg.replaceChildren(
      ...(stage ? [svg('g', { class: 'stage', 'aria-hidden': 'true' }, svg('rect', { ...stage, rx: 0.3 }),
        svg('text', { x: stage.x + stage.width / 2, y: stage.y + stage.height / 2 }, say('map.stage')))] : []),
      ...labels.map(({ text, x, y, kind }) => svg('text', { class: `${kind}-label`, x, y, 'aria-hidden': 'true' }, text)),
      ...this.nodes);
    if (this.nodes.length) this.nodes[0].setAttribute('tabindex', '0');
    this.svg.style.aspectRatio = `${box.width} / ${box.height}`;
    this.view.setBox(box);
  }

  seatNode(seat, index) {
    const { x, y } = this.plan.at[index];
    const nth = this.prices.indexOf(seat.price);
    const state = stateOf(seat, this.isChosen(seat.seat));
    const node = svg('g', {
      class: `seat p${nth % kinds} is-${state}`, transform: `translate(${x} ${y})`, role: 'checkbox', tabindex: '-1',
      'data-index': index, 'data-seat': seat.seat,
    }, marks(nth, state));
    this.name(node, seat, state);
    return node;
  }

  name(node, seat, state) {
    node.setAttribute('aria-checked', String(state === 'chosen' || state === 'mine'));
    node.setAttribute('aria-disabled', String(!this.can(state)));
    node.setAttribute('aria-label', this.nameOf(seat, state));
  }

  /** Shows the seats as they are now: only those that changed are touched, and all anew when the layout is another. */
  update(seats) {
    if (layoutOf(seats) !== this.layout) return this.draw(seats);
    const before = this.seats;
    this.seats = seats;
    seats.forEach((seat, index) => {
      if (seat.status !== before[index].status || seat.mine !== before[index].mine) this.refresh(index);
    });
  }

  /** Shows a seat as it is now. */
  refresh(index) {
    const state = stateOf(this.seats[index], this.isChosen(this.seats[index].seat));
    setState(this.nodes[index], state);
    this.name(this.nodes[index], this.seats[index], state);
  }

  refreshSeat(label) {
    const index = this.seats.findIndex(({ seat }) => seat === label);
    if (index >= 0) this.refresh(index);
  }

  clicked(event) {
    const node = event.target.closest('.seat');
    if (this.view.dragged) return;
    // A click says in few browsers what pressed it; one without a press comes from a screen reader.
    if (event.detail > 0 && this.view.touched && this.view.unitPx() < FINGER_PX) return this.view.zoomBy(2.5, event);
    if (node) this.choose(Number(node.dataset.index));
  }

  choose(index) {
    const seat = this.seats[index];
    const state = stateOf(seat, this.isChosen(seat.seat));
    this.move(index);
    if (state === 'free' || state === 'chosen') this.toggle(seat);
    else this.taken(seat, state);
    this.refresh(index);
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
    this.nodes[this.at].setAttribute('tabindex', '-1');
    this.at = index;
    this.nodes[index].setAttribute('tabindex', '0');
    this.nodes[index].focus({ preventScroll: true });
  }

  focused(target) {
    const index = Number(target.closest('.seat')?.dataset.index);
    if (Number.isInteger(index)) this.view.reveal(this.plan.at[index]);
  }

  /** The numbers are drawn when seats are large enough to read them, and then kept. */
  showNumbers() {
    const near = this.view.unitPx() >= NUMBER_PX;
    this.svg.classList.toggle('near', near);
    if (!near || this.numbered || !this.nodes) return;
    this.numbered = true;
    this.nodes.forEach((node, index) => {
      node.append(svg('text', { 'aria-hidden': 'true' }, this.seats[index].number));
    });
  }
}

const named = ({ seat, price }, state) => say('map.seat', { seat, price: points(price), state: say(`seat.${state}`) });

/** Differs when the map must be drawn anew. */
function layoutOf(seats) {
  return seats.map(({ seat, price }) => `${seat}\t${price}`).join('\n');
}
