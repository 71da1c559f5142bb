// Dates: a new one with its seats, or one that is there: its sale, its map, its reports, its end.

import './concerts_words.js';
import { el, fill } from '../shared/dom.js';
import { dateTime } from '../shared/format.js';
import { say } from '../shared/language.js';
import { toast } from '../shared/notice.js';
import { serverNow, venue } from '../shared/venue.js';
import { blockMap } from './date_map.js';
import { cancelCard } from './date_cancel.js';
import { pricesCard } from './date_prices.js';
import { salesCard } from './date_sales.js';
import { field, form, numberOf } from './forms.js';
import { removal } from './removal.js';
import { LayoutEditor } from './layout_editor.js';
import { saleSentence, saleState, saleTag } from './sale.js';
import { act, read } from './session.js';
import { doIt, sure } from './sure.js';
import { localOf, momentOf } from './venue_time.js';

export async function open({ main, rest: [which, concertId], signal }) {
  const { timeZone } = await venue({ fresh: true, signal });
  if (which === 'new') return newDate(main, await concertOf(concertId, signal), timeZone);
  const { body: schedule } = await read(`/staff/schedules/${encodeURIComponent(which ?? '')}`, { signal });
  return onePage(main, schedule, await concertOf(schedule.concertId, signal), timeZone, signal);
}

async function concertOf(concertId, signal) {
  const { concerts } = (await read('/staff/concerts', { signal })).body;
  return concerts.find((concert) => concert.concertId === Number(concertId)) ?? concerts.at(-1);
}

/** The fields of a date's times; empty ones are left to the venue. */
function times(timeZone, schedule) {
  const local = (instant) => instant && localOf(instant, timeZone);
  const moment = (name, label, hint, required) =>
    field(name, label, { type: 'datetime-local', value: schedule && local(schedule[name]), hint, required, max: '9999-12-31T23:59' });
  return [
    moment('startsAt', say('date.startsAt'), null, true),
    moment('saleOpensAt', say('date.saleOpensAt'), schedule ? null : say('date.saleOpensHint'), Boolean(schedule)),
    moment('saleClosesAt', say('date.saleClosesAt'), schedule ? null : say('date.saleClosesHint'), Boolean(schedule)),
    field('refundUntilHours', say('date.refund'), {
      type: 'number', min: 0, max: 8760, step: 1, value: schedule?.refundUntilHours, hint: say('date.refundHint'),
    }),
  ];
}

/** What was typed in these fields, as a request takes it; null when somebody thought better of a start that is over. */
async function said(fields, timeZone) {
  const told = {};
  for (const one of fields) {
    if (one.input.type === 'number') told[one.name] = numberOf(one);
    else {
      const { instant, said: moment } = await momentOf(one, timeZone);
      if (one.name === 'startsAt' && instant < serverNow() && !await sure({ title: say('date.pastTitle'), says: [say('date.pastSays')], label: say('date.pastDo') })) return null;
      told[one.name] = moment;
    }
  }
  return told;
}

function newDate(main, concert, timeZone) {
  const fields = times(timeZone);
  const editor = new LayoutEditor();
  const label = el('span', {});
  editor.changed = (n) => { label.textContent = say('date.make', { n }); };
  const send = async () => {
    const layout = editor.layout();
    if (!layout) return;
    const when = await said(fields.filter(({ input }) => input.value !== ''), timeZone);
    if (!when) return;
    const { body } = await act('POST', `/staff/concerts/${concert.concertId}/schedules`, { ...when, layout });
    toast(say('date.made'));
    location.hash = `#dates/${body.scheduleId}`;
  };
  fill(main, el('p', {}, el('a', { href: `#concerts/${concert.concertId}` }, `← ${concert.title}`)),
    el('h1', { tabindex: '-1' }, say('date.newOf')),
    form([
      el('section', { class: 'card' }, el('h2', {}, say('date.when')), el('div', { class: 'pair' }, fields.map(({ node }) => node))),
      ...fields.map((one) => ({ ...one, node: '' })),
      el('section', { class: 'card' }, el('h2', {}, say('layout.title')), editor.node),
    ], { label, send }));
  editor.show();
}

async function onePage(main, first, concert, timeZone, signal) {
  let schedule = first;
  const path = `/staff/schedules/${first.scheduleId}`;
  const title = el('h1', { tabindex: '-1' });
  const sale = el('section', { class: 'card' });
  const change = async (body) => { schedule = (await act('PATCH', path, body)).body; show(); };
  /** Takes back what these changed, and nothing else. */
  const back = (before, names) => () => change(Object.fromEntries(names.map((name) => [name, before[name]])));

  async function openNow() {
    await refresh();
    const before = schedule;
    const agreed = await sure({ title: say('date.openNow'), says: [say('date.openNowSays', { n: schedule.seatsAvailable })], label: say('date.openNow') });
    const { now: opens } = await venue({ fresh: true });
    const changes = { saleOpensAt: opens, ...(saleState(before) === 'over' && { saleClosesAt: before.startsAt }) };
    if (agreed) await doIt(() => change(changes), say('date.opened'), back(before, Object.keys(changes)));
  }

  async function closeNow() {
    await refresh();
    const before = schedule;
    const agreed = await sure({ title: say('date.closeNow'), says: [say('date.closeNowSays', { n: schedule.seatsAvailable })], label: say('date.closeNow') });
    const { now: closes } = await venue({ fresh: true });
    if (agreed) await doIt(() => change({ saleClosesAt: closes }), say('date.closed'), back(before, ['saleClosesAt']));
  }

  function show() {
    fill(title, concert.title, el('br'), dateTime(schedule.startsAt, timeZone), ' ', saleTag(schedule));
    const state = saleState(schedule);
    const fields = times(timeZone, schedule);
    const send = async () => {
      const changed = await said(fields.filter((one) => one.changed()), timeZone);
      if (!changed) return;
      if (Object.keys(changed).length) await change(changed);
      toast(say('date.changed'));
    };
    fill(sale, el('h2', {}, say('date.sale')), el('p', {}, saleSentence(schedule, timeZone)),
      el('p', { class: 'soft' }, schedule.refundUntilHours == null ? say('date.noRefund') : say('date.refundSays', { n: schedule.refundUntilHours })),
      state !== 'cancelled' && [
        el('div', { class: 'bar' },
          ['soon', 'over'].includes(state) && Date.parse(schedule.startsAt) > serverNow() && el('button', { type: 'button', class: 'main', on: { click: openNow } }, say('date.openNow')),
          ['on', 'soldOut'].includes(state) && el('button', { type: 'button', on: { click: closeNow } }, say('date.closeNow'))),
        el('details', {}, el('summary', {}, say('date.edit')), form(fields, { label: say('form.save'), send })),
      ]);
  }

  const prices = schedule.cancelledAt ? null : pricesCard(schedule, signal, () => refresh());
  const refresh = async () => {
    schedule = (await read(path, { signal })).body;
    if (schedule.cancelledAt) prices?.remove(); // nothing is sold any more
    show();
  };
  show();
  fill(main, el('p', {}, el('a', { href: `#concerts/${concert.concertId}` }, `← ${concert.title}`)), title, sale,
    salesCard(schedule, signal), blockMap(schedule, signal, refresh),
    prices, cancelCard(schedule, concert, timeZone, signal, refresh),
    removal({ what: 'date', path, then: `#concerts/${concert.concertId}` }));
}
