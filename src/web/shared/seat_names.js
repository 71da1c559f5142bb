// The names of rows and sections over a map: they keep a size that can be read and stay at the
// edge of what is seen, however near one is; and a card that names the seat under the pointer.
// In the pixels of the frame, not in the drawing.

import { el, fill, svg, tell } from './dom.js';

/** Rows that lie closer than this have no names: they would lie on each other. */
const ROW_LEAST_PX = 9;
/** Names that would lie on seats are shown only when those are so large. */
const TIGHT_LEAST_PX = 22;
const ROW_PX = [10, 15];
const SECTION_PX = [13, 20];
/** A row's name stays so far from the edge. */
const EDGE_PX = 12;
const CARD_PX = 14;

export class SeatNames {
  constructor(view) {
    this.view = view;
    this.svg = svg('svg', { class: 'names', 'aria-hidden': 'true' });
    this.chip = el('div', { class: 'here', 'aria-hidden': 'true', hidden: true });
    this.card = el('div', { class: 'seat-card', 'aria-hidden': 'true', hidden: true });
    this.strip = svg('rect', { class: 'strip', width: 2 * EDGE_PX, height: '100%' });
    this.nodes = [this.svg, this.chip, this.card];
  }

  setPlan({ at, labels }) {
    this.at = at;
    this.labels = labels.map((label) => ({ ...label, node: svg('text', { class: `${label.kind}-label` }, label.text), shown: false }));
    fill(this.svg);
  }

  /** Puts every name where it belongs in what is seen now. */
  place() {
    if (!this.labels) return;
    const { rect, seen } = this.view;
    const { unit, left, top } = this.view.lying(seen);
    const size = ([least, most]) => `${Math.min(most, Math.max(least, 0.5 * unit))}px`;
    const visible = [];
    const middle = { x: seen.x + seen.width / 2, y: seen.y + seen.height / 2 };
    let here = null;
    let stuck = false;
    for (const label of this.labels) {
      const { kind, bounds } = label;
      if (kind === 'row' && unit < (label.isTight ? TIGHT_LEAST_PX : ROW_LEAST_PX)) continue;
      const sticks = kind === 'row' && !label.upright;
      const spot = sticks ? this.rowSpot(label, unit, left) : label;
      if (!spot) continue;
      const [x, y] = [sticks ? spot.x : left + spot.x * unit, top + spot.y * unit];
      const inside = x > -rect.width && x < 2 * rect.width && y > -8 && y < rect.height + 8;
      if (kind === 'section' && bounds.left <= middle.x && bounds.right >= middle.x && bounds.top <= middle.y && bounds.bottom >= middle.y) here = y > 0 && y < rect.height ? null : label.text;
      if (!inside) continue;
      stuck ||= spot.stuck === true;
      label.node.setAttribute('transform', `translate(${x.toFixed(1)} ${y.toFixed(1)})`);
      label.node.style.fontSize = size(kind === 'row' ? ROW_PX : SECTION_PX);
      visible.push(label.node);
    }
    if (stuck) visible.unshift(this.strip);
    if (visible.length !== this.svg.children.length || visible.some((node, at) => this.svg.children[at] !== node)) fill(this.svg, visible);
    this.chip.hidden = !here || !this.view.zoomed();
    if (here) tell(this.chip, here);
  }

  /**
   * Where the name of a row stands: before its first seat, or at the edge beside the first one that is seen. Null when
   * none is.
   */
  rowSpot({ x, members }, unit, left) {
    const first = members.find((index) => left + this.at[index].x * unit > EDGE_PX + 0.5 * unit);
    if (first === undefined) return null;
    const begin = left + x * unit;
    const seat = left + this.at[first].x * unit;
    if (begin >= EDGE_PX || !this.view.zoomed()) return { x: begin, y: this.at[members[0]].y };
    return seat < this.view.rect.width ? { x: EDGE_PX, y: this.at[first].y, stuck: true } : null;
  }

  /** Shows what a seat is, above its place; nothing hides the card. */
  tellSeat(text, place) {
    this.card.hidden = !text;
    if (!text) return;
    tell(this.card, text);
    const { rect, seen } = this.view;
    const { unit, left, top } = this.view.lying(seen);
    const { offsetWidth: width, offsetHeight: height } = this.card;
    const x = Math.max(4, Math.min(left + place.x * unit - width / 2, rect.width - width - 4));
    const above = top + (place.y - 0.5) * unit - height - 6;
    this.card.style.transform = `translate(${x}px, ${above > 0 ? above : top + (place.y + 0.5) * unit + CARD_PX}px)`;
  }
}
