// Points, dates and spans of time as people of the venue write them.

import { language, say } from './language.js';

const known = new Map();
/** Within so much time nobody takes one year for another. */
const YEAR_PLAIN_MS = 330 * 86_400_000;

/** Formats are slow to make: each is made once. */
function format(kind, options) {
  const key = `${kind.name} ${language()} ${JSON.stringify(options)}`;
  if (!known.has(key)) known.set(key, new kind(language() === 'ko' ? 'ko-KR' : 'en-GB', options));
  return known.get(key);
}

export const number = (value) => format(Intl.NumberFormat, {}).format(value);

export const points = (value) => say('points', { n: value });

/** Money, as the counter takes it. */
export const won = (amount) => say('won', { n: number(amount) });

/** What a seat costs. */
export const cost = (value) => (value === 0 ? say('cost.free') : points(value));

/** A calendar date (`YYYY-MM-DD`) with its day of the week; the year stands there where it is not plain. */
export const date = (text) => dayOf(new Date(`${text}T00:00:00Z`), 'UTC');

/** An instant's time of the day at the venue, which no line break divides. */
export function time(instant, timeZone) {
  return format(Intl.DateTimeFormat, { hour: 'numeric', minute: '2-digit', hour12: true, timeZone }).format(new Date(instant)).replaceAll(' ', '\u00a0');
}

/** An instant's day and time at the venue. */
export const dateTime = (instant, timeZone) => `${dayOf(new Date(instant), timeZone)} ${time(instant, timeZone)}`;

/** How people call the time of a zone. */
export function zoneName(timeZone) {
  const parts = format(Intl.DateTimeFormat, { timeZone, timeZoneName: 'long' }).formatToParts(new Date());
  return parts.find(({ type }) => type === 'timeZoneName').value;
}

/** A day: `1월 9일(토)`, `Sat 9 January`. */
function dayOf(day, timeZone) {
  const year = Math.abs(day - Date.now()) > YEAR_PLAIN_MS ? { year: 'numeric' } : {};
  const options = { ...year, month: 'long', day: 'numeric', weekday: 'short', timeZone };
  if (language() !== 'ko') return format(Intl.DateTimeFormat, options).format(day);
  const parts = format(Intl.DateTimeFormat, options).formatToParts(day);
  const part = (wanted) => parts.find(({ type }) => type === wanted)?.value;
  return `${part('year') ? `${part('year')}년 ` : ''}${part('month')} ${part('day')}일(${part('weekday')})`;
}

/** Seconds in whole minutes, one at least, as people are told them. */
export const wholeMinutes = (seconds) => Math.max(1, Math.floor(seconds / 60));

/** Seconds as a clock counts them down: 4:59, 1:00:00. */
export function countdown(seconds) {
  const left = Math.max(0, Math.ceil(seconds));
  const two = (value) => String(value).padStart(2, '0');
  const hours = Math.floor(left / 3600);
  const minutes = Math.floor(left / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${two(left % 60)}` : `${minutes}:${two(left % 60)}`;
}

/** About how long, in words. */
export function about(seconds) {
  if (seconds < 60) return say('span.moment');
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return say('span.minutes', { n: minutes });
  const hours = Math.floor(minutes / 60);
  if (hours >= 48) return say('span.days', { n: Math.round(hours / 24) });
  return minutes % 60 ? say('span.hoursMinutes', { hours, minutes: minutes % 60 }) : say('span.hours', { n: hours });
}
