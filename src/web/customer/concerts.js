// The concerts, and what the customer has under way.

import { patiently, Refused } from '../shared/api.js';
import { el } from '../shared/dom.js';
import { say } from '../shared/language.js';
import { token } from './me.js';
import { page } from './parts.js';
import { look, watch } from './visit.js';

export async function show({ main, signal }) {
  const [{ body }, seen] = await Promise.all([patiently('GET', '/concerts', { signal }), underWay(signal)]);
  if (seen?.status === 'ACTIVE') watch();
  const cards = body.concerts.map(card);
  page(main, say('concerts.title'),
    seen && el('p', { class: 'note' }, say(seen.status === 'ACTIVE' ? 'concerts.inside' : 'concerts.waiting')),
    cards.length ? el('div', { class: 'rows' }, cards) : el('p', { class: 'soft' }, say('concerts.none')));
}

/** The customer's token, when there is one that still lives. */
async function underWay(signal) {
  if (!token()) return null;
  try {
    return await look({ signal });
  } catch (error) {
    if (error instanceof Refused) return null;
    throw error;
  }
}

function card({ concertId, title, venue, description, schedules }) {
  return el('article', { class: 'card concert' },
    el('div', {},
      el('h2', {}, title),
      venue && el('p', { class: 'soft' }, venue),
      description && el('p', {}, description)),
    schedules > 0
      ? el('a', { class: 'button main', href: `#/concerts/${concertId}` }, say('concerts.book', { n: schedules }),
        el('span', { class: 'unseen' }, ` ${title}`))
      : el('span', { class: 'tag' }, say('concerts.noDates')));
}
