// A ticket's code as large as the screen, on white, for a scanner that finds it hard to read. The screen stays on, and
// the other tickets of the reservation are a swipe or an arrow away.

import { anySignal } from '../shared/api.js';
import { keepAwake } from '../shared/awake.js';
import { el, fill, tell } from '../shared/dom.js';
import { ask } from '../shared/notice.js';
import { stepper } from './ticket_strip.js';

/** A finger that went so far meant the next one. */
const SWIPE_PX = 48;

export async function showLarge(tickets, first, signal) {
  let at = first;
  const shown = el('div', { class: 'qr-large', 'aria-live': 'polite' });
  const steps = stepper(tickets.length, (by) => show(at + by));
  const closed = new AbortController();
  const answer = ask({ title: tickets[at].name, kind: 'large', body: el('div', {}, shown, tickets.length > 1 && steps.node), signal });
  const dialog = shown.closest('dialog');
  function show(next) {
    at = next;
    const { name, url, alt, number, concertTitle, when, holder, used } = tickets[at];
    tell(dialog.querySelector('h2'), name);
    fill(shown, el('img', { src: url, alt, draggable: 'false' }), el('p', { class: 'code ticket-number' }, number),
      used && el('p', { class: 'note warn' }, used), el('p', { class: 'small' }, concertTitle, el('br'), when, holder && [el('br'), holder]));
    steps.tell(at);
  }
  show(at);
  dialog.addEventListener('keydown', (event) => steps.byKey(event, at));
  let from = null;
  shown.addEventListener('touchstart', ({ touches }) => { from = touches.length === 1 ? touches[0].clientX : null; }, { passive: true });
  shown.addEventListener('touchend', ({ changedTouches: [{ clientX }] }) => {
    const by = from === null || Math.abs(clientX - from) < SWIPE_PX ? 0 : Math.sign(from - clientX);
    if (by && tickets[at + by]) show(at + by);
  }, { passive: true });
  keepAwake(anySignal(closed.signal, signal));
  await answer;
  closed.abort();
}
