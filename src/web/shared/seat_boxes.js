// Which of several seats are meant: a box for each, all of them ticked at first.

import './seat_words.js';
import { el } from './dom.js';
import { say } from './language.js';

/** The boxes of `seats`, each `{seat, name}`, and those that are ticked; `changed` hears of each change. */
export function seatBoxes(seats, changed) {
  const boxes = seats.map((one) => ({ one, input: el('input', { type: 'checkbox', checked: true, 'data-seat': one.seat }) }));
  const chosen = () => boxes.filter(({ input }) => input.checked).map(({ one }) => one);
  const node = el('fieldset', { class: 'seat-boxes', on: { change: () => changed(chosen()) } }, el('legend', {}, say('seatBoxes.which')),
    boxes.map(({ one, input }) => el('label', {}, input, ' ', one.name)));
  return { node, chosen };
}
