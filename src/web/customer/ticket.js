// The tickets of one reservation: a QR code for the scanner, a number for people, on screen and on paper; giving them back.

import { Refused, patiently } from '../shared/api.js';
import { el, fill } from '../shared/dom.js';
import { date, dateTime, points, time } from '../shared/format.js';
import { say } from '../shared/language.js';
import { ask, toast } from '../shared/notice.js';
import { secondsUntil, venue } from '../shared/venue.js';
import { asUser, me } from './me.js';
import { busyButton, button, page, refusalNote } from './parts.js';

export async function show({ main, params: [reservationId], signal }) {
  if (!me()) return void (location.hash = '#/tickets');
  const asked = { authorization: asUser(), signal };
  const [{ body: reservation }, { timeZone }] = await Promise.all([
    patiently('GET', `/reservations/${reservationId}`, asked), venue({ signal }),
  ]);
  if (reservation.status === 'PENDING_PAYMENT') return void location.replace(`#/pay/${reservationId}`);
  const justPaid = sessionStorage.getItem('boxoffice.paid') === reservationId;
  sessionStorage.removeItem('boxoffice.paid');
  const pictures = await Promise.all(reservation.tickets.map((ticket) => picture(ticket, asked)));
  signal.addEventListener('abort', () => pictures.forEach((url) => url && URL.revokeObjectURL(url)));
  const valid = reservation.status === 'CONFIRMED';
  const notes = el('div', {});
  page(main, say(justPaid ? 'ticket.thanks' : 'ticket.title', { n: reservation.tickets.length }), notes,
    justPaid && el('p', { class: 'note good no-print' }, say('ticket.thanksText')),
    !valid && el('p', { class: 'note warn' }, say(`ticket.${reservation.status === 'REFUNDED' ? 'refunded' : 'none'}`)),
    valid && el('div', { class: 'tickets' }, reservation.tickets.map((ticket, at) =>
      stub(reservation, ticket, pictures[at], timeZone))),
    el('div', { class: 'bar no-print' },
      valid && button(say('ticket.print'), () => window.print(), justPaid ? '' : 'main'),
      el('a', { class: 'button', href: '#/tickets' }, say('tickets.title')),
      justPaid && el('a', { class: 'button', href: '#/key' }, say('key.save'))),
    valid && giveBack(reservation, timeZone, notes, signal));
}

/** The QR code as an address that an `img` can show: the call needs the key, which an `img` cannot send. */
async function picture({ ticketId }, asked) {
  try {
    const { body } = await patiently('GET', `/tickets/${ticketId}.svg`, { ...asked, accept: 'image/svg+xml' });
    return URL.createObjectURL(new Blob([body], { type: 'image/svg+xml' }));
  } catch (error) {
    if (error instanceof Refused) return null; // the number on the ticket does as well
    throw error;
  }
}

function stub({ concertTitle, startsAt, date: day, seats }, { seat, number, ticketId }, url, timeZone) {
  const price = seats.find((one) => one.seat === seat)?.price;
  const alt = say('ticket.qr', { seat });
  return el('article', { class: 'ticket card', 'data-ticket': ticketId },
    url ? el('button', { type: 'button', class: 'qr', 'aria-label': say('ticket.larger', { seat }), on: { click: () => larger(seat, number, url, alt) } },
      el('img', { src: url, alt }))
      : el('p', { class: 'note warn' }, say('ticket.noQr')),
    el('div', {},
      el('h2', {}, concertTitle),
      el('p', {}, `${date(day)} ${time(startsAt, timeZone)}`),
      el('p', { class: 'seat-label' }, say('seat.name', { seat })),
      price !== undefined && el('p', { class: 'soft small' }, points(price)),
      el('p', { class: 'small soft' }, say('ticket.number')),
      el('p', { class: 'code ticket-number' }, number)));
}

/** The code as large as the screen, on white, for a scanner that finds it hard to read. */
function larger(seat, number, url, alt) {
  return ask({
    title: say('seat.name', { seat }),
    body: el('div', { class: 'qr-large' }, el('img', { src: url, alt }), el('p', { class: 'code ticket-number' }, number)),
  });
}

/** Giving paid tickets back, as long as the house takes them. */
function giveBack({ reservationId, refundUntil, amount }, timeZone, notes, signal) {
  if (!refundUntil || secondsUntil(refundUntil) <= 0) return null;
  const refund = async () => {
    const yes = await ask({
      title: say('refund.title'), body: say('refund.text', { price: points(amount) }),
      choices: [{ label: say('refund.keep'), value: false, kind: 'main' }, { label: say('refund.go'), value: true, kind: 'danger' }],
    });
    if (!yes) return;
    try {
      await patiently('POST', `/reservations/${reservationId}/refund`, { authorization: asUser(), signal });
      toast(say('refund.done', { price: points(amount) }));
      location.hash = '#/tickets';
    } catch (error) {
      if (signal.aborted) return;
      fill(notes, refusalNote(error, timeZone));
    }
  };
  return el('section', { class: 'no-print refund' },
    el('p', { class: 'soft small' }, say('refund.until', { when: dateTime(refundUntil, timeZone) })),
    busyButton(say('refund.go'), refund, 'small'));
}
