// The kinds of price of a date: those that there are, and a form for another one.

import { el, fill } from '../shared/dom.js';
import { points } from '../shared/format.js';
import { say } from '../shared/language.js';
import { nameOf } from './date_prices.js';
import { AtField, field, form, numberOf, paired } from './forms.js';
import { act } from './session.js';
import { doIt } from './sure.js';

const PRICE_MAX = 100_000_000;

export function tariffsCard({ scheduleId }, hall, signal) {
  const path = `/staff/schedules/${scheduleId}`;
  const place = el('div', {});

  async function show() {
    const { seats, tariffs = [] } = await hall.known();
    const categories = [...new Set(seats.map(nameOf).filter((name) => name !== null))];
    const put = async (next) => {
      await act('PATCH', path, { tariffs: next });
      await hall.look();
      await show();
    };
    const lines = tariffs.map((one) => el('li', { class: 'bar apart' }, el('span', {}, el('strong', {}, one.name), ` · ${ruleOf(one)}`, one.note && ` · ${one.note}`),
      el('button', { type: 'button', class: 'small danger', 'aria-label': say('tariff.remove', { name: one.name }), on: {
        click: () => doIt(() => put(tariffs.filter((other) => other !== one)), say('tariff.removed', { name: one.name }), () => put(tariffs)),
      } }, say('tariff.drop'))));
    fill(place, lines.length > 0 && el('ul', { class: 'found' }, lines), newTariff(tariffs, categories, put));
  }

  show().catch((error) => { if (!signal.aborted) throw error; });
  return el('section', { class: 'card' }, el('h2', {}, say('tariff.card')), el('p', { class: 'soft' }, say('tariff.hint')), place);
}

function newTariff(tariffs, categories, put) {
  const name = field('name', say('tariff.name'), { required: true, maxlength: 40 });
  const note = field('note', say('tariff.note'), { maxlength: 80, hint: say('tariff.noteHint') });
  const kinds = ['percent', 'amount', ...(categories.length ? ['amounts'] : [])];
  const kind = field('kind', say('tariff.rule'), { kind: 'select' }, kinds.map((one) => el('option', { value: one }, say(`tariff.${one}`))));
  const of = (label, max, inWords) => field('value', label, { type: 'number', min: 0, max, step: 1, inWords });
  const values = { percent: [of(say('tariff.percent'), 100)], amount: [of(say('tariff.amount'), PRICE_MAX, points)], amounts: categories.map((category) => of(category, PRICE_MAX, points)) };
  const draw = () => Object.entries(values).forEach(([one, fields]) => fields.forEach(({ node }) => { node.hidden = one !== kind.input.value; }));
  kind.input.addEventListener('change', draw);
  draw();
  const send = async () => {
    const numbers = values[kind.input.value].map(numberOf);
    if (numbers.every((number) => number === null)) throw new AtField(values[kind.input.value][0], say('form.missing'));
    const named = categories.map((category, at) => [category, numbers[at]]).filter(([, number]) => number != null);
    const rule = kind.input.value === 'amounts' ? Object.fromEntries(named) : numbers[0];
    await put([...tariffs, { name: name.input.value, ...(note.input.value ? { note: note.input.value } : {}), [kind.input.value]: rule }]);
  };
  return form([paired(name, note), paired(kind, ...Object.values(values).flat())], { label: say('tariff.add'), kind: '', send });
}

/** What a tariff costs, in words. */
function ruleOf({ amount, percent, amounts }) {
  if (percent !== undefined) return `${percent} %`;
  if (amount !== undefined) return points(amount);
  return Object.entries(amounts).map(([category, price]) => `${category} ${points(price)}`).join(', ');
}
