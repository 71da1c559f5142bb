// Reading one's tickets: what the server says, or, while the network is silent, what was kept, said to be that.

import { connection, isLost, patiently } from '../shared/api.js';
import { el } from '../shared/dom.js';
import { dateTime } from '../shared/format.js';
import { say } from '../shared/language.js';

/** A network that says nothing for so long is as good as none. */
const SILENT_MS = 2500;

/** A ticket with the drawing of its QR code, for the call needs the key, which an `img` cannot send. */
export async function readTicket({ ticketId }, asked) {
  const [{ body: ticket }, { body: drawing }] = await Promise.all([
    patiently('GET', `/tickets/${ticketId}`, asked),
    patiently('GET', `/tickets/${ticketId}.svg`, { ...asked, accept: 'image/svg+xml' }),
  ]);
  return { ...ticket, drawing };
}

/**
 * Gives what the network says to `show`. When it is silent and something was kept, `showKept` shows that first.
 * `ask` goes on asking until there is an answer.
 */
export async function freshOrKept(ask, show, showKept, signal) {
  const answer = ask();
  if (showKept && await isSilent(answer, signal)) showKept();
  const fresh = await answer;
  if (!signal.aborted) await show(fresh);
}

/** Whether the network is lost, or says nothing for a while, before the answer is there. */
function isSilent(answer, signal) {
  return new Promise((resolve) => {
    const done = new AbortController();
    const end = (silent) => { clearTimeout(timer); done.abort(); resolve(silent && !signal.aborted); };
    const timer = setTimeout(end, SILENT_MS, true);
    connection.addEventListener('lost', () => end(true), { signal: done.signal });
    signal.addEventListener('abort', () => end(false), { signal: done.signal });
    answer.then(() => end(false), () => end(false));
    if (isLost() || !navigator.onLine) end(true);
  });
}

/** Says that this is shown without network, and how old it is. */
export const offlineNote = (keptAt, timeZone) => el('p', { class: 'note warn', role: 'status' }, say('ticket.offline', { when: dateTime(keptAt, timeZone) }));
