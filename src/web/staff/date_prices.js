// Prices of a date that is there: by category where the seats have some, else by section, else one for the whole hall.

import { el, fill } from '../shared/dom.js';
import { points } from '../shared/format.js';
import { say } from '../shared/language.js';
import { field, form, numberOf, paired } from './forms.js';
import { act } from './session.js';
import { doIt, sure } from './sure.js';

const PRICE_MAX = 100_000_000;

/** A card with a field for each price of these seats; `changed` is called after they changed. */
export function pricesCard({ scheduleId }, hall, signal, changed) {
  const path = `/staff/schedules/${scheduleId}`;
  const place = el('div', {});

  async function show() {
    const { seats } = await hall.known();
    const before = pricesOf(seats);
    const fields = [...before].map(([name, price]) => field('price', name ?? say('price.all'), { type: 'number', min: 0, max: PRICE_MAX, step: 1, required: true, value: price, inWords: points }));
    const send = () => change(before, new Map([...before.keys()].map((name, at) => [name, numberOf(fields[at])])));
    fill(place, form([paired(...fields)], { label: say('price.begin'), kind: '', send }));
  }

  async function change(before, after) {
    const names = [...after.keys()].filter((name) => after.get(name) !== before.get(name));
    if (!names.length) return;
    await hall.look();
    const { seats } = hall.now;
    const now = pricesOf(seats);
    const free = seats.filter((seat) => seat.status !== 'SOLD' && seat.status !== 'HELD' && names.includes(nameOf(seat))).length;
    const lines = names.map((name) => el('li', {}, say('price.change', { name: name ?? say('price.all'), before: points(before.get(name)), after: points(after.get(name)) })));
    if (!await sure({ title: say('price.title'), says: [el('ul', {}, lines), say('price.says', { n: free })], label: say('price.do') })) return;
    const put = async (prices) => {
      // One price for all takes the names along: those that nobody changed here keep the price that they have by now.
      await act('PATCH', path, requestOf(names, new Map([...now].map(([name, price]) => [name, names.includes(name) ? prices.get(name) : price]))));
      await hall.look();
      await Promise.all([show(), changed()]);
    };
    await doIt(() => put(after), say('price.done'), () => put(before));
  }

  show().catch((error) => { if (!signal.aborted) throw error; });
  return el('section', { class: 'card' }, el('h2', {}, say('price.card')), el('p', { class: 'soft' }, say('price.hint')), place);
}

/** What the price of a seat goes by; null where one price is for the whole hall. */
export const nameOf = ({ category, section }) => category ?? section ?? null;

/** The price of each name, in layout order. */
export function pricesOf(seats) {
  const prices = new Map();
  for (const seat of seats) if (!prices.has(nameOf(seat))) prices.set(nameOf(seat), seat.price);
  return prices;
}

function requestOf(names, prices) {
  if (names.includes(null)) return { price: prices.get(null), prices: named([...prices.keys()], prices) };
  return { prices: named(names, prices) };
}

const named = (names, prices) => Object.fromEntries(names.filter((name) => name !== null).map((name) => [name, prices.get(name)]));
