// The tickets of a reservation on paper: one under the other, each with its QR code and its number.

import { el, fill } from '../shared/dom.js';
import './counter_seats_words.js';
import { date, time, won } from '../shared/format.js';
import { language, say } from '../shared/language.js';
import { seatName } from '../shared/seat_name.js';
import { askHolder } from '../shared/hand_over.js';
import { publicAddress } from '../shared/venue.js';
import { act, read } from './session.js';
import { doIt } from './sure.js';
import { newKey } from '../shared/api.js';

export async function openTickets(main, userId, reservationId, { timeZone }, signal) {
  const [{ body: reservation }, { body: user }] = await Promise.all([
    read(`/staff/reservations/${encodeURIComponent(reservationId)}`, { signal }), read(`/staff/users/${encodeURIComponent(userId)}`, { signal }),
  ]);
  const details = await Promise.all(reservation.tickets.map(async ({ ticketId }) => (await read(`/staff/tickets/${ticketId}`, { signal })).body));
  const { concertId } = (await read(`/staff/schedules/${reservation.scheduleId}`, { signal })).body;
  const { concerts } = (await read('/staff/concerts', { signal })).body;
  const words = { title: reservation.concertTitle, venue: details[0]?.venue, ...writtenIn(concerts.find((one) => one.concertId === concertId)?.translations[language()]) };
  const priceOf = new Map(reservation.seats.map(({ seat, price }) => [seat, price]));
  const pictures = await Promise.all(reservation.tickets.map(async ({ ticketId }) => {
    const { body } = await read(`/staff/tickets/${ticketId}.svg`, { signal, accept: 'image/svg+xml' });
    return URL.createObjectURL(new Blob([body], { type: 'image/svg+xml' }));
  }));
  signal.addEventListener('abort', () => pictures.forEach((url) => URL.revokeObjectURL(url)));
  const valid = reservation.status === 'CONFIRMED';
  fill(main,
    el('div', { class: 'no-print' }, el('p', {}, el('a', { href: `#counter/${userId}` }, `← ${user.name}`)),
      el('h1', { tabindex: '-1' }, say('stub.title', { n: reservation.tickets.length })),
      el('p', { class: valid ? 'soft' : 'note bad' }, say(valid ? 'stub.hint' : 'stub.void')),
      valid && el('button', { type: 'button', class: 'main', on: { click: () => window.print() } }, say('print'))),
    valid && el('div', { class: 'stubs' }, reservation.tickets.map(({ seat, number, ticketId }, at) =>
      el('article', { class: 'card stub', 'data-ticket': ticketId },
        el('img', { src: pictures[at], alt: say('stub.qr', { seat }), width: 160, height: 160 }),
        el('div', {}, el('h2', {}, words.title),
          el('p', {}, [`${date(reservation.date)} ${time(reservation.startsAt, timeZone)}`, words.venue].filter(Boolean).join(' · ')),
          el('p', { class: 'big' }, seatName({ ...details[at], number: details[at].seatNumber })),
          details[at].tariff && el('p', {}, [details[at].tariff, details[at].tariffNote].filter(Boolean).join(': ')),
          el('p', { class: 'soft' }, `${details[at].holder} · ${reservation.payment.method === 'FREE' ? say('method.FREE') : won(priceOf.get(seat))}`), el('p', {}, el('code', {}, number)),
          publicAddress() && el('p', { class: 'soft small' }, say('stub.address', { address: publicAddress() })),
          el('button', { type: 'button', class: 'no-print', on: { click: () => reissue(ticketId, seat) } }, say('handOver.begin')))))));
  if (valid) main.querySelector('button.main').focus(); // Enter prints
}

/** Of a concert's words in a language those that were written. */
const writtenIn = (words) => Object.fromEntries(Object.entries(words ?? {}).filter(([, text]) => text));

async function reissue(ticketId, seat) {
  const body = await askHolder(seat);
  if (body && await doIt(() => act('POST', `/staff/tickets/${ticketId}/reissue`, body, { key: newKey() }), say('handOver.done'))) window.dispatchEvent(new Event('hashchange'));
}
