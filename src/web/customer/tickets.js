// "My tickets": everything that the customer reserved, by the user key alone, without queueing.

import './booking_words.js';
import './refusals.js';
import { patiently } from '../shared/api.js';
import { el } from '../shared/dom.js';
import { dateTime, points } from '../shared/format.js';
import { say } from '../shared/language.js';
import { seatNames } from '../shared/seat_name.js';
import { serverNow, venue } from '../shared/venue.js';
import { inOwnWords, whenOf } from './dates.js';
import { keep, keptOf } from './kept.js';
import { asUser, me } from './me.js';
import { freshOrKept, offlineNote, readTicket } from './offline.js';
import { page } from './parts.js';
import { topUpForm } from './top_up.js';

/** A concert that began is not past for so long: people still come to the door. */
const STILL_MS = 6 * 3_600_000;
/** So many tickets are kept for a place without network, the soonest. */
const KEPT_MAX = 100;
/** Why something ended, as its row says it. */
const ENDS = { SCHEDULE_CANCELLED: 'DATE_CANCELLED', EXCHANGED: 'EXCHANGED' };
const KINDS = { CONFIRMED: 'good', PENDING_PAYMENT: 'warn', FAILED: 'bad', EXPIRED: '', CANCELLED: '', REFUNDED: '' };

/** It has something to show without network. */
export const isKept = true;

export async function show({ main, signal }) {
  if (!me()) {
    page(main, say('tickets.title'), el('div', { class: 'card' }, el('p', {}, say('tickets.noKey')),
      el('div', { class: 'bar' }, el('a', { class: 'button main', href: '#/key' }, say('key.use')),
        el('a', { class: 'button', href: '#/' }, say('concerts.back')))));
    return;
  }
  const { userId } = me();
  const asked = { authorization: asUser(), signal };
  const read = async (query) => inOwnWords((await patiently('GET', `/reservations${query}`, asked)).body.reservations, signal);
  const ask = () => Promise.all([Promise.all([read(''), read('?status=CONFIRMED')]), patiently('GET', `/users/${userId}/balance`, asked), venue({ signal })]);
  const kept = keptOf(userId);
  await freshOrKept(ask, ([lists, { body: balance }, rules]) => {
    const { ahead, ended } = sorted(together(lists), serverNow());
    draw(main, signal, { ahead, ended, balance, rules });
    keep(userId, rules.timeZone, { all: ahead });
    keepTickets(ahead, asked, rules.timeZone).catch((error) => { if (!signal.aborted) throw error; });
  }, kept && (() => draw(main, signal, { ...sorted(kept.reservations, Date.now()), kept, rules: kept })), signal);
}

/** The newest of all and those that are paid, each once: no ticket falls off behind many that were given back. */
const together = (lists) => [...new Map(lists.flat().map((one) => [one.reservationId, one])).values()];

/** What is paid or waits for its payment and lies ahead, the soonest first; and the rest, which is folded away. */
function sorted(reservations, now) {
  const starts = ({ startsAt }) => Date.parse(startsAt);
  const isAhead = (one) => one.status === 'PENDING_PAYMENT' || (one.status === 'CONFIRMED' && starts(one) > now - STILL_MS);
  return { ahead: reservations.filter(isAhead).sort((a, b) => starts(a) - starts(b)), ended: reservations.filter((one) => !isAhead(one)) };
}

function draw(main, signal, { ahead, ended, balance, rules, kept }) {
  const rows = (list) => el('div', { class: 'rows' }, list.map((reservation) => row(reservation, rules.timeZone)));
  page(main, say('tickets.title'),
    kept && offlineNote(kept.reservations[0].keptAt, kept.timeZone),
    ahead.length || ended.length ? rows(ahead)
      : el('div', { class: 'card' }, el('p', {}, say('tickets.none')), el('a', { class: 'button main', href: '#/' }, say('concerts.back'))),
    ended.length > 0 && el('details', { class: 'past', open: !ahead.length }, el('summary', {}, say('tickets.ended')), rows(ended)),
    balance && purse(balance.balance, rules, signal));
}

function purse(balance, rules, signal) {
  const text = el('strong', { class: 'figures' }, points(balance));
  return el('section', { class: 'card' }, el('div', { class: 'bar apart' }, el('h2', {}, say('tickets.balance')), text),
    rules.topUpPolicy === 'self'
      ? el('details', {}, el('summary', {}, say('topUp.open')), topUpForm(1, signal, (now) => { text.textContent = points(now); }))
      : el('p', { class: 'soft small' }, say('tickets.counter')));
}

/** Keeps the tickets to come, one after the other: they are there without network before anybody opened them. */
async function keepTickets(ahead, asked, timeZone) {
  const { userId } = me();
  const known = keptOf(userId)?.tickets ?? {};
  let count = 0;
  for (const reservation of ahead) {
    const missing = (reservation.tickets ?? []).filter(({ ticketId, number }) => known[ticketId]?.number !== number).slice(0, KEPT_MAX - count);
    const tickets = [];
    for (const ticket of missing) tickets.push({ ...await readTicket(ticket, asked), concertId: reservation.concertId });
    count += tickets.length;
    if (tickets.length && me()?.userId === userId) keep(userId, timeZone, { one: reservation, tickets: await inOwnWords(tickets) });
  }
}

function row(reservation, timeZone) {
  const { reservationId, status, endReason, concertTitle, seats, amount } = reservation;
  const href = status === 'PENDING_PAYMENT' ? `#/pay/${reservationId}` : `#/tickets/${reservationId}`;
  const label = { PENDING_PAYMENT: 'pending.pay', CONFIRMED: 'tickets.open' }[status];
  return el('article', { class: 'card' },
    el('div', { class: 'bar apart' }, el('h2', {}, concertTitle), el('span', { class: `tag ${KINDS[status]}` }, say(`status.${ENDS[endReason] ?? status}`))),
    el('p', {}, whenOf(reservation, timeZone)),
    status === 'CONFIRMED' && reservation.movedFrom && el('p', { class: 'note warn' }, say('ticket.moved', { before: dateTime(reservation.movedFrom, timeZone) })),
    el('p', { class: 'soft' }, seatNames(seats), ' · ', points(amount)),
    label && el('a', { class: 'button main', href }, say(label)));
}
