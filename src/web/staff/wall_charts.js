// Two charts of the last two minutes, second by second: seats sold, and how many waited. They are drawn once a second.

import { el, fill, svg } from '../shared/dom.js';
import { number } from '../shared/format.js';
import { say } from '../shared/language.js';
import { serverNow } from '../shared/venue.js';
import { bars, frame, line, scales } from './evening_chart.js';

const SECONDS = 120;

export class SecondCharts {
  constructor() {
    this.sold = new Map();
    this.waiting = new Map();
    this.drawings = el('div', {});
    this.node = el('section', { class: 'card' }, el('h2', {}, say('wall.charts')), this.drawings);
  }

  /** Counts what a page of the feed tells. */
  heard(events) {
    for (const { type, at, data } of events) {
      if (type !== 'SEATS_SOLD') continue;
      const second = Math.floor(Date.parse(at) / 1000);
      this.sold.set(second, (this.sold.get(second) ?? 0) + data.seats.length);
    }
  }

  /** So many wait now; the charts are drawn as of now. */
  waits(count) {
    const now = Math.floor(serverNow() / 1000);
    this.waiting.set(now, count);
    const first = now - SECONDS + 1;
    for (const known of [this.sold, this.waiting]) for (const second of known.keys()) if (second < first) known.delete(second);
    const seconds = Array.from({ length: SECONDS }, (_, at) => first + at);
    const sold = seconds.map((second) => this.sold.get(second) ?? 0);
    let last = 0;
    const waiting = seconds.map((second) => { last = this.waiting.get(second) ?? last; return last; });
    fill(this.drawings, drawing(sold, bars, say('wall.soldBySecond', { n: Math.max(...sold) })), drawing(waiting, line, say('wall.waitingBySecond', { n: Math.max(...waiting) })));
  }
}

function drawing(values, shape, title) {
  const { x, y, most } = scales(values);
  const ticks = [0, 0.5, 1].map((part) => svg('text', { class: 'scale', x: x(part * SECONDS), y: frame.height - 5, 'text-anchor': ['start', 'middle', 'end'][part * 2] },
    part === 1 ? say('chart.now') : say('wall.ago', { n: SECONDS * (1 - part) })));
  const marks = [0, most].map((value) => [
    svg('line', { class: 'grid', x1: frame.left, x2: frame.width, y1: y(value), y2: y(value) }),
    svg('text', { class: 'scale', x: frame.left - 6, y: y(value) + 4, 'text-anchor': 'end' }, number(value)),
  ]);
  return el('figure', { class: 'chart' }, el('figcaption', {}, title),
    svg('svg', { viewBox: `0 0 ${frame.width} ${frame.height}`, role: 'img', 'aria-label': title }, marks, ticks, shape(values, x, y)));
}
