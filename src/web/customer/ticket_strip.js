// Several tickets beside each other; on a phone one at a time, moved by a finger, by two buttons or by the arrow keys.

import { el, tell } from '../shared/dom.js';
import { say } from '../shared/language.js';
import { button } from './parts.js';

export function strip(stubs) {
  const list = el('div', { class: 'tickets' }, stubs);
  if (stubs.length < 2) return list;
  list.classList.add('several');
  let at = 0;
  const steps = stepper(stubs.length, (by) => list.scrollTo({ left: stubs[at + by].offsetLeft - stubs[0].offsetLeft }));
  const follow = () => {
    const width = stubs[1].offsetLeft - stubs[0].offsetLeft;
    at = width > 0 ? Math.min(stubs.length - 1, Math.max(0, Math.round(list.scrollLeft / width))) : 0;
    steps.tell(at);
  };
  list.addEventListener('scroll', follow, { passive: true });
  list.addEventListener('keydown', (event) => steps.byKey(event, at));
  steps.tell(0);
  return [list, steps.node];
}

/** Two buttons and the place between them; `go` gets -1 or 1. `byKey` answers the arrow keys. */
export function stepper(count, go) {
  const place = el('span', { class: 'figures', role: 'status' });
  const back = button('‹', () => go(-1), 'small');
  const on = button('›', () => go(1), 'small');
  back.setAttribute('aria-label', say('ticket.back'));
  on.setAttribute('aria-label', say('ticket.next'));
  const can = (at, by) => at + by >= 0 && at + by < count;
  return {
    node: el('div', { class: 'stepper no-print' }, back, place, on),
    tell(at) {
      tell(place, say('ticket.place', { at: at + 1, of: count }));
      back.disabled = !can(at, -1);
      on.disabled = !can(at, 1);
    },
    byKey(event, at) {
      const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!by || !can(at, by)) return;
      event.preventDefault();
      go(by);
    },
  };
}
