// Points, dates and spans of time as people of the venue write them.

import { language, say } from './language.js';

const known = new Map();

/** Formats are slow to make: each is made once. */
function format(kind, options) {
  const key = `${kind.name} ${language()} ${JSON.stringify(options)}`;
  if (!known.has(key)) known.set(key, new kind(language() === 'ko' ? 'ko-KR' : 'en-GB', options));
  return known.get(key);
}

export const number = (value) => format(Intl.NumberFormat, {}).format(value);

export const points = (value) => say('points', { n: value });

/** A calendar date (`YYYY-MM-DD`) with its day of the week. */
export function date(text) {
  const options = { year: 'numeric', month: 'long', day: 'numeric', weekday: 'short', timeZone: 'UTC' };
  return format(Intl.DateTimeFormat, options).format(new Date(`${text}T00:00:00Z`));
}

/** An instant's time of the day at the venue. */
export function time(instant, timeZone) {
  return format(Intl.DateTimeFormat, { hour: '2-digit', minute: '2-digit', timeZone }).format(new Date(instant));
}

/** An instant's day and time at the venue. */
export function dateTime(instant, timeZone) {
  const options = { year: 'numeric', month: 'short', day: 'numeric', weekday: 'short', hour: '2-digit', minute: '2-digit', timeZone };
  return format(Intl.DateTimeFormat, options).format(new Date(instant));
}

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
