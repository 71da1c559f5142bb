// The staff's pages: who works here sees the parts of their role, and the address says which one is open.

import '../shared/words.js';
import './words.js';
import { loadModule } from '../shared/api.js';
import { el } from '../shared/dom.js';
import { openFrame } from '../shared/frame.js';
import { language, say } from '../shared/language.js';
import { dropDrafts } from './draft.js';
import { refusedPage } from './forms.js';
import { goOn, may, me, session, signOut } from './session.js';
import { openSignIn } from './sign_in.js';

/** The parts: who may see them, and where they are. Each is loaded when it is first opened. */
const PARTS = [
  { name: 'evening', roles: ['admin'], load: () => import('./evening.js') },
  { name: 'concerts', roles: ['admin'], load: () => import('./concerts.js') },
  { name: 'dates', roles: ['admin'], load: () => import('./dates.js'), within: 'concerts' },
  { name: 'counter', roles: ['admin', 'counter'], load: () => import('./counter.js') },
  { name: 'door', roles: ['admin', 'counter', 'door'], load: () => import('./door.js') },
  { name: 'keys', roles: ['admin'], load: () => import('./keys.js') },
  { name: 'webhooks', roles: ['admin'], load: () => import('./webhooks.js'), within: 'keys' },
  { name: 'look', roles: ['admin'], load: () => import('./look.js') },
  { name: 'wall', roles: ['admin'], load: () => import('./wall.js'), within: 'evening' },
];

const { main, refresh } = openFrame({ home: '/staff', name: () => say('staff.title'), unkept: 'staff.unkept', places });
let open = new AbortController();

window.addEventListener('language', () => (me() ? show() : signInPage()));
window.addEventListener('hashchange', () => me() && show({ focus: true }));
session.addEventListener('over', () => signInPage(say('staff.keyOver')));
start();

async function start() {
  refresh();
  if (await goOn()) show();
  else signInPage();
}

const allowed = () => PARTS.filter(({ roles }) => may(...roles));

/** The part that the address names, or the first that the role may see; and what follows it. */
function placeOf(address) {
  const [name, ...rest] = address.replace(/^#/, '').split('/');
  const part = allowed().find((one) => one.name === name);
  return part ? { part, rest } : { part: allowed()[0], rest: [] };
}

async function show({ focus = false } = {}) {
  open.abort();
  open = new AbortController();
  const { signal } = open;
  const { part, rest } = placeOf(location.hash);
  refresh();
  showPlace();
  main.classList.remove('narrow');
  main.setAttribute('aria-busy', 'true');
  document.title = `${say(`part.${part.within ?? part.name}`)} · ${say('staff.title')}`;
  try {
    await (await loadModule(part.load)).open({ main, rest, signal });
    if (focus && !main.contains(document.activeElement)) main.querySelector('h1')?.focus();
  } catch (error) {
    if (!signal.aborted) refusedPage(main, error);
  } finally {
    if (!signal.aborted) main.removeAttribute('aria-busy');
  }
}

/** On a phone the line of places is longer than the page: it shows the one that is open. */
function showPlace() {
  const here = document.querySelector('.top [aria-current]');
  here?.parentNode.scrollTo(here.offsetLeft - here.parentNode.clientWidth / 3, 0);
}

function signInPage(why) {
  open.abort();
  refresh();
  main.removeAttribute('aria-busy');
  document.title = `${say('staff.signIn')} · ${say('staff.title')}`;
  openSignIn(main, show, why);
}

/** The places in the top of the page. */
function places() {
  if (!me()) return [];
  const { part } = placeOf(location.hash);
  const here = part.within ?? part.name;
  const leave = () => { signOut(); dropDrafts(); history.replaceState(null, '', '/staff'); signInPage(); };
  return [
    allowed().filter(({ within }) => !within).map(({ name }) =>
      el('a', { class: 'part', href: `/staff#${name}`, 'aria-current': name === here && 'page' }, say(`part.${name}`))),
    el('a', { class: 'part', href: `/handbook/${language()}#${here}`, target: '_blank' }, say('staff.handbook')),
    el('span', { class: 'who' }, `${me().name} · ${say(`role.${me().role}`)}`),
    el('button', { type: 'button', class: 'quiet small', on: { click: leave } }, say('staff.signOut')),
  ];
}
