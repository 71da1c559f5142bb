// Paid seats exchanged for others of the concert: what goes back, what comes instead, and the difference in numbers;
// and the seats of a hold changed.

import './counter_words.js';
import { newKey } from '../shared/api.js';
import { el } from '../shared/dom.js';
import { date, points, time, won } from '../shared/format.js';
import { say } from '../shared/language.js';
import { toast } from '../shared/notice.js';
import { seatBoxes } from '../shared/seat_boxes.js';
import { priceAt, wishOf, withTariffs } from '../shared/tariffs.js';
import { act, read } from './session.js';
import { doIt, sure } from './sure.js';

/** A button that exchanges seats of a reservation; `refresh` shows what came of it. */
export function exchangeButton(reservation, timeZone, refresh) {
  return el('button', { type: 'button', on: { click: () => exchange(reservation, timeZone, refresh) } }, say('exchange.begin'));
}

async function exchange({ reservationId, scheduleId, seats, payment: { method } }, timeZone, refresh) {
  const { body: { concertId } } = await read(`/staff/schedules/${scheduleId}`);
  const { body: { schedules } } = await read(`/staff/concerts/${concertId}/schedules`);
  const boxes = seatBoxes(seats.map((one) => ({ ...one, name: one.seat })), () => {});
  const dates = el('select', { id: 'exchange-date' }, schedules.filter(({ cancelledAt }) => !cancelledAt).map((one) =>
    el('option', { value: one.scheduleId, selected: one.scheduleId === scheduleId }, `${date(one.date)} ${time(one.startsAt, timeZone)}`)));
  const wanted = el('input', { id: 'exchange-seats', autocomplete: 'off' });
  const agreed = await sure({
    title: say('exchange.title'), label: say('exchange.next'),
    says: [seats.length > 1 && boxes.node, el('label', { for: 'exchange-date' }, say('exchange.date')), dates,
      el('label', { for: 'exchange-seats' }, say('exchange.seats')), wanted],
  });
  const back = boxes.chosen();
  if (!agreed || !back.length || !wanted.value.trim()) return;
  const { body: map } = await read(`/staff/schedules/${dates.value}/seats`);
  const labels = labelsIn(wanted.value, map.seats);
  // Whoever had a tariff has it again, seat by seat, where the date has it.
  const seatOf = (label) => map.seats.find(({ seat }) => seat === label) ?? { seat: label, price: 0 };
  const instead = labels.map((label, at) => withTariffs(seatOf(label), map.tariffs, back[at]?.tariff));
  const sum = (prices) => prices.reduce((all, price) => all + price, 0);
  const free = method === 'FREE';
  const amount = free ? 0 : sum(instead.map(priceAt));
  const difference = amount - (free ? 0 : sum(back.map(({ price }) => price)));
  const inMoney = ['CASH', 'CARD'].includes(method);
  const money = inMoney ? won(Math.abs(difference)) : points(Math.abs(difference));
  const way = difference > 0 ? 'takes' : 'gives';
  const says = difference ? say(`exchange.${way}${inMoney ? '' : 'Points'}`, { money }) : say('exchange.even');
  const named = (list) => list.map(({ seat, tariff }) => [seat, tariff?.name ?? tariff].filter(Boolean).join(' · ')).join(', ');
  if (!await sure({ title: say('exchange.title'), says: [`${named(back)} → ${named(instead)}`, says], label: say('exchange.do') })) return;
  const body = { giveBack: back.map(({ seat }) => seat), scheduleId: Number(dates.value), seats: instead.map(wishOf), amount };
  if (await doIt(() => act('POST', `/staff/reservations/${reservationId}/exchange`, body, { key: newKey() }))) {
    toast(say('exchange.done', { seats: labels.join(', ') }));
    await refresh();
  }
}

/** The labels in a text with commas between them; spaces divide too, but for those in a label of one of these seats. */
function labelsIn(text, seats) {
  const known = new Set(seats.map(({ seat }) => seat));
  const parts = text.split(',').map((part) => part.trim()).filter(Boolean);
  return [...new Set(parts.flatMap((part) => (known.has(part) ? [part] : part.split(/\s+/))))];
}

/** A button that changes the seats of a hold: fewer, more, or others. It lasts as long as before. */
export function changeButton({ reservationId, scheduleId, seats }, refresh) {
  const change = async () => {
    const boxes = seatBoxes(seats.map((one) => ({ ...one, name: one.seat })), () => {});
    const more = el('input', { id: 'change-seats', autocomplete: 'off' });
    const says = [el('p', {}, say('change.says')), boxes.node, el('label', { for: 'change-seats' }, say('change.more')), more];
    if (!await sure({ title: say('change.title'), says, label: say('change.do') })) return;
    const { body: map } = await read(`/staff/schedules/${scheduleId}/seats`);
    const wanted = [...new Set([...boxes.chosen().map(({ seat }) => seat), ...labelsIn(more.value, map.seats)])];
    if (!wanted.length) return void toast(say('change.none'));
    if (await doIt(() => act('PATCH', `/staff/reservations/${reservationId}`, { seats: wanted }), say('change.done', { seats: wanted.join(', ') }))) await refresh();
  };
  return el('button', { type: 'button', on: { click: change } }, say('change.begin'));
}
