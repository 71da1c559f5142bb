// The rules of the venue and its clock. Countdowns go by the server's time, never by the clock of the phone.

import { patiently } from './api.js';
import { inOwn } from './language.js';

let rules = null;
let first = null;
let offsetMs = Date.now() - performance.now(); // by the clock of the device until the server has answered

/** The rules of the venue; asked once, and again when they should be fresh. */
export async function venue({ fresh = false, signal } = {}) {
  if (fresh) await askVenue(signal);
  else if (!rules) await (first ??= askVenue().finally(() => { first = null; })); // several parts of a page ask at once
  if (signal?.aborted) throw signal.reason;
  return rules;
}

async function askVenue(signal) {
  const before = performance.now();
  const { body } = await patiently('GET', '/venue', { signal });
  // As if the answer were as old as the question: no countdown then shows more than there is.
  offsetMs = Date.parse(body.now) - before;
  rules = body;
}

/** The rules as they are for a concert that may have a line of its own. */
export const rulesFor = (all, concertId) => ({ ...all, ...all.lines.find((one) => one.concertId === concertId) });

/** The name of the venue, as the page was served with it. */
export function venueName() {
  const { nameKo: ko, nameEn: en } = document.documentElement.dataset;
  return inOwn({ ko, en }) ?? 'boxoffice';
}

/** The address at which others reach the venue; null on a page that this machine alone can open. */
export const publicAddress = () => (/^(localhost$|127\.|\[::1\])/.test(location.hostname) ? null : location.origin);

/** The server's time in milliseconds since 1970, as of the last answer; that of the device before the first. */
export const serverNow = () => offsetMs + performance.now();

/** Seconds until an instant of the server; never below 0. */
export const secondsUntil = (instant) => Math.max(0, (Date.parse(instant) - serverNow()) / 1000);

/**
 * Tells the page by the events `hidden` and `visible` on the window when it is looked at. The time is asked anew before
 * `visible`: a device that slept may have stopped its counter of milliseconds.
 */
if (typeof document !== 'undefined') {
  document.addEventListener('visibilitychange', async () => {
    if (!document.hidden && rules) await venue({ fresh: true });
    window.dispatchEvent(new Event(document.hidden ? 'hidden' : 'visible'));
  });
}
