// The seats of a map as they are drawn. A hall of a usual size has a node for each seat. A large one is cut into
// tiles: near by, those in sight have nodes; from afar each is a few paths, one for each price and state, and only the
// seat that the tab key finds has a node of its own.

import { svg } from './dom.js';
import { kinds, marks, setState, shapeAt, sign } from './seat_marks.js';

/** A hall of more seats is drawn in tiles. */
const MANY = 3_000;
const TILE = 24;
/** From so many pixels a seat on a large hall is drawn near by. */
const NEAR_PX = 14;
/** From so many pixels on seats show their numbers. */
const NUMBER_PX = 22;
/** Beside what is seen so much more is ready, in parts of it. */
const BESIDE = 0.5;
/** A pointer finds a seat whose middle is so near. */
const HIT = 0.55;

export class SeatDrawing {
  /**
   * Draws in `layer`. `at` has the places; `stateAt(index)` and `nthAt(index)` say how a seat is, `dress(node, index)`
   * names its node.
   */
  constructor(layer, { seats, at, stateAt, nthAt, dress }) {
    Object.assign(this, { seats, at, stateAt, nthAt, dress, nodes: new Map(), numbered: new Set(), tiles: [], tileOf: [], cells: new Map() });
    this.large = seats.length > MANY;
    this.single = svg('g');
    this.cut();
    layer.replaceChildren(...this.tiles.map(({ node }) => node), this.single);
    for (const tile of this.tiles) (this.large ? this.drawFar : this.open).call(this, tile);
  }

  cut() {
    const tiles = new Map();
    this.at.forEach(({ x, y }, index) => {
      const key = this.large ? `${Math.floor(x / TILE)} ${Math.floor(y / TILE)}` : '';
      if (!tiles.has(key)) tiles.set(key, { node: svg('g'), all: [], open: false, left: x, right: x, top: y, bottom: y });
      const tile = tiles.get(key);
      tile.all.push(index);
      Object.assign(tile, { left: Math.min(tile.left, x), right: Math.max(tile.right, x), top: Math.min(tile.top, y), bottom: Math.max(tile.bottom, y) });
      this.tileOf[index] = tile;
      const cell = `${Math.round(x)} ${Math.round(y)}`;
      this.cells.set(cell, [...(this.cells.get(cell) ?? []), index]);
    });
    this.tiles = [...tiles.values()];
  }

  /** The node of a seat; it is made when there is none. */
  nodeOf(index) {
    if (!this.nodes.has(index)) this.single.append(this.make(index));
    return this.nodes.get(index);
  }

  make(index) {
    const { x, y } = this.at[index];
    const [nth, state] = [this.nthAt(index), this.stateAt(index)];
    const node = svg('g', {
      class: ['seat', `p${nth % kinds}`, `is-${state}`, ...(this.seats[index].attributes ?? []).map((one) => `has-${one}`)].join(' '), transform: `translate(${x} ${y})`, role: 'checkbox', tabindex: '-1',
      'data-index': index, 'data-seat': this.seats[index].seat,
    }, marks(nth, state), sign(this.seats[index].attributes));
    this.dress(node, index);
    this.nodes.set(index, node);
    return node;
  }

  open(tile) {
    tile.open = true;
    tile.node.replaceChildren(...tile.all.filter((index) => !this.nodes.has(index)).map((index) => this.make(index)));
  }

  drawFar(tile) {
    tile.open = false;
    for (const index of tile.all) {
      if (this.nodes.get(index)?.parentNode === tile.node) this.forget(index);
    }
    const shapes = new Map();
    for (const index of tile.all) {
      const kind = `seat p${this.nthAt(index) % kinds} is-${this.stateAt(index)}`;
      const { x, y } = this.at[index];
      shapes.set(kind, (shapes.get(kind) ?? '') + shapeAt(this.nthAt(index), x, y));
    }
    tile.node.replaceChildren(...[...shapes].map(([kind, d]) => svg('g', { class: `${kind} far` }, svg('path', { class: 'shape', d }))));
  }

  forget(index) {
    this.nodes.delete(index);
    this.numbered.delete(index);
  }

  /** The node of one seat is kept, whatever is seen; nodes that stood alone before go back to their tiles. */
  keep(index) {
    const node = this.nodeOf(index);
    for (const other of [...this.single.children]) {
      if (other === node || other.contains(document.activeElement)) continue;
      const left = Number(other.dataset.index);
      other.remove();
      this.forget(left);
      if (this.tileOf[left].open) this.tileOf[left].node.append(this.make(left));
    }
    return node;
  }

  /** Shows seats as they are now. */
  refresh(indices) {
    const far = new Set();
    for (const index of indices) {
      const node = this.nodes.get(index);
      if (node) {
        setState(node, this.stateAt(index));
        this.dress(node, index);
      }
      if (!this.tileOf[index].open) far.add(this.tileOf[index]);
    }
    for (const tile of far) this.drawFar(tile);
  }

  /** Has ready what is seen at so many pixels a seat: nodes near by, numbers where they can be read. */
  settle({ x, y, width, height }, unitPx) {
    const sight = { left: x - BESIDE * width, right: x + (1 + BESIDE) * width, top: y - BESIDE * height, bottom: y + (1 + BESIDE) * height };
    const meets = (tile) => tile.right >= sight.left && tile.left <= sight.right && tile.bottom >= sight.top && tile.top <= sight.bottom;
    const shown = this.tiles.filter(meets);
    if (this.large) {
      const near = new Set(unitPx >= NEAR_PX ? shown : []);
      for (const tile of this.tiles) {
        if (near.has(tile) && !tile.open) this.open(tile);
        else if (tile.open && !near.has(tile) && !tile.node.contains(document.activeElement)) this.drawFar(tile);
      }
    }
    const within = (index) => this.at[index].x >= sight.left && this.at[index].x <= sight.right && this.at[index].y >= sight.top && this.at[index].y <= sight.bottom;
    const readable = unitPx >= NUMBER_PX;
    for (const index of this.numbered) if (!readable || !within(index)) this.number(index, false);
    if (readable) for (const tile of shown) for (const index of tile.all) if (within(index) && !this.numbered.has(index) && this.nodes.has(index)) this.number(index, true);
  }

  number(index, on) {
    if (on) this.nodes.get(index).append(svg('text', { 'aria-hidden': 'true' }, this.seats[index].attributes ? '' : this.seats[index].number));
    else this.nodes.get(index).querySelector('text')?.remove();
    this.numbered[on ? 'add' : 'delete'](index);
  }

  /** The seat at a place, or undefined. */
  find({ x, y }) {
    const near = [-1, 0, 1].flatMap((dx) => [-1, 0, 1].flatMap((dy) => this.cells.get(`${Math.round(x) + dx} ${Math.round(y) + dy}`) ?? []));
    const distance = (index) => Math.hypot(this.at[index].x - x, this.at[index].y - y);
    const best = near.reduce((one, other) => (one === undefined || distance(other) < distance(one) ? other : one), undefined);
    return best !== undefined && distance(best) < HIT ? best : undefined;
  }
}
