// The dates of a concert as anybody may read them: how the sale of each stands, and the nearest one that can be booked.

import { patiently } from '../shared/api.js';
import { el } from '../shared/dom.js';
import { date, dateTime, points, time } from '../shared/format.js';
import { say } from '../shared/language.js';
import { serverNow } from '../shared/venue.js';

const KINDS = { on: 'good', soon: 'warn', soldOut: 'bad', closed: '', over: '', cancelled: 'bad' };

/** Every date of a concert, the earliest first; nobody queues for it. */
export async function readDates(concertId, signal) {
  return (await patiently('GET', `/concerts/${concertId}/dates`, { signal })).body.schedules;
}

/** A concert by its number; undefined when there is none. */
export async function findConcert(concertId, signal) {
  const { body } = await patiently('GET', '/concerts', { signal });
  return body.concerts.find((concert) => concert.concertId === Number(concertId));
}

/** `on`, `soon`, `soldOut`, `closed`, `over` or `cancelled`. */
export function stateOf({ cancelledAt, startsAt, saleOpensAt, saleClosesAt, seatsAvailable }) {
  const now = serverNow();
  if (cancelledAt) return 'cancelled';
  if (now >= Date.parse(startsAt)) return 'over';
  if (now >= Date.parse(saleClosesAt)) return 'closed';
  if (now < Date.parse(saleOpensAt)) return 'soon';
  return seatsAvailable ? 'on' : 'soldOut';
}

/** Whether a date can still be booked, now or later. */
export const isAlive = (schedule) => ['on', 'soon', 'soldOut'].includes(stateOf(schedule));

/**
 * The date that a visitor asks for first: the nearest on sale, else the nearest that opens, else the nearest to come,
 * else the last.
 */
export function nearest(schedules) {
  for (const state of ['on', 'soon', 'soldOut', 'closed']) {
    const found = schedules.find((schedule) => stateOf(schedule) === state);
    if (found) return found;
  }
  return schedules.at(-1);
}

export function stateTag(schedule, timeZone) {
  const state = stateOf(schedule);
  const text = state === 'soon' ? say('dates.opens', { when: dateTime(schedule.saleOpensAt, timeZone) }) : say(`dates.${state}`);
  return el('span', { class: `tag ${KINDS[state]}` }, text);
}

/** `1월 9일(토) 오후 7:00`. */
export const whenOf = ({ date: day, startsAt }, timeZone) => `${date(day)} ${time(startsAt, timeZone)}`;

/** The least price of a free seat in words: null without one, and 0 is free of charge. */
export const priceFrom = (price) => price !== null && (price ? say('dates.from', { price: points(price) }) : say('dates.free'));
