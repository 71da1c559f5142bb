// One user at the counter: their points, what they hold and own, refunds, tickets, a new key.

import { Refused, newKey } from '../shared/api.js';
import { el, fill } from '../shared/dom.js';
import { date, dateTime, points, time } from '../shared/format.js';
import { say } from '../shared/language.js';
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
    el('h1', { tabindex: '-1' }, user.name), el('p', { class: 'soft small' }, el('code', {}, user.userId)),
    el('div', { class: 'two' },
      el('section', { class: 'card' }, el('h2', {}, say('user.balance')), balance, may('admin') && correction(user, path, refresh)),
      sellCard(user, rules, main, signal)),
    el('h2', {}, say('user.reservations')), list, keyCard(user, path));
}

function reservationCard(user, reservation, { timeZone }, refresh) {
  const { reservationId, concertTitle, date: day, startsAt, seats, amount, status, createdAt } = reservation;
  const refund = async () => {
    const n = seats.length;
    const agreed = await sure({
      title: say('giveBack.title', { title: concertTitle }), danger: true,
      says: [say('giveBack.says', { name: user.name, amount: points(amount), n }), say('giveBack.forever')], label: say('giveBack.do', { amount: points(amount) }),
    });
    if (agreed && await doIt(() => act('POST', `/staff/reservations/${reservationId}/refund`, undefined, { key: newKey() }), say('giveBack.done', { amount: points(amount) }))) await refresh();
  };
  return el('article', { class: 'card line', 'data-reservation': reservationId },
    el('div', {},
      el('h3', {}, concertTitle, ' ', el('span', { class: `tag ${TONES[status]}` }, say(`booking.${status}`))),
      el('p', {}, `${date(day)} ${time(startsAt, timeZone)} · ${seats.map(({ seat }) => seat).join(', ')} · ${points(amount)}`),
      el('p', { class: 'soft small' }, say('user.bookedAt', { when: dateTime(createdAt, timeZone) }))),
    status === 'CONFIRMED' && el('div', { class: 'bar' },
      el('a', { class: 'button', href: `#counter/${user.userId}/tickets/${reservationId}` }, say('user.tickets', { n: seats.length })),
      el('button', { type: 'button', class: 'danger', on: { click: refund } }, say('giveBack.begin'))));
}

function correction({ userId, name }, path, refresh) {
  const amount = field('amount', say('correct.amount'), { type: 'number', required: true, step: 1, min: -1_000_000_000, max: 1_000_000_000, hint: say('correct.hint') });
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
    if (!await sure({ title: say('renew.title', { name }), says: [say('renew.says', { name }), say('renew.ask')], label: say('renew.do') })) return;
    let made;
    if (await doIt(async () => { made = (await act('POST', `${path}/key`, {})).body; })) await showKey(name, userId, made.userKey);
  };
  return el('section', { class: 'card' }, el('h2', {}, say('renew.open')), el('p', { class: 'soft' }, say('renew.hint')),
    el('button', { type: 'button', on: { click: renew } }, say('renew.begin')));
}
