// Cancelling a date: what it will cost is said in numbers, typed agreement
// is asked, and the refunds are watched to the end.

import { el, fill } from '../shared/dom.js';
import { dateTime, number, points } from '../shared/format.js';
import { say } from '../shared/language.js';
import { field } from './forms.js';
import { act, read } from './session.js';
import { doIt, sure } from './sure.js';

const WAIT_SECONDS = 20;

export function cancelCard(schedule, concert, timeZone, signal, changed) {
  const path = `/staff/schedules/${schedule.scheduleId}/cancellation`;
  const card = el('section', { class: 'card' });
  const title = el('h2', {}, say('cancel.title'));

  function ready(why) {
    fill(card, title, el('p', { class: 'soft' }, say('cancel.hint')), why && el('p', { class: 'note warn', role: 'alert' }, why),
      el('button', { type: 'button', class: 'danger', on: { click: begin } }, say('cancel.begin')));
  }

  async function begin() {
    const [{ body: state }, { body: sales }] = await Promise.all([read(path, { signal }), read(`/staff/schedules/${schedule.scheduleId}/sales`, { signal })]);
    const word = say('cancel.word');
    const typed = field('word', say('cancel.type', { word }), { hint: say('cancel.typeHint') });
    const agreed = await sure({
      title: say('cancel.question', { title: concert.title, when: dateTime(schedule.startsAt, timeZone) }), danger: true,
      says: [
        say('cancel.says', { n: state.total - state.refunded, seats: number(sales.sold), amount: points(sales.revenue) }),
        state.holds > 0 && say('cancel.holds', { n: state.holds }), say('cancel.forever'), typed.node,
      ],
      label: say('cancel.do', { n: state.total - state.refunded, amount: points(sales.revenue) }),
    });
    if (!agreed) return undefined;
    if (typed.input.value.trim() !== word) return ready(say('cancel.notTyped'));
    if (await doIt(() => act('POST', path), say('cancel.done'))) {
      await changed();
      await watch();
    }
    return undefined;
  }

  /** Shows how far it is, until everybody has their points back. */
  async function watch() {
    const bar = el('progress', { 'aria-label': say('cancel.progress') });
    const text = el('p', { role: 'status' });
    fill(card, title, bar, text);
    for (let waitSeconds = 0; ; waitSeconds = WAIT_SECONDS) {
      const { body } = await read(path, { signal, waitSeconds });
      bar.max = Math.max(1, body.total);
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
