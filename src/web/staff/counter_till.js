// The day's till: what went over the counter, by person and way of payment.

import { el, fill } from '../shared/dom.js';
import { number } from '../shared/format.js';
import { say } from '../shared/language.js';
import { serverNow } from '../shared/venue.js';
import { download } from './download.js';
import { field } from './forms.js';
import { read } from './session.js';
import { doIt } from './sure.js';
import { localOf } from './venue_time.js';

const COLUMNS = ['sales', 'seatsReceived', 'pointsReceived', 'seatsPaidOut', 'pointsPaidOut', 'total'];

export async function openTill(main, { timeZone }, signal) {
  const place = el('div', { class: 'wide-table', role: 'region', 'aria-label': say('till.title'), tabindex: '0' });
  const day = field('date', say('till.day'), { type: 'date', required: true, value: localOf(serverNow(), timeZone).slice(0, 10), on: { change: () => show() } });
  const path = () => `/staff/till?date=${day.input.value}`;
  const show = async () => {
    if (!day.input.value) return;
    const { body: { tills } } = await read(path(), { signal });
    fill(place, tills.length ? table(tills) : el('p', { class: 'note' }, say('till.none')));
  };
  const csv = () => doIt(() => download(path(), 'text/csv', `till-${day.input.value}.csv`, signal));
  await show();
  fill(main, el('p', { class: 'no-print' }, el('a', { href: '#counter' }, `← ${say('part.counter')}`)), el('h1', { tabindex: '-1' }, say('till.title')),
    el('section', { class: 'card' }, day.node, place, el('div', { class: 'bar no-print' },
      el('button', { type: 'button', on: { click: () => window.print() } }, say('print')), el('button', { type: 'button', on: { click: csv } }, say('till.csv')))));
}

function table(tills) {
  const sums = [...new Set(tills.map(({ method }) => method))].map((method) => {
    const of = tills.filter((till) => till.method === method);
    return { method, ...Object.fromEntries(COLUMNS.map((column) => [column, of.reduce((sum, till) => sum + till[column], 0)])) };
  });
  const line = (name, till, bold) => el('tr', { class: bold && 'sum' }, el('th', { scope: 'row' }, name), el('td', {}, say(`method.${till.method}`)),
    COLUMNS.map((column) => el('td', { class: 'number' }, number(till[column]))));
  return el('table', {}, el('thead', {}, el('tr', {}, el('th', { scope: 'col' }, say('till.who')), el('th', { scope: 'col' }, say('till.method')),
    COLUMNS.map((column) => el('th', { scope: 'col', class: 'number' }, say(`till.${column}`))))),
  el('tbody', {}, tills.map((till) => line(till.name ?? '–', till)), sums.map((sum) => line(say('till.all'), sum, true))));
}
