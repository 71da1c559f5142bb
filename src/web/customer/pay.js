// A hold: how long it lasts, what it costs, whether the points suffice; topping up first, then paying.

import './booking_words.js';
import { Refused, anySignal, newKey, patiently, pause } from '../shared/api.js';
import { el, fill } from '../shared/dom.js';
import { cost, points } from '../shared/format.js';
import { say } from '../shared/language.js';
import { announce, ask } from '../shared/notice.js';
import { seatName } from '../shared/seat_name.js';
import { inTab } from '../shared/store.js';
import { follow } from '../shared/stream.js';
import { venue } from '../shared/venue.js';
import { inOwnWords, whenOf } from './dates.js';
import { asUser, asVisitor, me, token, visit } from './me.js';
import { busyButton, countDown, leftOf, page, refusalNote } from './parts.js';
import { topUpForm } from './top_up.js';
import { ended, look, stopWatching, watch } from './visit.js';

const WAIT_SECONDS = 20;
/** Points that are sold at the counter appear here within so many milliseconds. */
const COUNTER_MS = 3_000;
/** When a screen reader is told how long is left, in seconds. */
const TOLD = [120, 60, 30, 10];

export async function show({ main, params: [reservationId], signal }) {
  const path = `/reservations/${reservationId}`;
  const asked = { authorization: asUser(), signal };
  const [{ body }, venueRules, { body: user }] = await Promise.all([patiently('GET', path, asked), venue({ signal }), patiently('GET', `/users/${me().userId}`, asked)]);
  const rules = { ...venueRules, seatsPerUser: Math.max(venueRules.seatsPerUser, user.seatsPerUser ?? 0) };
  const [reservation] = await inOwnWords([body], signal);
  if (!settled(main, reservation)) return;
  if (token()) look({ signal }).then(watch, () => {});
  const hold = new Hold(main, reservation, rules, signal);
  await hold.readBalance();
  hold.draw();
  if (rules.topUpPolicy === 'staff') hold.followBalance();
  // The outcome may come from elsewhere: another tab, the clock, the staff.
  for (let seen = reservation; seen.status === 'PENDING_PAYMENT';) {
    while (document.hidden) await pause(COUNTER_MS, signal, 'visible');
    await follow(path, asked, ({ data }) => {
      seen = data;
      hold.lasts(seen.holdExpiresInSeconds);
      return seen.status === 'PENDING_PAYMENT';
    });
    if (seen.status === 'PENDING_PAYMENT') seen = (await patiently('GET', path, { ...asked, waitSeconds: WAIT_SECONDS })).body;
    await hold.paying?.catch(() => {}); // what came of it is said where it was begun
    if (!settled(main, { ...seen, concertTitle: reservation.concertTitle })) return;
    hold.lasts(seen.holdExpiresInSeconds);
  }
}

/** Shows what became of a reservation; true while it still waits for its payment. */
function settled(main, { status, reservationId, failure, endReason, concertTitle }) {
  if (status === 'PENDING_PAYMENT') return true;
  if (status === 'CONFIRMED' || status === 'REFUNDED') {
    location.replace(`#/tickets/${reservationId}`);
    return false;
  }
  const why = endReason === 'SCHEDULE_CANCELLED' ? 'DATE_CANCELLED' : failure === 'INSUFFICIENT_BALANCE' ? 'FAILED' : status;
  const back = why === 'DATE_CANCELLED' ? null : backTo();
  page(main, say(`pay.${why}.title`), el('div', { class: 'card' }, el('p', {}, say(`pay.${why}.text`, { title: concertTitle })),
    el('div', { class: 'bar' },
      why === 'FAILED' && el('a', { class: 'button main', href: '#/tickets' }, say('topUp.open')),
      el('a', { class: `button ${why === 'FAILED' ? '' : 'main'}`, href: back ?? '#/' }, say(back && (visit.seen || token()) ? 'pay.chooseAgain' : 'concerts.back')))));
  return false;
}

/** The seat map that the customer came from, else the concerts. */
const backTo = () => inTab.get('boxoffice.map') ?? '#/';

class Hold {
  constructor(main, reservation, rules, signal) {
    Object.assign(this, { main, reservation, rules, signal });
    this.payKey = newKey(); // one payment, however often it is sent
    this.notes = el('div', {});
    this.body = el('div', {});
    this.clock = el('strong', { class: 'countdown figures' });
    this.lasts(reservation.holdExpiresInSeconds);
    this.drawFrame();
  }

  /** The hold lasts so long from now on, as the server says. */
  lasts(seconds) {
    this.counting?.abort();
    this.counting = new AbortController();
    const left = leftOf(seconds);
    const told = new Set(TOLD.filter((mark) => mark >= seconds));
    const tellingLeft = () => {
      const mark = TOLD.find((one) => left() <= one && !told.has(one));
      if (mark) {
        told.add(mark);
        announce(say('pay.leftSpoken', { n: mark }));
      }
      return left();
    };
    countDown(this.clock, tellingLeft, anySignal(this.signal, this.counting.signal));
  }

  async readBalance() {
    const { body } = await patiently('GET', `/users/${me().userId}/balance`, { authorization: asUser(), signal: this.signal });
    const changed = this.balance !== body.balance;
    this.balance = body.balance;
    return changed;
  }

  /** Where points are sold at the counter they arrive by themselves. */
  async followBalance() {
    try {
      for (;;) {
        await pause(COUNTER_MS, this.signal);
        if (!document.hidden && (await this.readBalance())) this.draw();
      }
    } catch (error) {
      if (!this.signal.aborted) this.refused(error);
    }
  }

  drawFrame() {
    const { concertTitle, seats, amount, reservationId } = this.reservation;
    page(this.main, say('pay.title'),
      el('div', { class: 'note warn bar apart' }, el('span', {}, say('pay.left')), this.clock),
      this.notes,
      el('section', { class: 'card', 'aria-label': say('pay.what') },
        el('h2', {}, concertTitle), el('p', { class: 'soft' }, whenOf(this.reservation, this.rules.timeZone)),
        el('dl', { class: 'facts' },
          seats.map((seat) => [el('dt', {}, [seatName(seat), seat.tariff].filter(Boolean).join(' · ')), el('dd', {}, cost(seat.price), seats.length > 1 && ' ', seats.length > 1 && this.remover(seat))]),
          el('dt', { class: 'sum' }, say('pay.sum')), el('dd', { class: 'sum' }, points(amount))),
        token() && seats.length < this.rules.seatsPerUser && el('p', { class: 'small below' }, el('a', { href: `#/more/${reservationId}` }, say('other.more')))),
      this.body,
      busyButton(say('pay.giveBack'), () => this.giveBack(), 'quiet'));
  }

  /** A button that takes one seat out of the hold. */
  remover(seat) {
    const name = seatName(seat);
    return busyButton('✕', async () => {
      const seats = this.reservation.seats.map((one) => one.seat).filter((one) => one !== seat.seat);
      try {
        const { body } = await patiently('PATCH', `/reservations/${this.reservation.reservationId}`, { body: { seats }, authorization: asVisitor(), signal: this.signal });
        this.reservation = body;
        this.drawFrame();
        this.draw();
        announce(say('tray.removed', { seat: name }));
        this.main.querySelector('h1').focus();
      } catch (error) {
        if (!this.signal.aborted) await this.refused(error);
      }
    }, 'small quiet', say('tray.remove', { seat: name }));
  }

  draw() {
    const { amount } = this.reservation;
    const short = amount - this.balance;
    if (!amount) return void fill(this.body, busyButton(say('pay.free'), () => this.pay(), 'main wide'));
    const facts = el('dl', { class: 'facts' },
      el('dt', {}, say('pay.balance')), el('dd', {}, points(this.balance)),
      short > 0 ? [el('dt', {}, say('pay.short')), el('dd', { class: 'short' }, points(short))]
        : [el('dt', {}, say('pay.after')), el('dd', {}, points(this.balance - amount))]);
    return void fill(this.body, el('section', { class: 'card', 'aria-label': say('pay.points') }, facts,
      short > 0 ? this.topUp(short) : busyButton(say('pay.now', { price: points(amount) }), () => this.pay(), 'main wide')));
  }

  /** Points are missing: they are topped up before paying is offered, for a declined payment gives the seats back. */
  topUp(short) {
    const warning = el('p', { class: 'note warn' }, say('pay.shortWarning', { n: short }));
    if (this.rules.topUpPolicy === 'staff') {
      const code = el('p', { class: 'big code' });
      patiently('GET', `/users/${me().userId}`, { authorization: asUser(), signal: this.signal }).then(({ body }) => { code.textContent = body.code; }, () => {});
      return [warning, el('p', {}, say('pay.counter', { n: short })), code];
    }
    return [warning, topUpForm(short, this.signal, async (balance) => {
      this.balance = balance;
      this.draw();
      announce(say('topUp.done', { n: balance }));
      this.body.querySelector('button')?.focus();
    })];
  }

  async pay() {
    fill(this.notes);
    stopWatching(); // a payment ends the visit: that is no news
    const { reservationId, amount } = this.reservation;
    this.paying = patiently('POST', '/payments', {
      body: { reservationId, amount }, authorization: asVisitor(), key: this.payKey, signal: this.signal,
    });
    try {
      const { body } = await this.paying;
      if (body.tokenStatus === 'EXPIRED') ended('PAID');
      else watch();
      inTab.set('boxoffice.paid', reservationId);
      location.replace(`#/tickets/${reservationId}`);
    } catch (error) {
      watch();
      if (!this.signal.aborted) await this.refused(error);
    } finally {
      this.paying = null;
    }
  }

  async refused(error) {
    if (!(error instanceof Refused)) throw error;
    fill(this.notes, refusalNote(error, this.rules.timeZone));
    this.payKey = newKey();
    if (error.code === 'INSUFFICIENT_BALANCE' && error.problem.attemptsLeft > 0) {
      await this.readBalance();
      this.draw();
    } else if (error.code === 'ALREADY_PAID') {
      location.replace(`#/tickets/${this.reservation.reservationId}`);
    }
  }

  async giveBack() {
    const yes = await ask({
      title: say('pay.giveBackTitle'), body: say('pay.giveBackText'),
      choices: [{ label: say('pay.keep'), value: false, kind: 'main' }, { label: say('pay.giveBack'), value: true, kind: 'danger' }],
    });
    if (!yes) return;
    try {
      await patiently('DELETE', `/reservations/${this.reservation.reservationId}`, { authorization: asUser(), signal: this.signal });
      location.hash = backTo();
    } catch (error) {
      if (!this.signal.aborted) await this.refused(error);
    }
  }
}
