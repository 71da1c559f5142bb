// Paid seats exchanged for others of the concert: what goes back, what comes instead, and the difference in numbers;
// and the seats of a hold changed.

import './counter_words.js';
import { newKey } from '../shared/api.js';
import { el } from '../shared/dom.js';
import { date, points, time, won } from '../shared/format.js';
import { say } from '../shared/language.js';
import { toast } from '../shared/notice.js';
import { seatBoxes } from '../shared/seat_boxes.js';
import { seatName, seatNames } from '../shared/seat_name.js';
import { priceAt, wishOf } from '../shared/tariffs.js';
import { SeatPicker } from './seat_picker.js';
import { act, read } from './session.js';
import { doIt, sure } from './sure.js';

/** A button that exchanges seats of a reservation; `refresh` shows what came of it. */
export function exchangeButton(reservation, timeZone, refresh) {
  return el('button', { type: 'button', on: { click: () => exchange(reservation, timeZone, refresh) } }, say('exchange.begin'));
}

async function exchange({ reservationId, scheduleId, seats, payment: { method } }, timeZone, refresh) {
  const { body: { concertId } } = await read(`/staff/schedules/${scheduleId}`);
  const { body: { schedules } } = await read(`/staff/concerts/${concertId}/schedules`);
  // Whoever had a tariff has it again, seat by seat, where the date has it.
  const picker = new SeatPicker({ id: 'exchange-seats', label: say('exchange.seats'), tariffFor: (nth) => boxes.chosen()[nth]?.tariff });
  const boxes = seatBoxes(seats.map((one) => ({ ...one, name: seatName(one) })), () => picker.draw());
  const dates = el('select', { id: 'exchange-date', on: { change: () => picker.open(dates.value) } }, schedules.filter(({ cancelledAt }) => !cancelledAt).map((one) =>
    el('option', { value: one.scheduleId, selected: one.scheduleId === scheduleId }, `${date(one.date)} ${time(one.startsAt, timeZone)}`)));
  const opened = picker.open(dates.value);
  const agreed = await sure({
    title: say('exchange.title'), label: say('exchange.next'), kind: 'picker',
    says: [seats.length > 1 && boxes.node, el('label', { for: 'exchange-date' }, say('exchange.date')), dates, picker.node],
  });
  await opened;
  const [back, instead] = [boxes.chosen(), picker.chosen()];
  if (!agreed || !back.length) return;
  if (instead.length !== back.length) return void toast(say('exchange.count', { n: back.length }));
  const sum = (prices) => prices.reduce((all, price) => all + price, 0);
  const free = method === 'FREE';
  const amount = free ? 0 : sum(instead.map(priceAt));
  const difference = amount - (free ? 0 : sum(back.map(({ price }) => price)));
  const inMoney = ['CASH', 'CARD'].includes(method);
  const money = inMoney ? won(Math.abs(difference)) : points(Math.abs(difference));
  const way = difference > 0 ? 'takes' : 'gives';
  const says = difference ? say(`exchange.${way}${inMoney ? '' : 'Points'}`, { money }) : say('exchange.even');
  const named = (list) => list.map((seat) => [seatName(seat), seat.tariff?.name ?? seat.tariff].filter(Boolean).join(' · ')).join('; ');
  if (!await sure({ title: say('exchange.title'), says: [`${named(back)} → ${named(instead)}`, says], label: say('exchange.do') })) return;
  const body = { giveBack: back.map(({ seat }) => seat), scheduleId: Number(dates.value), seats: instead.map(wishOf), amount };
  if (await doIt(() => act('POST', `/staff/reservations/${reservationId}/exchange`, body, { key: newKey() }))) {
    toast(say('exchange.done', { seats: seatNames(instead) }));
    await refresh();
  }
}

/** A button that changes the seats of a hold and their tariffs. It lasts as long as before. */
export function changeButton({ reservationId, scheduleId, seats }, refresh) {
  const change = async () => {
    const picker = new SeatPicker({ id: 'change-seats', label: say('change.more'), had: () => boxes.chosen() });
    const boxes = seatBoxes(seats.map((one) => ({ ...one, name: seatName(one) })), () => picker.draw());
    const opened = picker.open(scheduleId);
    if (!await sure({ title: say('change.title'), says: [say('change.says'), boxes.node, picker.node], label: say('change.do'), kind: 'picker' })) return;
    await opened;
    const labels = new Set(boxes.chosen().map(({ seat }) => seat));
    const added = picker.chosen().filter(({ seat }) => !labels.has(seat));
    const wanted = [...picker.keptWishes(), ...added.map(wishOf)];
    if (!wanted.length) return void toast(say('change.none'));
    if (await doIt(() => act('PATCH', `/staff/reservations/${reservationId}`, { seats: wanted }), say('change.done', { seats: seatNames([...boxes.chosen(), ...added]) }))) await refresh();
  };
  return el('button', { type: 'button', on: { click: change } }, say('change.begin'));
}
