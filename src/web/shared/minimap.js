// The hall in small, below a map that is zoomed: where the part that is seen lies in it. Pressed or pulled, it moves
// that part. For pointers alone: the keyboard moves from seat to seat, and a screen reader hears their names.

import { svg } from './dom.js';

/** The hall is drawn in cells, at most so many in its breadth: a few paths for 50 seats and for 20,000. */
const CELLS = 120;

export class Minimap {
  constructor(view) {
    this.view = view;
    this.part = svg('rect', { class: 'part' });
    this.svg = svg('svg', { class: 'minimap', 'aria-hidden': 'true', hidden: true });
    this.svg.addEventListener('pointerdown', (event) => {
      this.svg.setPointerCapture(event.pointerId);
      this.go(event);
    });
    this.svg.addEventListener('pointermove', (event) => { if (event.buttons) this.go(event); });
    for (const end of ['pointerup', 'pointercancel']) this.svg.addEventListener(end, () => this.view.draw());
  }

  setPlan({ at, box, stage }) {
    this.box = box;
    this.svg.setAttribute('viewBox', `${box.x} ${box.y} ${box.width} ${box.height}`);
    this.svg.style.aspectRatio = `${box.width} / ${box.height}`;
    this.svg.replaceChildren(svg('path', { class: 'seats', d: cellsOf(at, Math.max(1, box.width / CELLS)) }), ...(stage ? [svg('rect', stage)] : []), this.part);
  }

  /** Shows which part is seen; all of the hall needs no hint. */
  place() {
    if (!this.box) return;
    this.svg.toggleAttribute('hidden', !this.view.zoomed());
    if (!this.view.zoomed()) return;
    const { x, y, width, height } = this.view.inSight();
    for (const [side, value] of Object.entries({ x, y, width, height })) this.part.setAttribute(side, value.toFixed(2));
  }

  /** Moves what is seen so that its middle is where the pointer is. */
  go({ clientX, clientY }) {
    const { left, top, width, height } = this.svg.getBoundingClientRect();
    this.view.centre({ x: this.box.x + ((clientX - left) / width) * this.box.width, y: this.box.y + ((clientY - top) / height) * this.box.height });
  }
}

/** A path of the cells of this size in which seats stand, those side by side as one. */
function cellsOf(at, size) {
  const rows = new Map();
  for (const { x, y } of at) {
    const row = Math.round(y / size);
    if (!rows.has(row)) rows.set(row, new Set());
    rows.get(row).add(Math.round(x / size));
  }
  let d = '';
  for (const [row, columns] of rows) {
    for (const first of columns) {
      if (columns.has(first - 1)) continue;
      let last = first;
      while (columns.has(last + 1)) last += 1;
      const [x, y, width] = [first - 0.5, row - 0.5, last - first + 1].map((value) => +(value * size).toFixed(3));
      d += `M${x} ${y}h${width}v${+(0.75 * size).toFixed(3)}h${-width}z`;
    }
  }
  return d;
}
