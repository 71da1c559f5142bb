// All calls by room, the search among them, and the address of each: `/docs#reserve`.

import { el, fill, tell } from '../shared/dom.js';
import { say } from '../shared/language.js';
import { callView } from './call.js';
import { prose } from './prose.js';
import { fold } from './schema.js';

const KINDS = { GET: '', POST: 'good', PUT: 'warn', PATCH: 'warn', DELETE: 'bad' };

/** Puts the whole document on the page. */
export function openList(main, document) {
  const rooms = document.rooms().map((room) => roomView(document, room));
  const found = el('p', { class: 'soft small', role: 'status' });
  const input = el('input', { id: 'search', type: 'search', autocomplete: 'off', spellcheck: 'false', autocapitalize: 'off' });
  const search = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const shown = rooms.reduce((sum, room) => sum + room.filter(words), 0);
    tell(found, words.length ? say('docs.found', { n: shown }) : say('docs.all', { n: document.calls.length }));
  };
  input.addEventListener('input', search);
  fill(main,
    el('aside', { class: 'side' },
      el('div', { class: 'field' }, el('label', { for: 'search' }, say('docs.search')), input, found),
      el('nav', { 'aria-label': say('docs.rooms') }, el('ul', {}, rooms.map(({ link }) => link)))),
    el('div', { class: 'calls' },
      el('h1', { tabindex: '-1' }, say('docs.title')),
      el('p', {}, say('docs.intro', { url: location.origin })),
      fold(say('docs.conventions'), () => el('div', { class: 'conventions' }, prose(document.conventions, 'h2')), { class: 'every' }),
      rooms.map(({ node }) => node)));
  search();
}

/** A room: its heading, its calls, a link to it, and `filter(words)`, which shows the calls that have all words. */
function roomView(document, { id, title, description, calls }) {
  const rows = calls.map((call) => ({ text: textOf(call, title), node: callRow(document, call) }));
  const node = el('section', {}, el('h2', { id, tabindex: '-1' }, title), el('p', { class: 'soft' }, description), rows.map((row) => row.node));
  const link = el('li', {}, el('a', { href: `#${id}` }, title));
  const filter = (words) => {
    for (const row of rows) row.node.hidden = !words.every((word) => row.text.includes(word));
    const count = rows.filter((row) => !row.node.hidden).length;
    node.hidden = link.hidden = count === 0;
    return count;
  };
  return { node, link, filter };
}

/** What the search reads of a call. */
function textOf({ id, method, path, summary, description, roles = [], refusals, parameters }, title) {
  const names = [...refusals.filter(({ isCommon }) => !isCommon).map(({ code }) => code), ...parameters.map(({ name }) => name)];
  return [id, method, path, summary, description, title, ...roles, ...names].join(' ').toLowerCase();
}

function callRow(document, call) {
  const parts = call.path.split('/').map((part, at) => [at > 0 && ['/', el('wbr')], part]);
  const heading = el('h3', {},
    el('span', { class: `tag method ${KINDS[call.method]}` }, call.method), ' ', el('code', {}, parts), ' ', el('span', { class: 'what' }, call.summary));
  const node = fold(heading, () => callView(document, call), { id: call.id, class: 'call' });
  // The address names the call that was opened last, to be copied or kept.
  node.firstChild.addEventListener('click', () => { if (!node.open) history.replaceState(null, '', `#${call.id}`); });
  return node;
}

/** Goes to the call or the room that the address names. */
export function showPlace() {
  const place = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!place || !place.closest('.calls')) return;
  if (place.matches('details')) place.open = true;
  for (let at = place; at; at = at.parentElement) at.hidden = false; // it may be filtered out
  (place.matches('details') ? place.firstChild : place).focus();
  place.scrollIntoView();
}
