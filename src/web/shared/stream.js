// Streams of events (`text/event-stream`), read by `fetch`: an EventSource cannot send `Authorization`.

import { Refused, request } from './api.js';

/** The first bytes come at once; where they do not, something on the way keeps them until the end. */
const FIRST_MS = 5_000;
/** The server sends a comment after 15 silent seconds; a stream that is silent for so long is broken. */
const SILENT_MS = 25_000;
/** Where there is no stream, the page does without for so long. */
const WITHOUT_MS = 300_000;
/** A page that is hidden hangs up; without a network it is to find out. */
const ENDING = ['hidden', 'offline'];
/** Refusals of the stream, not of the call: the server has no room for one more, or something on the way answered. */
const OF_THE_STREAM = [200, 406, 502, 503, 504];

let withoutUntil = 0;

/**
 * Hears the events of a path, from behind the one with `lastId`, while the page is looked at: `heard({name, data})` is
 * called with each, and gives false where that is enough. Gives back when there is no stream or no longer one: the page
 * then asks, and may follow again. Throws what the server refuses of the call, also in the middle.
 */
export async function follow(path, { authorization, lastId, signal }, heard) {
  if (document.hidden || performance.now() < withoutUntil) return;
  const over = new AbortController();
  const end = () => over.abort();
  signal.addEventListener('abort', end);
  for (const event of ENDING) window.addEventListener(event, end);
  let [isLate, timer] = [false, 0];
  const within = (ms) => {
    clearTimeout(timer);
    timer = setTimeout(() => { isLate = true; end(); }, ms);
  };
  let hasCome = false;
  try {
    within(FIRST_MS);
    const response = await request('GET', path, { authorization, lastId, accept: 'text/event-stream', signal: over.signal });
    if (response.status !== 200 || !response.headers.get('Content-Type')?.startsWith('text/event-stream')) {
      throw new Refused(response.status, response.ok ? {} : await response.json().catch(() => ({})));
    }
    const [reader, decoder] = [response.body.getReader(), new TextDecoder()];
    for (let text = ''; ;) {
      const { done, value } = await reader.read();
      if (done) return;
      hasCome = true;
      within(SILENT_MS);
      const events = (text + decoder.decode(value, { stream: true })).split('\n\n');
      text = events.pop();
      for (const { event: name, data } of events.map(fieldsOf).filter((event) => event.data)) {
        if (name === 'problem') throw new Refused(JSON.parse(data).status, JSON.parse(data));
        if (heard({ name, data: JSON.parse(data) }) === false) return;
      }
    }
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    const isOfStream = error instanceof Refused && OF_THE_STREAM.includes(error.status);
    if (error instanceof Refused && !isOfStream) throw error;
    if (isOfStream || (isLate && !hasCome)) withoutUntil = performance.now() + WITHOUT_MS;
    if (!isOfStream && !over.signal.aborted && !(error instanceof TypeError)) throw error; // a fault of the page
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
    for (const event of ENDING) window.removeEventListener(event, end);
    end();
  }
}

/** The fields of an event, by their names. */
function fieldsOf(event) {
  return Object.fromEntries(event.split('\n').map((line) => {
    const at = line.indexOf(': ');
    return [line.slice(0, at), line.slice(at + 2)];
  }));
}
