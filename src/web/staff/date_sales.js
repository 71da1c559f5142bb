// What was sold of a date, by section, and its list of tickets as a file.

import { pause } from '../shared/api.js';
import { el, fill } from '../shared/dom.js';
import { number, points } from '../shared/format.js';
import { say } from '../shared/language.js';
import { download } from './download.js';
import { read } from './session.js';
import { doIt } from './sure.js';

const LOOK_MS = 2_000;
const COUNTS = ['sold', 'held', 'free', 'blocked'];

export function salesCard({ scheduleId, date }, signal) {
  const path = `/staff/schedules/${scheduleId}/sales`;
  const place = el('div', { class: 'wide-table', role: 'region', 'aria-label': say('sales.title'), tabindex: '0' });
  const show = async () => fill(place, table((await read(path, { signal })).body));
  const follow = async () => {
    for (;;) {
      if (!document.hidden) await show();
      await pause(LOOK_MS, signal, 'visible');
    }
  };
  follow().catch((error) => { if (!signal.aborted) throw error; });
  const csv = () => doIt(() => download(path, 'text/csv', `sales-${date}-${scheduleId}.csv`, signal));
  return el('section', { class: 'card' }, el('h2', {}, say('sales.title')), place, el('div', { class: 'bar' },
    el('button', { type: 'button', on: { click: csv } }, say('sales.csv')),
    el('button', { type: 'button', class: 'quiet', on: { click: show } }, say('sales.again'))));
}

function table({ sections, ...whole }) {
  const line = (name, figures, bold) => el('tr', { class: bold && 'sum' }, el('th', { scope: 'row' }, name),
    COUNTS.map((count) => el('td', { class: 'number' }, number(figures[count]))), el('td', { class: 'number' }, points(figures.revenue)));
  return el('table', {}, el('thead', {}, el('tr', {}, el('th', { scope: 'col' }, say('sales.section')),
    [...COUNTS, 'revenue'].map((name) => el('th', { scope: 'col', class: 'number' }, say(`sales.${name}`))))),
  el('tbody', {}, sections.length > 1 && sections.map((one) => line(one.section ?? '–', one)), line(say('sales.whole'), whole, true)));
}
