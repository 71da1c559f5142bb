// One user at the counter: their points, what they hold and own, refunds, tickets, a new key.

import { Refused, newKey } from '../shared/api.js';
import { el, fill } from '../shared/dom.js';
import { date, dateTime, points, time, won } from '../shared/format.js';
import { say } from '../shared/language.js';
import { ask, toast } from '../shared/notice.js';
import { seatBoxes } from '../shared/seat_boxes.js';
import { seatName, seatNames } from '../shared/seat_name.js';
import { accountCard } from './counter_account.js';
import { changeButton, exchangeButton } from './counter_exchange.js';
import { showKey } from './counter_key.js';
import { sellCard } from './counter_sell.js';
import { field, form, numberOf, refusedPage } from './forms.js';
import { act, may, read } from './session.js';
import { doIt, sure } from './sure.js';
import { actOnce } from './unanswered.js';

const TONES = { CONFIRMED: 'good', PENDING_PAYMENT: 'warn', REFUNDED: '', FAILED: '', EXPIRED: '', CANCELLED: '' };

export async function openUser(main, userId, rules, signal) {
  const path = `/staff/users/${encodeURIComponent(userId)}`;
  const balance = el('p', { class: 'big', role: 'status' });
  const list = el('div', { class: 'rows' });
  let user;
  try {
    user = (await read(path, { signal })).body;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    refusedPage(main, error);
    return void main.append(el('a', { class: 'button', href: '#counter' }, say('counter.find')));
  }
  const showBalance = (won) => { balance.textContent = points(won); };
  const refresh = async () => {
    const [{ body: now }, { body: { reservations } }] = await Promise.all([read(path, { signal }), read(`${path}/reservations`, { signal })]);
    showBalance(now.balance);
    fill(list, !reservations.length && el('p', { class: 'note' }, say('user.nothing')),
      reservations.map((reservation) => reservationCard(user, reservation, rules, refresh)));
  };
  showBalance(user.balance);
  await refresh();
  fill(main, el('p', {}, el('a', { href: '#counter' }, `← ${say('part.counter')}`)),
    el('h1', { tabindex: '-1' }, user.name, user.bannedAt && [' ', el('span', { class: 'tag bad' }, say('account.banned'))]), el('p', { class: 'soft' }, [el('code', {}, user.code), user.contact && ` · ${user.contact}`]),
    el('div', { class: 'two' },
      el('section', { class: 'card' }, el('h2', {}, say('user.balance')), balance, payout(user, path, refresh), limit(user, path), may('admin') && correction(user, path, refresh)),
      sellCard(user, rules, main, signal)),
    el('p', {}, el('a', { class: 'button main', href: `#counter/sell/-/${user.userId}` }, say('seatSale.begin'))),
    el('h2', {}, say('user.reservations')), list,
    el('div', { class: 'two' }, accountCard(user, path, rules.timeZone, () => openUser(main, userId, rules, signal)), keyCard(user, path)));
}

function reservationCard(user, reservation, { timeZone }, refresh) {
  const { reservationId, concertTitle, date: day, startsAt, seats, amount, status, endReason, createdAt, holdExpiresAt, note, returnedSeats, payment: { method } } = reservation;
  const inMoney = ['CASH', 'CARD'].includes(method);
  const paid = method === 'FREE' ? say('method.FREE') : inMoney ? `${won(amount)} ${say(`method.${method}`)}` : points(amount);
  const refund = async () => {
    const priceOf = (chosen) => (inMoney ? won : points)(chosen.reduce((sum, { price }) => sum + price, 0));
    const [says, label] = [el('p'), document.createTextNode('')];
    const tell = (chosen) => {
      const [price, n] = [priceOf(chosen), chosen.length];
      says.textContent = inMoney ? say('moneyBack.says', { method: say(`method.${method}`), price, n }) : say('giveBack.says', { name: user.name, amount: price, n });
      label.data = say('giveBack.do', { amount: price });
    };
    tell(seats);
    const boxes = seatBoxes(seats.map((one) => ({ ...one, name: seatName(one) })), tell);
    const agreed = await sure({
      title: say('giveBack.title', { title: concertTitle }), danger: true,
      says: [seats.length > 1 && boxes.node, says, say('giveBack.forever')], label,
    });
    const chosen = boxes.chosen();
    if (!agreed || !chosen.length) return;
    const body = chosen.length === seats.length ? undefined : { seats: chosen.map(({ seat }) => seat) };
    if (await doIt(() => act('POST', `/staff/reservations/${reservationId}/refund`, body, { key: newKey() }), say('giveBack.done', { amount: priceOf(chosen) }))) await refresh();
  };
  return el('article', { class: 'card line', 'data-reservation': reservationId },
    el('div', {},
      el('h3', {}, concertTitle, ' ', el('span', { class: `tag ${TONES[status]}` }, say(`booking.${endReason ?? status}`))),
      el('p', {}, `${date(day)} ${time(startsAt, timeZone)} · ${seatNames(seats)} · ${paid}`),
      returnedSeats.length > 0 && el('p', { class: 'soft small' }, say('user.returned', { seats: seatNames(returnedSeats) })),
      note && el('p', {}, note),
      el('p', { class: 'soft small' }, status === 'PENDING_PAYMENT' ? say('seatSale.heldUntil', { when: dateTime(holdExpiresAt, timeZone) }) : say('user.bookedAt', { when: dateTime(createdAt, timeZone) }))),
    status === 'PENDING_PAYMENT' && heldBar(reservation, refresh),
    status === 'CONFIRMED' && el('div', { class: 'bar' },
      el('a', { class: 'button', href: `#counter/${user.userId}/tickets/${reservationId}` }, say('user.tickets', { n: seats.length })),
      exchangeButton(reservation, timeZone, refresh),
      el('button', { type: 'button', class: 'danger', on: { click: refund } }, say('giveBack.begin'))));
}

/** What can be done with seats that are held: sold for money or for nothing, or released. */
function heldBar(reservation, refresh) {
  const { reservationId, amount, seats } = reservation;
  const path = `/staff/reservations/${reservationId}`;
  const says = [seatNames(seats)];
  const sell = async () => {
    const method = await ask({
      title: say('held.title', { price: won(amount) }), body: el('p', {}, says),
      choices: [{ label: say('sure.back'), value: null }, ...['CASH', 'CARD', 'FREE'].map((one) => ({ label: say(`method.${one}`), value: one, kind: one === 'CASH' ? 'main' : '' }))],
    });
    if (method && await doIt(() => actOnce(`held.${reservationId}`, `${path}/sale`, { method, amount: method === 'FREE' ? 0 : amount }), say('held.sold'))) await refresh();
  };
  const free = async () => {
    if (await sure({ title: say('held.freeTitle'), says: [...says, say('held.freeSays')], label: say('held.free'), danger: true })
      && await doIt(() => act('DELETE', path), say('held.freed'))) await refresh();
  };
  return el('div', { class: 'bar' }, el('button', { type: 'button', class: 'main', on: { click: sell } }, say('held.sell')), changeButton(reservation, refresh), el('button', { type: 'button', class: 'danger', on: { click: free } }, say('held.free')));
}

/** Points for money: what a refund left on the balance. */
function payout({ userId, name, balance }, path, refresh) {
  const amount = field('amount', say('payout.amount'), { type: 'number', required: true, step: 1, min: 1, max: 10_000_000, inputmode: 'numeric', value: balance || null, inWords: won });
  const send = async () => {
    const price = won(numberOf(amount));
    if (!await sure({ title: say('payout.title', { name, price }), says: [say('payout.says')], label: say('payout.do', { price }) })) return;
    await actOnce(`payout.${userId}`, `${path}/balance/payouts`, { amount: numberOf(amount) });
    toast(say('payout.done', { price }));
    await refresh();
  };
  return el('details', {}, el('summary', {}, say('payout.open')), form([amount], { label: say('payout.begin'), kind: '', send }));
}

/** A class with its teachers: more seats of a date than others may have. */
function limit({ seatsPerUser }, path) {
  const seats = field('seatsPerUser', say('limit.seats'), { type: 'number', step: 1, min: 1, max: 1_000, inputmode: 'numeric', value: seatsPerUser, hint: say('limit.hint') });
  const send = () => doIt(() => act('PATCH', path, { seatsPerUser: numberOf(seats) }), say('limit.done'));
  return el('details', {}, el('summary', {}, say('limit.open')), form([seats], { label: say('limit.do'), kind: '', send }));
}

function correction({ userId, name }, path, refresh) {
  const amount = field('amount', say('correct.amount'), { type: 'number', required: true, step: 1, min: -1_000_000_000, max: 1_000_000_000, hint: say('correct.hint'), inWords: points });
  const reason = field('reason', say('correct.reason'), { required: true, maxlength: 200 });
  const book = (body) => actOnce(`correction.${userId}`, `${path}/balance/corrections`, body);
  const send = async () => {
    const by = numberOf(amount);
    const agreed = await sure({ title: say('correct.title', { name }), says: [say(by < 0 ? 'correct.takes' : 'correct.gives', { amount: points(Math.abs(by)), name })], label: say('correct.do') });
    if (!agreed) return;
    const back = async () => { await book({ amount: -by, reason: say('correct.undone') }); await refresh(); };
    await doIt(() => book({ amount: by, reason: reason.input.value }), say('correct.done'), back);
    await refresh();
  };
  return el('details', {}, el('summary', {}, say('correct.open')), form([amount, reason], { label: say('correct.do'), kind: '', send }));
}

function keyCard({ userId, name }, path) {
  const renew = async () => {
    if (!await sure({ title: say('renew.title', { name }), says: [say('renew.says', { name }), say('renew.ask')], label: say('renew.do'), danger: true })) return;
    let made;
    if (await doIt(async () => { made = (await act('POST', `${path}/key`, {})).body; })) await showKey(name, userId, made.userKey);
  };
  return el('section', { class: 'card' }, el('h2', {}, say('renew.open')), el('p', { class: 'soft' }, say('renew.hint')),
    el('button', { type: 'button', class: 'danger', on: { click: renew } }, say('renew.begin')));
}
