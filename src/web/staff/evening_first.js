// What a venue does before its first evening, each step with the way to it; until something is sold or it is put away.

import { el, fill } from '../shared/dom.js';
import { say } from '../shared/language.js';
import { inBrowser } from '../shared/store.js';
import { read } from './session.js';

const AWAY = 'boxoffice.firstStepsAway';

/** `{node, show(concerts, sales)}`: the card, and how the concerts and the sales of the dates ahead stand now. */
export async function firstSteps(signal) {
  const node = el('div', {});
  if (inBrowser.get(AWAY)) return { node, show() {} };
  const [{ body: look }, { body: { keys } }] = await Promise.all([read('/staff/venue', { signal }), read('/staff/keys', { signal })]);
  const isNamed = Boolean(look.name.ko || look.name.en);
  const away = () => { inBrowser.set(AWAY, '1'); fill(node); };
  const show = (concerts, sales) => {
    const hasDates = concerts.some(({ schedules }) => schedules > 0);
    const isOver = hasDates && !sales.length;
    const isSold = sales.some(({ sold }) => sold > 0);
    if (inBrowser.get(AWAY) || isOver || isSold) return void fill(node);
    const last = concerts[concerts.length - 1]?.concertId;
    const steps = [
      ['look', '#look', isNamed], ['concert', '#concerts/new', concerts.length > 0], ['date', last ? `#dates/new/${last}` : '#concerts', hasDates],
      ['key', '#keys', keys.filter(({ revokedAt }) => !revokedAt).length > 1], ['trial', '/', false],
    ];
    return void fill(node, el('section', { class: 'card' }, el('h2', {}, say('first.title')),
      el('ol', { class: 'steps' }, steps.map(([name, href, isDone]) => el('li', {}, isDone
        ? [el('span', { class: 'soft' }, say(`first.${name}`)), ' ', el('span', { class: 'tag good' }, `✓ ${say('first.done')}`)]
        : el('a', { href, target: href === '/' && '_blank' }, say(`first.${name}`))))),
      el('button', { type: 'button', class: 'small', on: { click: away } }, say('first.away'))));
  };
  return { node, show };
}
