// A reservation that is not paid yet, wherever the customer is.

import { patiently } from '../shared/api.js';
import { el } from '../shared/dom.js';
import { say } from '../shared/language.js';
import { seatNames } from '../shared/seat_name.js';
import { inOwnWords } from './dates.js';
import { asVisitor } from './me.js';

/** A note that leads to the customer's unpaid reservation, or null when there is none. */
export async function toPending(signal) {
  const { body } = await patiently('GET', '/reservations', { authorization: asVisitor(), signal });
  const [pending] = await inOwnWords(body.reservations.filter(({ status }) => status === 'PENDING_PAYMENT'), signal);
  if (!pending) return null;
  return el('div', { class: 'note warn bar apart' },
    el('span', {}, say('pending.text', { title: pending.concertTitle, seats: seatNames(pending.seats) })),
    el('a', { class: 'button small', href: `#/pay/${pending.reservationId}` }, say('pending.pay')));
}
