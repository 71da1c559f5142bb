// How the sale of a date stands, in a word and in a sentence.

import { el } from '../shared/dom.js';
import { dateTime } from '../shared/format.js';
import { say } from '../shared/language.js';
import { serverNow } from '../shared/venue.js';

const KINDS = { soon: 'warn', on: 'good', over: '', cancelled: 'bad', soldOut: '' };

/** `cancelled`, `soon`, `on`, `soldOut` or `over`. */
export function saleState({ cancelledAt, saleOpensAt, saleClosesAt, seatsAvailable }) {
  if (cancelledAt) return 'cancelled';
  if (serverNow() < Date.parse(saleOpensAt)) return 'soon';
  if (serverNow() >= Date.parse(saleClosesAt)) return 'over';
  return seatsAvailable ? 'on' : 'soldOut';
}

export function saleTag(schedule) {
  const state = saleState(schedule);
  return el('span', { class: `tag ${KINDS[state]}` }, say(`sale.${state}`));
}

/** A sentence with the times that matter. */
export function saleSentence(schedule, timeZone) {
  const state = saleState(schedule);
  const when = { soon: schedule.saleOpensAt, on: schedule.saleClosesAt, soldOut: schedule.saleClosesAt, over: schedule.saleClosesAt, cancelled: schedule.cancelledAt }[state];
  return say(`saleSays.${state}`, { when: dateTime(when, timeZone) });
}
