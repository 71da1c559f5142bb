// One's own tickets, kept in this browser so that they are there without network, until the key is replaced or taken
// away; and the worker that keeps the pages' files for that, installed with the first ticket.

import { inBrowser } from '../shared/store.js';

const KEPT = 'boxoffice.tickets';

/** `{userId, timeZone, reservations, tickets}` of a user: each reservation with `keptAt`, the tickets by their ids. */
export function keptOf(userId) {
  const kept = inBrowser.json(KEPT);
  return kept && kept.userId === userId ? kept : null;
}

/** Keeps these reservations in place of all others, or beside them; `tickets` is added to what is known of theirs. */
export function keep(userId, timeZone, { all, one, tickets = [] }) {
  const before = keptOf(userId);
  const keptAt = new Date().toISOString();
  const news = (all ?? [one]).map((reservation) => ({ ...reservation, keptAt }));
  const others = all ? [] : (before?.reservations ?? []).filter(({ reservationId }) => reservationId !== one.reservationId);
  const reservations = [...others, ...news].filter(({ status }) => status === 'CONFIRMED');
  if (!reservations.length) return forget();
  const known = { ...before?.tickets, ...Object.fromEntries(tickets.map((ticket) => [ticket.ticketId, ticket])) };
  const theirs = reservations.flatMap((reservation) => reservation.tickets).filter(({ ticketId }) => known[ticketId]);
  inBrowser.setJson(KEPT, { userId, timeZone, reservations, tickets: Object.fromEntries(theirs.map(({ ticketId }) => [ticketId, known[ticketId]])) });
  keepFiles();
}

function forget() {
  inBrowser.drop(KEPT);
}

/** Has the browser keep the pages' files, of this version, as long as there are tickets to show. */
export async function keepFiles() {
  if (!inBrowser.json(KEPT) || !inBrowser.isKept()) return;
  try {
    await navigator.serviceWorker?.register(new URL('offline_worker.js', import.meta.url), { scope: '/' });
    (await navigator.serviceWorker?.ready)?.active?.postMessage('keep');
  } catch {
    // without it the tickets need the network, as everywhere where storage is blocked
  }
}

/** Takes the tickets off this browser, and what was kept for them. */
export async function forgetTickets() {
  forget();
  try {
    for (const registration of await navigator.serviceWorker?.getRegistrations() ?? []) await registration.unregister();
    for (const name of await globalThis.caches?.keys() ?? []) await globalThis.caches.delete(name);
  } catch {
    // nothing could be kept
  }
}
