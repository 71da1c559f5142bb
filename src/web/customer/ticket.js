// The tickets of one reservation: a QR code for the scanner, a number for
// people, on screen and on paper; giving them back.

import { patiently, pause } from '../shared/api.js';
import { el, fill } from '../shared/dom.js';
import { dateTime, points } from '../shared/format.js';
import { say } from '../shared/language.js';
import { ask, toast } from '../shared/notice.js';
import { seatName } from '../shared/seat_name.js';
import { inTab } from '../shared/store.js';
import { secondsUntil, venue } from '../shared/venue.js';
import { whenOf } from './dates.js';
import { asUser, me } from './me.js';
import { busyButton, button, page, refusalNote } from './parts.js';

/** A ticket that was refunded or whose date was cancelled is no longer shown as one after so long. */
const LOOK_MS = 15_000;

export async function show({ main, params: [reservationId], signal }) {
  if (!me()) return void (location.hash = '#/tickets');
  const asked = { authorization: asUser(), signal };
  const [{ body: reservation }, { timeZone }] = await Promise.all([
    patiently('GET', `/reservations/${reservationId}`, asked), venue({ signal }),
  ]);
  if (reservation.status === 'PENDING_PAYMENT') return void location.replace(`#/pay/${reservationId}`);
  const justPaid = inTab.get('boxoffice.paid') === reservationId;
  inTab.drop('boxoffice.paid');
  const tickets = await Promise.all(reservation.tickets.map((ticket) => whole(ticket, asked)));
  signal.addEventListener('abort', () => tickets.forEach(({ url }) => url && URL.revokeObjectURL(url)));
  const valid = reservation.status === 'CONFIRMED';
  const notes = el('div', {});
  page(main, say(justPaid ? 'ticket.thanks' : 'ticket.title', { n: reservation.tickets.length }), notes,
    justPaid && el('p', { class: 'note good no-print' }, say('ticket.thanksText')),
    !valid && el('p', { class: 'note warn' }, say(`ticket.${whyVoid(reservation)}`)),
    valid && el('div', { class: 'tickets' }, tickets.map((ticket) => stub(reservation, ticket, timeZone))),
    el('div', { class: 'bar no-print' },
      valid && button(say('ticket.print'), () => window.print(), justPaid ? '' : 'main'),
      el('a', { class: 'button', href: '#/tickets' }, say('tickets.title')),
      justPaid && el('a', { class: 'button', href: '#/key' }, say('key.save'))),
    valid && giveBack(reservation, timeZone, notes, signal));
  if (valid) await follow(reservationId, asked);
}

const whyVoid = ({ status, endReason }) => (endReason ? 'dateCancelled' : status === 'REFUNDED' ? 'refunded' : 'none');

/** Looks now and then whether the tickets are still good; shows the page anew once they are not. */
async function follow(reservationId, { authorization, signal }) {
  for (;;) {
    await pause(LOOK_MS, signal, 'visible');
    if (document.hidden) continue;
    const { body } = await patiently('GET', `/reservations/${reservationId}`, { authorization, signal });
    if (body.status !== 'CONFIRMED') return void window.dispatchEvent(new Event('hashchange'));
  }
}

/** A ticket with its QR code: as an address, for the call needs the key, which an `img` cannot send. */
async function whole({ ticketId }, asked) {
  const [{ body: ticket }, { body: drawing }] = await Promise.all([
    patiently('GET', `/tickets/${ticketId}`, asked),
    patiently('GET', `/tickets/${ticketId}.svg`, { ...asked, accept: 'image/svg+xml' }),
  ]);
  return { ...ticket, url: URL.createObjectURL(new Blob([drawing], { type: 'image/svg+xml' })) };
}

function stub({ seats }, ticket, timeZone) {
  const { concertTitle, venue: place, section, seat, number, ticketId, checkedIn, url } = ticket;
  const name = seatName({ section, seat });
  const price = seats.find((one) => one.seat === seat)?.price;
  const alt = say('ticket.qr', { seat: name });
  return el('article', { class: 'ticket card', 'data-ticket': ticketId },
    el('button', { type: 'button', class: 'qr', 'aria-label': say('ticket.larger', { seat: name }), on: { click: () => larger(name, number, url, alt) } },
      el('img', { src: url, alt })),
    el('div', {},
      el('h2', {}, concertTitle),
      el('p', {}, whenOf(ticket, timeZone)),
      place && el('p', { class: 'soft' }, place),
      el('p', { class: 'seat-label' }, name),
      me()?.name && el('p', { class: 'soft small' }, say('ticket.holder', { name: me().name })),
      checkedIn && el('p', { class: 'note warn' }, say('ticket.used', { when: dateTime(checkedIn.at, timeZone) })),
      price !== undefined && el('p', { class: 'soft small' }, points(price)),
      el('p', { class: 'small soft' }, say('ticket.number')),
      el('p', { class: 'code ticket-number' }, number)));
}

/** The code as large as the screen, on white, for a scanner that finds it hard to read. */
function larger(name, number, url, alt) {
  return ask({
    title: name, kind: 'large',
    body: el('div', { class: 'qr-large' }, el('img', { src: url, alt }), el('p', { class: 'code ticket-number' }, number)),
  });
}

/** Giving paid tickets back, as long as the venue takes them. */
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
