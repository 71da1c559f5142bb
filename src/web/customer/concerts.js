// The concerts, each with its nearest date and how its sale stands; what is past comes last.

import { Refused, loadModule } from '../shared/api.js';
import { el } from '../shared/dom.js';
import { language, say } from '../shared/language.js';
import { inTab } from '../shared/store.js';
import { venue } from '../shared/venue.js';
import { isAlive, picture, priceFrom, readConcerts, stateTag, whenOf } from './dates.js';
import { token } from './me.js';
import { page } from './parts.js';

/** So many concerts are kept in the tab, to be there at once when it is loaded again. */
const KEPT_MAX = 50;
const KEPT = 'boxoffice.home';

export async function show({ main, signal }) {
  const kept = inTab.json(KEPT);
  if (kept?.language === language() && !main.firstChild) {
    draw(main, kept);
    main.setAttribute('aria-busy', 'true'); // until the answer is there
  }
  const [concerts, seen, { timeZone }] = await Promise.all([readConcerts(signal), underWay(signal), venue({ signal })]);
  inTab.setJson(KEPT, { language: language(), concerts: concerts.slice(0, KEPT_MAX), timeZone });
  draw(main, { concerts, seen, timeZone });
}

function draw(main, { concerts, seen, timeZone }) {
  const all = concerts.map((concert) => ({ ...concert, alive: !concert.next || isAlive(concert.next) }));
  // What can be seen soonest stands first; what has no dates yet comes after those that have.
  const starts = ({ next }) => (next ? Date.parse(next.startsAt) : Infinity);
  const ahead = all.filter(({ alive }) => alive).sort((a, b) => starts(a) - starts(b));
  const past = all.filter(({ alive }) => !alive).sort((a, b) => starts(b) - starts(a));
  page(main, say('concerts.title'), seen && underWayNote(seen),
    ahead.length || past.length ? el('div', { class: 'rows' }, ahead.map((concert) => card(concert, timeZone))) : el('p', { class: 'soft' }, say('concerts.none')),
    past.length > 0 && el('details', { class: 'past', open: !ahead.length }, el('summary', {}, say('concerts.past')),
      el('div', { class: 'rows' }, past.map((concert) => card(concert, timeZone)))));
}

function underWayNote({ status }) {
  const back = inTab.get('boxoffice.map'); // where the customer lined up from: it shows the line again
  return el('div', { class: 'note bar apart' }, el('span', {}, say(status === 'ACTIVE' ? 'concerts.inside' : 'concerts.waiting')),
    status !== 'ACTIVE' && back && el('a', { class: 'button small', href: back }, say('concerts.toLine')));
}

/** The customer's token, when there is one that still lives. */
async function underWay(signal) {
  if (!token()) return null;
  try {
    const { look, watch } = await loadModule(() => import('./visit.js'));
    const seen = await look({ signal });
    if (seen.status === 'ACTIVE') watch();
    return seen;
  } catch (error) {
    if (error instanceof Refused) return null;
    throw error;
  }
}

function card({ concertId, title, venue: place, description, poster, next, alive }, timeZone) {
  return el('article', { class: 'card concert' }, poster && picture(poster, { class: 'poster' }),
    el('div', {},
      el('h2', {}, title),
      place && el('p', { class: 'soft' }, place),
      next && el('p', { class: 'when' }, el('strong', {}, whenOf(next, timeZone)), ' ', stateTag(next, timeZone)),
      next && alive && el('p', { class: 'soft small' }, priceFrom(next.priceFrom)),
      description && el('p', { class: 'told brief' }, description)),
    next ? el('a', { class: alive ? 'button main' : 'button', href: `#/concerts/${concertId}` }, say('concerts.see'), el('span', { class: 'unseen' }, ` ${title}`))
      : el('span', { class: 'tag' }, say('concerts.noDates')));
}
