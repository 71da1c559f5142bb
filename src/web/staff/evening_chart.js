// The last hour in two small drawings, one above the other: seats sold in each minute, and how many waited. A
// table tells the same to those who do not see it.

import { el, fill, svg } from '../shared/dom.js';
import { number, time } from '../shared/format.js';
import { say } from '../shared/language.js';

const WIDTH = 600;
const HEIGHT = 128;
/** Room for the scales, whose text is larger on a phone. */
const LEFT = 52;
const BOTTOM = 28;
const TOP = 14;
/** The size of a drawing. */
export const frame = { width: WIDTH, height: HEIGHT, left: LEFT };
/** The table has a row for so many minutes. */
const STEP = 5;

export function hourChart(timeZone) {
  const drawings = el('div', {});
  const rows = el('tbody', {});
  const head = ['chart.from', 'chart.sold', 'chart.waiting'].map((key) => el('th', { scope: 'col' }, say(key)));
  const node = el('section', { class: 'card' }, el('h2', {}, say('chart.title')), drawings,
    el('details', {}, el('summary', {}, say('chart.table')), el('div', { class: 'wide-table', role: 'region', 'aria-label': say('chart.table'), tabindex: '0' }, el('table', {}, el('thead', {}, el('tr', {}, head)), rows))));

  function show(minutes) {
    const sum = minutes.reduce((total, { seatsSold }) => total + seatsSold, 0);
    const most = Math.max(...minutes.map(({ waitingMost }) => waitingMost));
    fill(drawings,
      drawing(minutes, 'seatsSold', bars, say('chart.soldSum', { n: sum }), timeZone),
      drawing(minutes, 'waitingMost', line, say('chart.waitingMost', { n: most }), timeZone));
    fill(rows, minutes.filter((_, at) => at % STEP === 0).map(({ from }, nth) => {
      const part = minutes.slice(nth * STEP, (nth + 1) * STEP);
      return el('tr', {}, el('th', { scope: 'row' }, time(from, timeZone)),
        el('td', {}, number(part.reduce((total, { seatsSold }) => total + seatsSold, 0))), el('td', {}, number(Math.max(...part.map(({ waitingMost }) => waitingMost)))));
    }));
  }
  return { node, show };
}

function drawing(minutes, name, shape, title, timeZone) {
  const values = minutes.map((minute) => minute[name]);
  const { x, y, most } = scales(values);
  const marks = [0, most].map((value) => [
    svg('line', { class: 'grid', x1: LEFT, x2: WIDTH, y1: y(value), y2: y(value) }),
    svg('text', { class: 'scale', x: LEFT - 6, y: y(value) + 4, 'text-anchor': 'end' }, number(value)),
  ]);
  const hours = [0, 15, 30, 45, 60].map((at) => svg('text', {
    class: at % 30 === 0 ? 'scale' : 'scale between', x: x(at), y: HEIGHT - 5, 'text-anchor': at === 0 ? 'start' : at === 60 ? 'end' : 'middle',
  }, at === 60 ? say('chart.now') : time(minutes[at].from, timeZone)));
  return el('figure', { class: 'chart' }, el('figcaption', {}, title),
    svg('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-label': title }, marks, hours, shape(values, x, y)));
}

/** Where values stand in a drawing: the nth, the height of one, and the highest that is marked. */
export function scales(values) {
  const most = niceMost(Math.max(...values));
  return { most, x: (at) => LEFT + (at / values.length) * (WIDTH - LEFT), y: (value) => TOP + (1 - value / most) * (HEIGHT - TOP - BOTTOM) };
}

export const bars = (values, x, y) => values.map((value, at) => value > 0 && svg('rect', { class: 'bars', x: x(at) + 1, y: y(value), width: x(1) - x(0) - 2, height: y(0) - y(value) })).filter(Boolean);

export function line(values, x, y) {
  const points = values.map((value, at) => `${x(at + 0.5).toFixed(1)},${y(value).toFixed(1)}`);
  return [
    svg('polygon', { class: 'below', points: [`${x(0.5)},${y(0)}`, ...points, `${x(values.length - 0.5)},${y(0)}`].join(' ') }),
    svg('polyline', { class: 'curve', points: points.join(' ') }),
  ];
}

/** The next number above that is easy to read: 1, 2, 5, 10, 20, 50 … */
function niceMost(most) {
  const ten = 10 ** Math.floor(Math.log10(Math.max(1, most)));
  return [1, 2, 5, 10].map((step) => step * ten).find((nice) => nice >= most) ?? 1;
}
