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
import { DateSeats } from './date_seats.js';
import { tariffsCard } from './date_tariffs.js';
import { salesCard } from './date_sales.js';
import { said, times } from './date_times.js';
import { draftOf } from './draft.js';
import { form } from './forms.js';
import { removal } from './removal.js';
import { newDate } from './new_date.js';
import { saleSentence, saleState, saleTag } from './sale.js';
import { act, read } from './session.js';
import { doIt, sure } from './sure.js';

export async function open({ main, rest: [which, concertId, copiedId], signal }) {
  const { timeZone } = await venue({ fresh: true, signal });
  if (which === 'new') return newDate(main, await concertOf(concertId, signal), timeZone, copiedId, signal);
  const { body: schedule } = await read(`/staff/schedules/${encodeURIComponent(which ?? '')}`, { signal });
  return onePage(main, schedule, await concertOf(schedule.concertId, signal), timeZone, signal);
}

async function concertOf(concertId, signal) {
  const { concerts } = (await read('/staff/concerts', { signal })).body;
  return concerts.find((concert) => concert.concertId === Number(concertId)) ?? concerts.at(-1);
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
    const agreed = await sure({ title: say('date.closeNow'), says: [say('date.closeNowSays', { n: schedule.seatsAvailable })], label: say('date.closeNow'), danger: true });
    const { now: closes } = await venue({ fresh: true });
    if (agreed) await doIt(() => change({ saleClosesAt: closes }), say('date.closed'), back(before, ['saleClosesAt']));
  }

  function show() {
    fill(title, concert.title, el('br'), dateTime(schedule.startsAt, timeZone), ' ', saleTag(schedule));
    const state = saleState(schedule);
    const fields = times(timeZone, schedule);
    const send = async () => {
      const changed = await said(fields.filter((one) => one.changed()), timeZone);
      if (!changed) return false;
      if (Object.keys(changed).length) await change(changed);
      toast(say('date.changed'));
    };
    fill(sale, el('h2', {}, say('date.sale')), el('p', {}, saleSentence(schedule, timeZone)),
      el('p', { class: 'soft' }, schedule.refundUntilHours == null ? say('date.noRefund') : say('date.refundSays', { n: schedule.refundUntilHours })),
      state !== 'cancelled' && [
        el('div', { class: 'bar' },
          ['soon', 'over'].includes(state) && Date.parse(schedule.startsAt) > serverNow() && el('button', { type: 'button', class: 'main', on: { click: openNow } }, say('date.openNow')),
          ['on', 'soldOut'].includes(state) && el('button', { type: 'button', class: 'danger', on: { click: closeNow } }, say('date.closeNow'))),
        el('details', { open: draftOf(`date.${schedule.scheduleId}`) !== null }, el('summary', {}, say('date.edit')), form(fields, { label: say('form.save'), send, draft: `date.${schedule.scheduleId}` })),
      ]);
  }

  const hall = new DateSeats(first.scheduleId, signal);
  const prices = schedule.cancelledAt ? null : pricesCard(schedule, hall, signal, () => refresh());
  const tariffs = schedule.cancelledAt ? null : tariffsCard(schedule, hall, signal);
  const refresh = async () => {
    schedule = (await read(path, { signal })).body;
    if (schedule.cancelledAt) [prices, tariffs].forEach((card) => card?.remove()); // nothing is sold any more
    show();
  };
  show();
  fill(main, el('p', {}, el('a', { href: `#concerts/${concert.concertId}` }, `← ${concert.title}`)), title, sale,
    salesCard(schedule, signal), blockMap(schedule, hall, signal, refresh),
    prices, tariffs, cancelCard(schedule, timeZone, signal, refresh),
    el('p', {}, el('a', { class: 'button', href: `#dates/new/${concert.concertId}/${schedule.scheduleId}` }, say('date.copy'))),
    removal({ what: 'date', path, then: `#concerts/${concert.concertId}` }));
}
