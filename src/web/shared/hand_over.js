// A ticket made out anew: for whom is asked, and what becomes of the old code is said.

import './seat_words.js';
import { el } from './dom.js';
import { say } from './language.js';
import { ask } from './notice.js';

/** The body of the call: with the name of who is to go in, or without one; null when it was not agreed to. */
export async function askHolder(seat) {
  const input = el('input', { id: 'holder', maxlength: 80, autocomplete: 'off' });
  const yes = await ask({
    title: say('handOver.title', { seat }),
    body: el('div', {}, el('p', {}, say('handOver.text')), el('label', { for: 'holder' }, say('handOver.name')), input),
    choices: [{ label: say('handOver.keep'), value: false }, { label: say('handOver.do'), value: true, kind: 'main' }],
  });
  const holder = input.value.trim();
  return yes ? (holder ? { holder } : {}) : null;
}
