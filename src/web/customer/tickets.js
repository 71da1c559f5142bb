// "My tickets": everything that the customer reserved, by the user key alone, without queueing.

import { patiently } from '../shared/api.js';
import { el } from '../shared/dom.js';
import { date, points, time } from '../shared/format.js';
import { say } from '../shared/language.js';
import { venue } from '../shared/venue.js';
import { asUser, me } from './me.js';
import { page } from './parts.js';
import { topUpForm } from './top_up.js';

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
  const rows = body.reservations.map((reservation) => row(reservation, rules.timeZone));
  const balanceText = el('strong', { class: 'figures' }, points(balance.balance));
  page(main, say('tickets.title'),
    rows.length ? el('div', { class: 'rows' }, rows)
      : el('div', { class: 'card' }, el('p', {}, say('tickets.none')), el('a', { class: 'button main', href: '#/' }, say('concerts.back'))),
    el('section', { class: 'card' }, el('div', { class: 'bar apart' }, el('h2', {}, say('tickets.balance')), balanceText),
      rules.topUpPolicy === 'self'
        ? el('details', {}, el('summary', {}, say('topUp.open')), topUpForm(1, signal, (now) => { balanceText.textContent = points(now); }))
        : el('p', { class: 'soft small' }, say('tickets.counter'))));
}

function row({ reservationId, status, concertTitle, date: day, startsAt, seats, amount }, timeZone) {
  const href = status === 'PENDING_PAYMENT' ? `#/pay/${reservationId}` : `#/tickets/${reservationId}`;
  const label = { PENDING_PAYMENT: 'pending.pay', CONFIRMED: 'tickets.open' }[status];
  return el('article', { class: 'card' },
    el('div', { class: 'bar apart' }, el('h2', {}, concertTitle), el('span', { class: `tag ${KINDS[status]}` }, say(`status.${status}`))),
    el('p', {}, `${date(day)} ${time(startsAt, timeZone)}`),
    el('p', { class: 'soft' }, say('seats.list', { seats: seats.map(({ seat }) => seat).join(', ') }), ' · ', points(amount)),
    label && el('a', { class: 'button main', href }, say(label)));
}
