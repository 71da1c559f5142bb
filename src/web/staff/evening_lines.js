// The lines beside each other, where a concert has one of its own; the rest of the page is about the chosen one.

import { el, fill, tell } from '../shared/dom.js';
import { dateTime, number } from '../shared/format.js';
import { say } from '../shared/language.js';
import { serverNow } from '../shared/venue.js';

/** What is told of a line in numbers. */
export const FIGURES = {
  waiting: ({ waiting }) => number(waiting),
  active: ({ active }) => number(active),
  admittedLastMinute: ({ admittedLastMinute }) => number(admittedLastMinute),
  oldestWaitSeconds: ({ oldestWaitSeconds, waiting }) => (waiting ? briefly(oldestWaitSeconds) : say('evening.nobody')),
};

/** About how long, in so few signs that a tile or a cell takes them in one line. */
function briefly(seconds) {
  const minutes = Math.round(seconds / 60);
  if (seconds < 60) return say('wait.moment');
  return minutes < 60 ? say('wait.minutes', { n: minutes }) : say('wait.hours', { hours: Math.floor(minutes / 60), minutes: minutes % 60 });
}

/** The card of the lines; `show` gives the line that is chosen, and `choose` is called when it is another. */
export function linesCard(timeZone, choose) {
  let [chosen, drawn, rows] = [null, '[]', new Map()];
  const table = el('div', { class: 'wide-table', role: 'region', 'aria-label': say('lines.title'), tabindex: '0' });
  const node = el('section', { class: 'card', hidden: true }, el('h2', {}, say('lines.title')), table);

  const row = ({ concertId }, name) => {
    const cells = Object.keys(FIGURES).map(() => el('td', { class: 'number' }));
    const state = el('span', { class: 'soft' });
    const button = el('button', { type: 'button', class: 'small', on: { click: () => { chosen = concertId; choose(); } } }, name);
    rows.set(concertId, { cells, state, button });
    return el('tr', {}, el('th', { scope: 'row' }, button, el('br'), state), cells);
  };

  const show = (lines, concerts) => {
    const now = lines.find(({ concertId }) => concertId === chosen) ?? lines[0]; // a closed line goes with its last
    chosen = now.concertId;
    node.hidden = lines.length < 2;
    const beside = node.hidden ? [] : lines;
    const names = beside.map((line) => nameOf(line, concerts));
    const key = JSON.stringify(beside.map(({ concertId }, at) => [concertId, names[at]]));
    if (drawn !== key) { // else only what changed changes: who stands there with the keyboard is not moved
      drawn = key;
      rows = new Map();
      fill(table, names.length > 0 && el('table', {}, el('thead', {}, el('tr', {}, el('th', { scope: 'col' }, say('lines.line')),
        Object.keys(FIGURES).map((name) => el('th', { scope: 'col', class: 'number' }, say(`evening.${name}`))))),
      el('tbody', {}, beside.map((line, at) => row(line, names[at])))));
    }
    for (const line of beside) {
      const { cells, state, button } = rows.get(line.concertId);
      Object.values(FIGURES).forEach((figure, at) => tell(cells[at], figure(line)));
      tell(state, stateOf(line, timeZone));
      button.setAttribute('aria-pressed', String(line.concertId === chosen));
    }
    return now;
  };
  return { node, show };
}

/** What a line is called. */
export function nameOf({ concertId }, concerts) {
  if (concertId === null) return say('lines.shared');
  return concerts.find((concert) => concert.concertId === concertId)?.title ?? say('lines.gone');
}

function stateOf({ closed, paused, opensAt }, timeZone) {
  if (closed) return say('lines.closed');
  if (paused) return say('lines.paused');
  return opensAt && Date.parse(opensAt) > serverNow() ? say('lines.opens', { when: dateTime(opensAt, timeZone) }) : say('lines.open');
}
