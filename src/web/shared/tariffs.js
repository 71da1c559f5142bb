// The kinds of price that a chosen seat may have, and what it costs then.

import { el } from './dom.js';
import { say } from './language.js';
import { seatName } from './seat_name.js';

/** A seat with the tariffs of its date that it may have, each with its price for this seat, and the name of one. */
export function withTariffs(seat, tariffs, tariff) {
  const choices = (tariffs ?? []).flatMap(({ name, note, amount, percent, amounts }) => {
    const price = amount ?? (amounts ? amounts[seat.category ?? seat.section] : Math.floor((seat.price * percent + 50) / 100));
    return price === undefined ? [] : [{ name, note, price }];
  });
  return { ...seat, choices, tariff: choices.find(({ name }) => name === tariff) };
}

/** What such a seat costs. */
export const priceAt = ({ price, tariff }) => tariff?.price ?? price;

/** How a request names it. */
export const wishOf = ({ seat, tariff }) => (tariff ? { seat, tariff: tariff.name } : seat);

/** So many names of tariffs for the best seats, from a field for each of how many are to have it. */
export const namesOf = (fields) => fields.flatMap(([name, { value }]) => Array.from({ length: Number(value) || 0 }, () => name));

/**
 * A line with the choice of a seat's tariff; nothing where there are none. What is chosen is kept in `tariffAt`, then
 * `show()` draws anew, and the choice in `list` has the focus again.
 */
export function tariffLine(seat, cost, { tariffAt, list, show }) {
  const choose = (tariff) => {
    tariffAt.set(seat.seat, tariff);
    show();
    [...list.querySelectorAll('select')].find(({ name }) => name === seat.seat)?.focus();
  };
  const select = tariffSelect(seat, cost, choose);
  return select && el('p', { class: 'bar apart' }, seatName(seat), select);
}

/** A choice between its tariffs; nothing where there are none. `cost(price)` says a price. */
export function tariffSelect(seat, cost, choose) {
  if (!seat.choices.length) return null;
  const full = { name: '', price: seat.price };
  const options = [full, ...seat.choices].map(({ name, note, price }) =>
    el('option', { value: name, selected: name === (seat.tariff?.name ?? '') }, `${[name || say('tariff.full'), note].filter(Boolean).join(', ')} · ${cost(price)}`));
  return el('select', { name: seat.seat, 'aria-label': say('tariff.of', { seat: seatName(seat) }), on: { change: ({ target }) => choose(target.value) } }, options);
}
