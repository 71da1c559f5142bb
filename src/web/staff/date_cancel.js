// Cancelling a date: agreement is typed, what it will cost is said in numbers beside the button that does it, and the
// refunds are watched to the end.

import { el, fill } from '../shared/dom.js';
import { dateTime, number, points, won } from '../shared/format.js';
import { say } from '../shared/language.js';
import { field } from './forms.js';
import { act, read } from './session.js';
import { doIt } from './sure.js';

const WAIT_SECONDS = 20;

/** What the counter took in money for a date, and how it is given back: nobody is there when the date is cancelled. */
function inMoney({ paidInCash, paidByCard }) {
  const taken = [['CASH', paidInCash], ['CARD', paidByCard]].filter(([, amount]) => amount > 0).map(([method, amount]) => `${say(`method.${method}`)} ${won(amount)}`);
  return taken.length ? [el('p', { class: 'note' }, say('cancel.inMoney', { taken: taken.join(', ') }))] : [];
}

export function cancelCard(schedule, timeZone, signal, changed) {
  const path = `/staff/schedules/${schedule.scheduleId}/cancellation`;
  const card = el('section', { class: 'card' });
  const title = el('h2', {}, say('cancel.title'));

  function ready() {
    const word = say('cancel.word');
    const typed = field('word', say('cancel.type', { word }), { hint: say('cancel.typeHint') });
    const cost = el('div', { role: 'status' });
    const isTyped = () => typed.input.value.trim().toLowerCase() === word;
    typed.input.addEventListener('input', async () => {
      fill(cost);
      if (!isTyped()) return;
      const told = await tellCost();
      if (!isTyped()) return;
      fill(cost, told);
      cost.scrollIntoView({ block: 'nearest' });
    });
    fill(card, title, el('p', { class: 'soft' }, say('cancel.hint')), typed.node, cost);
  }

  /** What it will cost, in numbers of this moment, and the button that does it. */
  async function tellCost() {
    const [{ body: state }, { body: sales }] = await Promise.all([read(path, { signal }), read(`/staff/schedules/${schedule.scheduleId}/sales`, { signal })]);
    const [n, amount] = [state.total - state.refunded, points(sales.revenue)];
    return [
      el('p', {}, say('cancel.says', { n, seats: number(sales.sold), amount })), state.holds > 0 && el('p', {}, say('cancel.holds', { n: state.holds })),
      ...inMoney(state), el('p', {}, say('cancel.forever')), el('button', { type: 'button', class: 'danger', on: { click: cancel } }, say('cancel.do', { n, amount })),
    ];
  }

  async function cancel({ currentTarget: button }) {
    button.disabled = true;
    if (!await doIt(() => act('POST', path), say('cancel.done'))) return void ready();
    await changed();
    return watch();
  }

  /** Shows how far it is, until everybody has their points back. */
  async function watch() {
    const bar = el('progress', { 'aria-label': say('cancel.progress') });
    const text = el('p', { role: 'status' });
    const money = el('div');
    fill(card, title, bar, text, money);
    for (let waitSeconds = 0; ; waitSeconds = WAIT_SECONDS) {
      const { body } = await read(path, { signal, waitSeconds });
      bar.max = Math.max(1, body.total);
      fill(money, ...inMoney(body));
      bar.value = body.settledAt ? bar.max : body.refunded;
      text.textContent = body.settledAt
        ? say('cancel.settled', { n: body.refunded, when: dateTime(body.settledAt, timeZone) })
        : say('cancel.underWay', { done: number(body.refunded), n: body.total });
      if (body.settledAt) return;
    }
  }

  if (schedule.cancelledAt) watch().catch((error) => { if (!signal.aborted) throw error; });
  else ready();
  return card;
}
