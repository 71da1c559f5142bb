// The dates of a concert as anybody may read them: and how the sale of each stands; and the concerts.

import { Refused, patiently } from '../shared/api.js';
import { el } from '../shared/dom.js';
import { date, dateTime, points, time } from '../shared/format.js';
import { language, say } from '../shared/language.js';
import { serverNow } from '../shared/venue.js';

const KINDS = { on: 'good', soon: 'warn', soldOut: 'bad', closed: '', over: '', cancelled: 'bad' };

const answers = new Map();

/** Reads what is the same for everybody: where nothing changed, the answer of before. */
async function readShared(path, signal) {
  const before = answers.get(path);
  const answer = await patiently('GET', path, { signal, etag: before?.etag });
  if (answer.status !== 304) answers.set(path, answer);
  return answers.get(path).body;
}

/** Every date of a concert, the earliest first; nobody queues for it. */
export const readDates = async (concertId, signal) => (await readShared(`/concerts/${concertId}/dates`, signal)).schedules;

/** All concerts, each with `next`, the date that one asks for first. */
export const readConcerts = async (signal) => (await readConcertsAsWritten(signal)).map(inLanguage);

const readConcertsAsWritten = async (signal) => (await readShared('/concerts', signal)).concerts;

/** A concert by its number; undefined when there is none. */
export async function findConcert(concertId, signal) {
  try {
    return inLanguage(await readShared(`/concerts/${concertId}`, signal));
  } catch (error) {
    if (error instanceof Refused && error.code === 'CONCERT_NOT_FOUND') return undefined;
    throw error;
  }
}

/**
 * Bookings, and tickets with the `concertId` of theirs, with the words of their concert in the language of the page.
 * Where the concerts cannot be read, they stay as they are.
 */
export async function inOwnWords(all, signal) {
  const concerts = await readConcertsAsWritten(signal).catch(() => []);
  return all.map((one) => {
    const concert = concerts.find(({ concertId }) => concertId === one.concertId);
    if (!concert) return one;
    const { title, venue } = inLanguage(concert);
    return { ...one, concertTitle: title, ...(one.venue && { venue }) };
  });
}

/** A concert with its words in the language of the page, where it has some of its own there. */
function inLanguage(concert) {
  const own = Object.entries(concert.translations[language()] ?? {}).filter(([, text]) => text);
  return { ...concert, ...Object.fromEntries(own) };
}

/** A picture, which is fetched when it comes into sight; its size is known before. */
export const picture = ({ url, widthPx, heightPx }, more) => el('img', { src: url, width: widthPx, height: heightPx, loading: 'lazy', alt: '', ...more });

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

export function stateTag(schedule, timeZone) {
  const state = stateOf(schedule);
  const text = state === 'soon' ? say('dates.opens', { when: dateTime(schedule.saleOpensAt, timeZone) }) : say(`dates.${state}`);
  return el('span', { class: `tag ${KINDS[state]}` }, text);
}

/** `1월 9일(토) 오후 7:00`. */
export const whenOf = ({ date: day, startsAt }, timeZone) => `${date(day)} ${time(startsAt, timeZone)}`;

/** The least price of a free seat in words: null without one, and 0 is free of charge. */
export const priceFrom = (price) => price !== null && (price ? say('dates.from', { price: points(price) }) : say('dates.free'));
