// "My tickets": everything that the customer reserved, by the user key alone, without queueing.

import { patiently } from '../shared/api.js';
import { el } from '../shared/dom.js';
import { points } from '../shared/format.js';
import { say } from '../shared/language.js';
import { seatNames } from '../shared/seat_name.js';
import { serverNow, venue } from '../shared/venue.js';
import { whenOf } from './dates.js';
import { asUser, me } from './me.js';
import { page } from './parts.js';
import { topUpForm } from './top_up.js';

/** A concert that began is not past for so long: people still come to the door. */
const STILL_MS = 6 * 3_600_000;
const KINDS = { CONFIRMED: 'good', PENDING_PAYMENT: 'warn', FAILED: 'bad', EXPIRED: '', CANCELLED: '', REFUNDED: '' };

export async function show({ main, signal }) {
  if (!me()) {
    page(main, say('tickets.title'), el('div', { class: 'card' }, el('p', {}, say('tickets.noKey')),
      el('div', { class: 'bar' }, el('a', { class: 'button main', href: '#/key' }, say('key.use')),
        el('a', { class: 'button', href: '#/' }, say('concerts.back')))));
    return;
  }
  const asked = { authorization: asUser(), signal };
  const [{ body }, { body: balance }, rules] = await Promise.all([
    patiently('GET', '/reservations', asked), patiently('GET', `/users/${me().userId}/balance`, asked), venue({ signal }),
  ]);
  // What is paid or waits for its payment and lies ahead comes first, the soonest at the top; the rest is folded away.
  const starts = ({ startsAt }) => Date.parse(startsAt);
  const isAhead = (one) => one.status === 'PENDING_PAYMENT' || (one.status === 'CONFIRMED' && starts(one) > serverNow() - STILL_MS);
  const ahead = body.reservations.filter(isAhead).sort((a, b) => starts(a) - starts(b));
  const ended = body.reservations.filter((one) => !isAhead(one));
  const rows = (list) => el('div', { class: 'rows' }, list.map((reservation) => row(reservation, rules.timeZone)));
  const balanceText = el('strong', { class: 'figures' }, points(balance.balance));
  page(main, say('tickets.title'),
    ahead.length || ended.length ? rows(ahead)
      : el('div', { class: 'card' }, el('p', {}, say('tickets.none')), el('a', { class: 'button main', href: '#/' }, say('concerts.back'))),
    ended.length > 0 && el('details', { class: 'past', open: !ahead.length }, el('summary', {}, say('tickets.ended')), rows(ended)),
    el('section', { class: 'card' }, el('div', { class: 'bar apart' }, el('h2', {}, say('tickets.balance')), balanceText),
      rules.topUpPolicy === 'self'
        ? el('details', {}, el('summary', {}, say('topUp.open')), topUpForm(1, signal, (now) => { balanceText.textContent = points(now); }))
        : el('p', { class: 'soft small' }, say('tickets.counter'))));
}

function row(reservation, timeZone) {
  const { reservationId, status, endReason, concertTitle, seats, amount } = reservation;
  const href = status === 'PENDING_PAYMENT' ? `#/pay/${reservationId}` : `#/tickets/${reservationId}`;
  const label = { PENDING_PAYMENT: 'pending.pay', CONFIRMED: 'tickets.open' }[status];
  return el('article', { class: 'card' },
    el('div', { class: 'bar apart' }, el('h2', {}, concertTitle), el('span', { class: `tag ${KINDS[status]}` }, say(`status.${endReason ? 'DATE_CANCELLED' : status}`))),
    el('p', {}, whenOf(reservation, timeZone)),
    el('p', { class: 'soft' }, seatNames(seats), ' · ', points(amount)),
    label && el('a', { class: 'button main', href }, say(label)));
}
