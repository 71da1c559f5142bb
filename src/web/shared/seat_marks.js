// How a seat looks: a colour and a shape for each price, a mark for each state. Neither is told by colour alone.

import { svg } from './dom.js';

/** One shape a price, from the dearest on; after the last they begin anew. Drawn from the middle of the seat. */
const SHAPES = [
  'm-.4-.28a.12.12 0 0 1 .12-.12h.56a.12.12 0 0 1 .12.12v.56a.12.12 0 0 1-.12.12h-.56a.12.12 0 0 1-.12-.12z',
  'm-.42 0a.42.42 0 1 0 .84 0a.42.42 0 1 0-.84 0z',
  'm0-.48l.48.48l-.48.48l-.48-.48z',
  'm-.24-.42h.48l.24.42l-.24.42h-.48l-.24-.42z',
  'm-.42-.4h.84v.5l-.42.34l-.42-.34z',
  'm0-.46l.46.36l-.18.52h-.56l-.18-.52z',
];

const MARKS = {
  chosen: 'M-.2 .02l.14 .15l.27-.32',
  mine: 'M-.2 .02l.14 .15l.27-.32',
  held: 'M-.2-.2l.4 .4',
  sold: 'M-.16-.16l.32 .32M.16-.16l-.32 .32',
  blocked: 'M-.2 0h.4',
};

/** What is special about a seat: somebody in a wheelchair, two people, an eye behind a bar. */
const SIGNS = {
  WHEELCHAIR: 'M-.06-.27a.06.06 0 1 0 .12 0a.06.06 0 1 0-.12 0zM0-.17v.2h.16l.09.19M-.05-.06a.17.17 0 1 0 .2.22',
  COMPANION: 'M-.21-.14a.08.08 0 1 0 .16 0a.08.08 0 1 0-.16 0zM.05-.14a.08.08 0 1 0 .16 0a.08.08 0 1 0-.16 0zM-.27.22a.14.16 0 0 1 .27 0a.14.16 0 0 1 .27 0',
  RESTRICTED_VIEW: 'M-.28 0q.28-.32.56 0q-.28.32-.56 0zM-.24.24l.48-.48',
};

export const signs = Object.keys(SIGNS);

export const kinds = SHAPES.length;

/** `free`, `chosen`, `mine`, `held`, `sold` or `blocked`. */
export function stateOf({ status, mine }, chosen) {
  if (mine) return 'mine';
  if (chosen && ['AVAILABLE', 'BLOCKED'].includes(status)) return 'chosen'; // staff may give what is blocked
  if (status === 'AVAILABLE') return 'free';
  return status.toLowerCase();
}

/** The shape of a seat of the nth price, and the mark of its state when it has one. */
export function marks(nth, state) {
  return [svg('path', { class: 'shape', d: shapeAt(nth, 0, 0) }), MARKS[state] && svg('path', { class: 'mark', d: MARKS[state] })];
}

/** The shape of a seat of the nth price at a place, to be drawn in one path with others. */
export const shapeAt = (nth, x, y) => `M${x} ${y}${SHAPES[nth % kinds]}`;

/** The sign of what is special about a seat: of several the first. */
export const sign = ([attribute] = []) => attribute && svg('path', { class: 'sign', d: SIGNS[attribute] });

/** A sign by itself, for the legend. */
export const signSample = (attribute) => svg('svg', { class: 'sample', viewBox: '-.4 -.4 .8 .8', 'aria-hidden': 'true' }, sign([attribute]));

export function setState(node, state) {
  node.setAttribute('class', node.getAttribute('class').replace(/ is-\w+/, ` is-${state}`));
  node.querySelector('.mark')?.remove();
  if (MARKS[state]) node.append(svg('path', { class: 'mark', d: MARKS[state] }));
}

/** A seat by itself, for the legend. */
export function sample(nth, state) {
  return svg('svg', { class: 'sample', viewBox: '-.6 -.6 1.2 1.2', 'aria-hidden': 'true' },
    svg('g', { class: `seat p${nth % kinds} is-${state}` }, marks(nth, state)));
}
