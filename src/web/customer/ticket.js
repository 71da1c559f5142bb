// The tickets of one reservation: a QR code for the scanner, a number for
// people, on screen and on paper; giving them back.

import './booking_words.js';
import './refusals.js';
import { patiently, pause } from '../shared/api.js';
import { el, fill } from '../shared/dom.js';
import { cost, dateTime, points } from '../shared/format.js';
import { say } from '../shared/language.js';
import { ask, toast } from '../shared/notice.js';
import { askHolder } from '../shared/hand_over.js';
import { seatBoxes } from '../shared/seat_boxes.js';
import { attributesOf, seatName, seatNames } from '../shared/seat_name.js';
import { inTab } from '../shared/store.js';
import { publicAddress, secondsUntil, venue } from '../shared/venue.js';
import { inOwnWords, readDates, stateOf, whenOf } from './dates.js';
import { keep, keptOf } from './kept.js';
import { asUser, me } from './me.js';
import { freshOrKept, offlineNote, readTicket } from './offline.js';
import { busyButton, button, page, refusalNote } from './parts.js';
import { showLarge } from './ticket_large.js';
import { strip } from './ticket_strip.js';

/** A ticket that was refunded or whose date was cancelled is no longer shown as one after so long. */
const LOOK_MS = 15_000;

/** It has something to show without network. */
export const isKept = true;

export async function show({ main, params: [reservationId], signal }) {
  if (!me()) return void (location.hash = '#/tickets');
  const { userId } = me();
  const asked = { authorization: asUser(), signal };
  const read = async () => {
    const [{ body: reservation }, { timeZone }] = await Promise.all([patiently('GET', `/reservations/${reservationId}`, asked), venue({ signal })]);
    const found = await Promise.all((reservation.tickets ?? []).map((ticket) => readTicket(ticket, asked)));
    const [told, ...tickets] = await inOwnWords([reservation, ...found.map((ticket) => ({ ...ticket, concertId: reservation.concertId }))], signal);
    return { reservation: told, timeZone, tickets, mayExchange: await canExchange(told, asked) };
  };
  const kept = findKept(userId, reservationId);
  let [valid, shown] = [false, 0];
  await freshOrKept(read, ({ reservation, timeZone, tickets, mayExchange }) => {
    if (reservation.status === 'PENDING_PAYMENT') return void location.replace(`#/pay/${reservationId}`);
    [valid, shown] = [reservation.status === 'CONFIRMED', tickets.length];
    keep(userId, timeZone, { one: reservation, tickets });
    draw(main, signal, { reservation, timeZone, tickets, mayExchange });
  }, kept && (() => draw(main, signal, kept)), signal);
  if (valid) await follow(reservationId, asked, shown);
}

/** Whether its owner can exchange seats now: others of the date are on sale, to them too. */
async function canExchange({ status, concertId, scheduleId }, asked) {
  if (status !== 'CONFIRMED') return false;
  const [dates, { body: user }] = await Promise.all([readDates(concertId, asked.signal), patiently('GET', `/users/${me().userId}`, asked)]);
  const date = dates.find((one) => one.scheduleId === scheduleId);
  return user.bannedAt === null && date !== undefined && stateOf(date) === 'on';
}

/** The reservation and its tickets as they were kept; null when they were not. */
function findKept(userId, reservationId) {
  const kept = keptOf(userId);
  const reservation = kept?.reservations.find((one) => one.reservationId === reservationId);
  const tickets = (reservation?.tickets ?? []).map(({ ticketId }) => kept.tickets[ticketId]).filter(Boolean);
  return tickets.length ? { reservation, timeZone: kept.timeZone, tickets, isKept: true } : null;
}

function draw(main, signal, { reservation, timeZone, tickets, mayExchange, isKept = false }) {
  const justPaid = inTab.get('boxoffice.paid') === reservation.reservationId;
  inTab.drop('boxoffice.paid');
  const valid = reservation.status === 'CONFIRMED';
  const notes = el('div', {});
  // Whoever stands at the door shows the next one that still counts.
  const next = [...tickets].sort((a, b) => Boolean(a.checkedIn) - Boolean(b.checkedIn)).map((ticket) => whole(ticket, reservation, timeZone, signal));
  page(main, say(justPaid ? 'ticket.thanks' : 'ticket.title', { n: tickets.length }),
    isKept && offlineNote(reservation.keptAt, timeZone), notes,
    justPaid && el('p', { class: 'note good no-print' }, say('ticket.thanksText')),
    !valid && el('p', { class: 'note warn' }, say(`ticket.${whyVoid(reservation)}`)),
    valid && reservation.movedFrom && el('p', { class: 'note warn' }, say('ticket.moved', { before: dateTime(reservation.movedFrom, timeZone) })),
    valid && strip(next.map((ticket, at) => stub(ticket, () => showLarge(next, at, signal), !isKept && !ticket.used && (() => handOver(ticket, notes, timeZone, signal))))),
    el('div', { class: 'bar no-print' },
      valid && button(say('ticket.print'), () => window.print(), justPaid ? '' : 'main'),
      reservation.endReason === 'EXCHANGED' && el('a', { class: 'button main', href: `#/tickets/${reservation.exchangedFor.at(-1)}` }, say('ticket.toNew')),
      el('a', { class: 'button', href: '#/tickets' }, say('tickets.title')),
      justPaid && el('a', { class: 'button', href: '#/key' }, say('key.save'))),
    reservation.returnedSeats?.length > 0 && el('p', { class: 'soft small no-print' }, say('ticket.returned', { seats: seatNames(reservation.returnedSeats) })),
    valid && !isKept && giveBack({ ...reservation, mayExchange }, next.filter(({ used }) => !used), timeZone, notes, signal));
}

const whyVoid = ({ status, endReason }) => ({ SCHEDULE_CANCELLED: 'dateCancelled', EXCHANGED: 'exchanged' })[endReason] ?? (status === 'REFUNDED' ? 'refunded' : 'none');

/** Looks now and then whether the tickets are still good; shows the page anew once they are not. */
async function follow(reservationId, { authorization, signal }, shown) {
  for (;;) {
    await pause(LOOK_MS, signal, 'visible');
    if (document.hidden) continue;
    const { body } = await patiently('GET', `/reservations/${reservationId}`, { authorization, signal });
    if (body.status !== 'CONFIRMED' || body.tickets.length !== shown) return void window.dispatchEvent(new Event('hashchange'));
  }
}

/** A ticket with what is said of it, and the address of its drawing for as long as the page is shown. */
function whole(ticket, { seats }, timeZone, signal) {
  const { section, seat, row, seatNumber, drawing, checkedIn } = ticket;
  const url = URL.createObjectURL(new Blob([drawing], { type: 'image/svg+xml' }));
  signal.addEventListener('abort', () => URL.revokeObjectURL(url));
  const name = seatName({ section, seat, row, number: seatNumber });
  return {
    ...ticket, url, name, special: attributesOf(ticket),
    alt: say('ticket.qr', { seat: name }),
    when: whenOf(ticket, timeZone),
    price: seats.find((one) => one.seat === seat)?.price,
    holder: me()?.name && say(ticket.holder && ticket.holder !== me().name ? 'ticket.for' : 'ticket.holder', { name: ticket.holder ?? me().name }),
    used: checkedIn && say('ticket.used', { when: dateTime(checkedIn.at, timeZone) }),
  };
}

function stub({ ticketId, concertTitle, venue: place, when, name, special, number, url, alt, price, holder, used, tariff, tariffNote }, enlarge, give) {
  return el('article', { class: 'ticket card', 'data-ticket': ticketId },
    el('button', { type: 'button', class: 'qr', 'aria-label': say('ticket.larger', { seat: name }), on: { click: enlarge } },
      el('img', { src: url, alt })),
    el('div', {},
      el('h2', {}, concertTitle),
      el('p', {}, when),
      place && el('p', { class: 'soft' }, place),
      el('p', { class: 'seat-label' }, name),
      special && el('p', { class: 'note' }, special),
      holder && el('p', { class: 'soft small' }, holder),
      used && el('p', { class: 'note warn' }, used),
      price !== undefined && el('p', { class: 'soft small' }, [tariff, tariffNote, cost(price)].filter(Boolean).join(' · ')),
      el('p', { class: 'small soft' }, say('ticket.number')),
      el('p', { class: 'code ticket-number' }, number),
      publicAddress() && el('p', { class: 'small soft only-print' }, say('ticket.address', { address: publicAddress() })),
      give && el('div', { class: 'no-print' }, busyButton(say('handOver.begin'), give, 'small quiet'))));
}

/** A ticket for somebody else, or a new one in place of one that others may have seen. */
async function handOver({ ticketId, name }, notes, timeZone, signal) {
  const body = await askHolder(name);
  if (!body) return;
  try {
    await patiently('POST', `/tickets/${ticketId}/reissue`, { body, authorization: asUser(), signal });
    toast(say('handOver.done'));
    window.dispatchEvent(new Event('hashchange'));
  } catch (error) {
    if (!signal.aborted) fill(notes, refusalNote(error, timeZone));
  }
}

/** Giving paid tickets back, all of them or some, as long as the venue takes them. */
function giveBack({ reservationId, refundUntil, seats, mayExchange }, unused, timeZone, notes, signal) {
  if (!refundUntil || secondsUntil(refundUntil) <= 0 || !unused.length) return null;
  const priceOf = (chosen) => points(chosen.reduce((sum, { price }) => sum + price, 0));
  const refund = async () => {
    const says = el('p', {}, say('refund.text', { price: priceOf(unused) }));
    const boxes = seatBoxes(unused, (chosen) => { says.textContent = say('refund.text', { price: priceOf(chosen) }); });
    const yes = await ask({
      title: say('refund.title'), body: el('div', {}, unused.length > 1 && boxes.node, says),
      choices: [{ label: say('refund.keep'), value: false, kind: 'main' }, { label: say('refund.go'), value: true, kind: 'danger' }],
    });
    const chosen = boxes.chosen();
    if (!yes || !chosen.length) return;
    const all = chosen.length === seats.length;
    try {
      await patiently('POST', `/reservations/${reservationId}/refund`, { body: all ? undefined : { seats: chosen.map(({ seat }) => seat) }, authorization: asUser(), signal });
      toast(say('refund.done', { price: priceOf(chosen) }));
      if (all) location.hash = '#/tickets';
      else window.dispatchEvent(new Event('hashchange'));
    } catch (error) {
      if (signal.aborted) return;
      fill(notes, refusalNote(error, timeZone));
    }
  };
  return el('section', { class: 'no-print refund' },
    el('p', { class: 'soft small' }, say('refund.until', { when: dateTime(refundUntil, timeZone) })),
    el('div', { class: 'bar' }, busyButton(say('refund.go'), refund, 'small'),
      mayExchange && el('a', { class: 'button small', href: `#/exchange/${reservationId}` }, say('exchangeOwn.begin'))));
}
