// What several of the customer's pages show: a page with its title, a refusal as a sentence, a countdown.

import { Refused, Unreached } from '../shared/api.js';
import { el, fill, tell } from '../shared/dom.js';
import { countdown, dateTime } from '../shared/format.js';
import { has, say } from '../shared/language.js';
import { venueName } from '../shared/venue.js';

/** Fills the page, names it, and moves a reader who came from another page to its heading. */
export function page(main, title, ...children) {
  document.title = title === venueName() ? title : `${title} · ${venueName()}`;
  const heading = el('h1', { tabindex: '-1' }, title);
  const follows = main.dataset.arrived === 'yes' || main.contains(document.activeElement);
  delete main.dataset.arrived;
  fill(main, heading, children);
  main.removeAttribute('aria-busy');
  main.classList.remove('wide');
  main.classList.add('narrow');
  if (follows) heading.focus();
  return heading;
}

/** What a person reads of a refusal, and what to do next; `nameSeats` says how seats of these labels are called. */
export function sentence(error, timeZone, nameSeats = (labels) => labels.join(', ')) {
  if (error instanceof Unreached) return say('refusal.UNREACHED');
  if (!(error instanceof Refused)) return say('page.fault');
  const { problem, code } = error;
  const values = { ...problem, seats: nameSeats(problem.seats ?? []) };
  for (const name of ['saleOpensAt', 'saleClosesAt', 'refundUntil']) {
    if (problem[name]) values[name] = dateTime(problem[name], timeZone);
  }
  if (code === 'SEAT_UNAVAILABLE' && !problem.seats?.length) return say('refusal.TOO_FEW_FREE');
  if (has(`refusal.${code}`)) return say(`refusal.${code}`, values);
  return say('refusal.OTHER', { title: problem.title ?? code, detail: problem.detail ?? '' });
}

/** A refusal as a note on the page. */
export function refusalNote(error, timeZone) {
  const ours = !(error instanceof Refused || error instanceof Unreached);
  if (ours) console.error(error);
  return el('div', { class: 'note bad bar apart', role: 'alert' }, el('span', {}, sentence(error, timeZone)),
    ours && button(say('page.reload'), () => location.reload(), 'small'));
}

/**
 * Counts down in a node until `left()` is 0 or the signal aborts, then
 * calls `over`. The text is only set when it changes.
 */
export function countDown(node, left, signal, over = () => {}) {
  const step = () => {
    const seconds = left();
    tell(node, countdown(seconds));
    if (seconds > 0) return;
    clearInterval(timer);
    over();
  };
  const timer = setInterval(step, 250);
  signal.addEventListener('abort', () => clearInterval(timer));
  step();
}

/** Seconds left of a span that began with an answer: what the server said, less what has gone by here. */
export function leftOf(seconds) {
  const at = performance.now();
  return () => Math.max(0, seconds - (performance.now() - at) / 1000);
}

/** A button. */
export function button(label, click, kind = '') {
  return el('button', { type: 'button', class: kind, on: { click } }, label);
}

/** After so long a button that is busy says so. */
const BUSY_MS = 300;

/**
 * A button that does nothing more while what it began is under way, and says so when that takes long; `spoken` names
 * one whose label is a sign.
 */
export function busyButton(label, click, kind = 'main', spoken = undefined) {
  const node = button(label, async () => {
    if (node.getAttribute('aria-disabled') === 'true') return;
    node.setAttribute('aria-disabled', 'true');
    const saying = setTimeout(() => tell(node, say('busy')), BUSY_MS);
    try {
      await click();
    } finally {
      clearTimeout(saying);
      tell(node, label);
      node.removeAttribute('aria-disabled');
    }
  }, kind);
  if (spoken) node.setAttribute('aria-label', spoken);
  return node;
}
