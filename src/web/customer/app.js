// The customer's pages: which one the address names, what stands at the top, and where to go when something is refused.

import '../shared/words.js';
import './words.js';
import { Refused, Unreached, connection, isLost, loadModule } from '../shared/api.js';
import { el, styleSheet } from '../shared/dom.js';
import { openFrame } from '../shared/frame.js';
import { say } from '../shared/language.js';
import { secondsUntil, venue, venueName } from '../shared/venue.js';
import * as concerts from './concerts.js';
import { me, onOtherTab, token, visit } from './me.js';
import { button, countDown, page, refusalNote } from './parts.js';

/** What every page but the first looks like besides. */
const LATER = new URL('./booking.css', import.meta.url).pathname;

const ROUTES = [
  [/^$/, () => concerts],
  [/^concerts\/(\d+)$/, () => import('./concert.js')],
  [/^concerts\/(\d+)\/dates\/(\d+)$/, () => import('./seats.js')],
  [/^pay\/([\w-]+)$/, () => import('./pay.js')],
  [/^(more|exchange)\/([\w-]+)$/, () => import('./other_seats.js')],
  [/^tickets$/, () => import('./tickets.js')],
  [/^tickets\/([\w-]+)$/, () => import('./ticket.js')],
  [/^key(?:\/([\w.-]+))?$/, () => import('./key.js')],
];

const { main, refresh } = openFrame({ home: '#/', name: venueName, unkept: 'storage.blocked', tellsVenue: true, places });
let current = new AbortController();
let view = null;
let shown = null;

function places() {
  return [
    visit.seen?.status === 'ACTIVE' && !/^#\/pay\//.test(location.hash) && visitLeft(), // a hold has a clock of its own
    me() && el('a', { class: 'button quiet small', href: '#/tickets' }, say('tickets.title')),
    el('a', { class: 'button quiet small', href: '#/key' }, say('key.short')),
  ];
}

/** What is left of the visit, at the top of every page. */
function visitLeft() {
  const left = el('strong', { class: 'figures' });
  countDown(left, () => secondsUntil(visit.seen?.expiresAt ?? 0), current.signal);
  return el('span', { class: 'visit', title: say('visit.hint') }, el('span', { class: 'label' }, say('visit.left'), ' '), left);
}

/** What the address names: what follows #, or the concert of a path such as `/c/3`. */
function addressNow() {
  const concert = !location.hash && /^\/c\/(\d+)\/?$/.exec(location.pathname);
  return concert ? `concerts/${concert[1]}` : location.hash.replace(/^#\/?/, '');
}

/** A concert has a path of its own, so that a link to it shows elsewhere what it is; all else stands at the top. */
function settle(address) {
  const concert = /^concerts\/(\d+)$/.exec(address);
  if (concert) history.replaceState(null, '', `/c/${concert[1]}`);
  else if (location.pathname !== '/') history.replaceState(null, '', `/${location.hash}`);
  shown = address;
}

/** Shows the page that the address names. */
async function show() {
  current.abort(new DOMException('another page is shown', 'AbortError'));
  current = new AbortController();
  const { signal } = current;
  const address = addressNow();
  settle(address);
  const route = ROUTES.find(([pattern]) => pattern.test(address));
  refresh();
  try {
    if (!route) return page(main, say('nowhere.title'), el('p', {}, say('nowhere.text')), home());
    const [pattern, load] = route;
    view = null;
    const [loaded] = await Promise.all([loadModule(load), address !== '' && styleSheet(LATER)]);
    if (signal.aborted) return;
    view = loaded;
    offerTickets(signal);
    await view.show({ main, params: address.match(pattern).slice(1), signal });
  } catch (error) {
    if (!signal.aborted) trouble(error);
  }
}

/** While a page that needs the network has nothing to show, the way to the tickets that do without. */
function offerTickets(signal) {
  const before = main.firstChild;
  const offer = async () => {
    const kept = me() && (await import('./kept.js').catch(() => null))?.keptOf(me().userId);
    const isDrawn = main.firstChild !== before && !main.hasAttribute('aria-busy');
    if (!kept || signal.aborted || isDrawn || view.isKept) return;
    page(main, say('offline.title'), el('div', { class: 'card' }, el('p', {}, say('offline.text')), el('a', { class: 'button main', href: '#/tickets' }, say('tickets.title'))));
  };
  connection.addEventListener('lost', offer, { signal, once: true });
  if (isLost()) offer();
}

/** A refusal that the page itself did not answer. */
function trouble(error) {
  if (error instanceof Refused && view?.needsVisit) {
    if (error.code === 'TOKEN_WAITING') return show();
    if (error.code === 'TOKEN_OTHER_LINE') return toLineOf(error.problem.concertId);
    if (error.status === 401) return import('./visit.js').then(({ ended }) => ended(error.problem.reason ?? null));
  }
  if (error instanceof Unreached) window.addEventListener('online', () => location.reload(), { once: true, signal: current.signal });
  else if (!(error instanceof Refused)) console.error(error);
  const ofKey = error.code === 'USER_KEY_INVALID';
  page(main, say('trouble.title'), refusalNote(error), el('div', { class: 'bar' },
    ofKey ? el('a', { class: 'button main', href: '#/key' }, say('key.title')) : button(say('again'), show, 'main'), home()));
}

/** A concert was given a line of its own, or lost it, since this page asked for the rules. */
async function toLineOf(concertId) {
  try {
    const { standFor } = await import('./visit.js');
    standFor(concertId, await venue({ fresh: true }));
    await show();
  } catch (error) {
    trouble(error);
  }
}

/** The visit is over: pages that need one say why, and so does the one on which it was ended; the others go on. */
async function afterVisit() {
  status = null; // the next visit is one of its own
  refresh();
  if (!view?.needsVisit && visit.reason !== 'LEFT') return;
  current.abort(new DOMException('the visit is over', 'AbortError'));
  current = new AbortController();
  const { signal } = current;
  try {
    const { showEnded } = await loadModule(() => import('./gate.js'));
    if (!signal.aborted) await showEnded(main, visit.reason, signal);
  } catch (error) {
    if (!signal.aborted) trouble(error);
  }
}

const home = () => el('a', { class: 'button', href: '#/' }, say('concerts.back'));

function arrive(event) {
  if (event.isTrusted && addressNow() === shown) return; // browsers tell some ways back twice
  main.dataset.arrived = 'yes';
  window.scrollTo(0, 0);
  show();
}

window.addEventListener('hashchange', arrive);
window.addEventListener('popstate', arrive);
window.addEventListener('language', show);
onOtherTab((anotherUser) => {
  // That a visit is over each tab learns by itself, with the reason.
  if (anotherUser || token() || !(visit.seen || visit.reason)) show();
});
let status = null;
visit.addEventListener('seen', () => {
  // Only what is at the top changes with it; who stands there with the keyboard is not moved by each look.
  if (visit.seen?.status !== status) refresh();
  status = visit.seen?.status;
});
visit.addEventListener('leaving', () => current.abort(new DOMException('the customer leaves', 'AbortError')));
visit.addEventListener('ended', afterVisit);
// The files of the version that is shown, for those who may have tickets.
if (me()) window.addEventListener('load', () => import('./kept.js').then(({ keepFiles }) => keepFiles(), () => {}));
show();
