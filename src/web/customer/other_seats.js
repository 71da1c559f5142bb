// Other seats than a customer has: one more for a hold, or others in exchange for paid ones; chosen on the map.

import './booking_words.js';
import { anySignal, newKey, patiently } from '../shared/api.js';
import { el, styleSheet, tell } from '../shared/dom.js';
import { points } from '../shared/format.js';
import { say } from '../shared/language.js';
import { ask, toast } from '../shared/notice.js';
import { seatBoxes } from '../shared/seat_boxes.js';
import { seatName, seatNames } from '../shared/seat_name.js';
import { priceAt, withTariffs } from '../shared/tariffs.js';
import { venue } from '../shared/venue.js';
import { findConcert, inOwnWords, whenOf } from './dates.js';
import { enter } from './gate.js';
import { asUser, asVisitor, me } from './me.js';
import { page } from './parts.js';
import { Hall } from './seats.js';
import { topUpForm } from './top_up.js';

export const needsVisit = true;

export async function show({ main, params: [kind, reservationId], signal }) {
  const styled = styleSheet(new URL('../shared/seat_map.css', import.meta.url).pathname);
  const asked = { authorization: asUser(), signal };
  const [reservation] = await inOwnWords([(await patiently('GET', `/reservations/${reservationId}`, asked)).body], signal);
  const [status, back, Choice] = kind === 'more' ? ['PENDING_PAYMENT', `#/pay/${reservationId}`, MoreSeats] : ['CONFIRMED', `#/tickets/${reservationId}`, Exchange];
  if (reservation.status !== status) return void location.replace(back);
  await enter(main, signal, reservation.concertId, findConcert(reservation.concertId, signal).catch(() => undefined));
  const [rules, user] = await Promise.all([venue({ signal }), patiently('GET', `/users/${me().userId}`, asked)]);
  const seatsPerUser = Math.max(rules.seatsPerUser, user.body.seatsPerUser ?? 0);
  const hall = new Choice(reservation, { scheduleId: reservation.scheduleId, rules: { ...rules, seatsPerUser }, signal });
  await Promise.all([hall.look(), styled]);
  page(main, say(`other.${kind}`),
    el('p', { class: 'soft bar apart' }, [reservation.concertTitle, whenOf(reservation, rules.timeZone)].join(' · '), el('a', { href: back }, say('other.back'))),
    hall.notes, hall.above(), el('div', { class: 'hall' }, hall.map.node, hall.tray.node, hall.legend.node));
  main.classList.replace('narrow', 'wide');
  hall.map.view.all();
  hall.follow();
  hall.tellTrayHeight();
}

/** Further seats for a hold that is not paid yet. It lasts as long as before. */
class MoreSeats extends Hall {
  constructor(reservation, options) {
    super({ ...options, kept: `boxoffice.more.${reservation.reservationId}`, words: ['other.add', 'other.addHint'] });
    this.reservation = reservation;
  }

  above() {
    return el('p', {}, say('other.held', { seats: seatNames(this.reservation.seats) }));
  }

  async send({ seats }) {
    const { reservationId, seats: held } = this.reservation;
    const body = { seats: [...held.map(({ seat }) => seat), ...seats] };
    await patiently('PATCH', `/reservations/${reservationId}`, { body, authorization: asVisitor(), signal: this.signal });
    this.took();
    location.hash = `#/pay/${reservationId}`;
  }
}

/** Paid seats for as many others of the date: the difference is told before it is agreed. */
class Exchange extends Hall {
  constructor(reservation, options) {
    super({ ...options, kept: `boxoffice.exchange.${reservation.reservationId}`, words: ['exchangeOwn.next', 'exchangeOwn.hint'] });
    this.reservation = reservation;
    this.back = reservation.seats;
  }

  room() {
    return this.back.length;
  }

  /** Whoever had a tariff has it again, seat by seat, until they choose another. */
  chosenSeats() {
    const again = (seat, at) => (this.tariffAt.has(seat.seat) ? seat : withTariffs(seat, this.tariffs, this.back[at]?.tariff));
    return super.chosenSeats().map(again);
  }

  above() {
    const named = this.back.map((seat) => ({ ...seat, name: seatName(seat) }));
    const choose = (chosen) => {
      this.back = chosen;
      tell(says, say('exchangeOwn.chooseAs', { n: chosen.length }));
      this.drawTray();
    };
    const says = el('p', { class: 'soft', role: 'status' }, say('exchangeOwn.chooseAs', { n: named.length }));
    return el('section', { class: 'card' }, el('h2', {}, say('exchangeOwn.back')),
      named.length > 1 ? seatBoxes(named, choose).node : el('p', {}, named[0].name), says);
  }

  async send({ seats }) {
    const chosen = this.chosenSeats();
    if (chosen.length !== this.back.length) return void toast(say('exchangeOwn.count', { n: this.back.length }));
    const sum = (prices) => prices.reduce((all, price) => all + price, 0);
    const amount = sum(chosen.map(priceAt));
    const difference = amount - sum(this.back.map(({ price }) => price));
    const price = points(Math.abs(difference));
    const { body: { balance } } = await patiently('GET', `/users/${me().userId}/balance`, { authorization: asUser(), signal: this.signal });
    const short = difference - balance;
    const toppedUp = new AbortController();
    const yes = await ask({
      title: say('exchangeOwn.title'), signal: anySignal(this.signal, toppedUp.signal),
      body: el('div', {}, el('p', {}, say('exchangeOwn.from', { before: seatNames(this.back), after: seatNames(chosen) })),
        el('p', {}, say(difference > 0 ? 'exchangeOwn.pays' : difference < 0 ? 'exchangeOwn.gets' : 'exchangeOwn.even', { price })),
        difference > 0 && el('p', { class: 'soft' }, say('exchangeOwn.balance', { price: points(balance) })),
        short > 0 && el('p', { class: 'note warn' }, say('pay.shortWarning', { n: short })),
        short > 0 && (this.rules.topUpPolicy === 'self' ? topUpForm(short, this.signal, () => toppedUp.abort()) : el('p', {}, say('tickets.counter'))),
        el('p', { class: 'soft' }, say('exchangeOwn.void'))),
      choices: [{ label: say('exchangeOwn.stay'), value: false, kind: short > 0 ? 'main' : '' }, ...(short > 0 ? [] : [{ label: say('exchangeOwn.go'), value: true, kind: 'main' }])],
    });
    if (toppedUp.signal.aborted) return this.send({ seats });
    if (!yes) return undefined;
    const body = { giveBack: this.back.map(({ seat }) => seat), seats, amount };
    const path = `/reservations/${this.reservation.reservationId}/exchange`;
    const answer = await patiently('POST', path, { body, authorization: asVisitor(), key: newKey(), signal: this.signal });
    this.took();
    toast(say('exchangeOwn.done'));
    location.hash = `#/tickets/${answer.body.reservationId}`;
  }
}
