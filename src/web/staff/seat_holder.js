// From a seat that is held or sold to its holder.

import './counter_seats_words.js';
import { el } from '../shared/dom.js';
import { dateTime } from '../shared/format.js';
import { say } from '../shared/language.js';
import { ask } from '../shared/notice.js';
import { seatName } from '../shared/seat_name.js';
import { venue } from '../shared/venue.js';

/** Says whose seat it is, and goes there if somebody wants to. */
export async function showHolder(seat) {
  const { userId, name, heldUntil } = seat.holder;
  const { timeZone } = await venue();
  const body = el('div', {}, el('p', { class: 'big' }, name), el('p', {}, heldUntil ? say('seatSale.heldUntil', { when: dateTime(heldUntil, timeZone) }) : say('seatSale.sold')));
  const choices = [{ label: say('sure.back'), value: false }, { label: say('seatSale.toHolder'), value: true, kind: 'main' }];
  if (await ask({ title: seatName(seat), body, choices })) location.hash = `#counter/${userId}`;
}
