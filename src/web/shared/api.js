// The API client: one request, or one that is repeated until it is answered.

import { language } from './language.js';

const BASE = '/api/v1';
/** A wait that was not granted is made up for here, so that nobody asks again at once. */
const UNGRANTED_MS = 1000;
const BACKOFF_MS = [500, 1000, 2000, 4000, 8000, 15000];

/** The server said no: a problem document, with its `code`. */
export class Refused extends Error {
  constructor(status, problem, retryAfterSeconds) {
    super(problem.detail ?? `HTTP ${status}`);
    this.status = status;
    this.code = problem.code ?? 'INTERNAL';
    this.problem = problem;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** Nobody answered. */
export class Unreached extends Error {}

/** Tells the page how the connection is: events `lost`, `busy` and `back`. */
export const connection = new EventTarget();
let state = 'back';
export const isLost = () => state === 'lost';
function connectionIs(now) {
  if (state !== now) {
    state = now;
    connection.dispatchEvent(new Event(now));
  }
}

/** 128 random bits: a key under which a request may be repeated. (`randomUUID` is missing on plain http.) */
export function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** `Authorization` of a token or staff key. */
export const bearer = (key) => `Bearer ${key}`;

/** `Authorization` of a user by their key. */
export const basic = (userId, userKey) => `Basic ${btoa(`${userId}:${userKey}`)}`;

/**
 * One request. Options: `body`, `authorization`, `waitSeconds` (`Prefer: wait`), `key`
 * (`Idempotency-Key`), `etag` (`If-None-Match`), `accept`, `signal`. Gives
 * `{status, body, etag, retryAfterSeconds, waited}`; a body that is not JSON comes as text.
 */
export async function call(method, path, options = {}) {
  let response, text;
  try {
    response = await request(method, path, options);
    text = await response.text();
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new Unreached(error.message);
  }
  const type = response.headers.get('Content-Type') ?? '';
  const body = type.includes('json') && text ? JSON.parse(text) : text;
  const retryAfterSeconds = Number(response.headers.get('Retry-After')) || null;
  if (!response.ok && response.status !== 304) {
    throw new Refused(response.status, typeof body === 'object' ? body : {}, retryAfterSeconds);
  }
  const waited = response.headers.has('Preference-Applied');
  return { status: response.status, body, etag: response.headers.get('ETag'), retryAfterSeconds, waited };
}

/** One request, with the same options; gives what `fetch` does. */
export function request(method, path, options) {
  return fetch(BASE + path, {
    method,
    headers: headersOf(options),
    body: options.body === undefined ? undefined : JSON.stringify(options.body),
    signal: options.signal,
    cache: 'no-store',
    credentials: 'omit',
  });
}

function headersOf({ body, authorization, waitSeconds, key, etag, accept, lastId }) {
  const headers = { 'Accept-Language': language(), Accept: accept ?? 'application/json' };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (authorization) headers.Authorization = authorization;
  if (waitSeconds) headers.Prefer = `wait=${waitSeconds}`;
  if (key) headers['Idempotency-Key'] = key;
  if (etag) headers['If-None-Match'] = etag;
  if (lastId) headers['Last-Event-ID'] = lastId;
  return headers;
}

/** Whether a failure passes by itself: nobody answered, or the server is too busy just now. */
export function passes(error) {
  return error instanceof Unreached || (error instanceof Refused && [429, 502, 503, 504].includes(error.status));
}

/**
 * Asks until there is an answer, or a no that stays. Pauses grow, obey `Retry-After`, and end early when the network is
 * back. A POST keeps its `Idempotency-Key`, so that its effect happens once however often it is sent; `key: null` sends
 * none, for an answer that holds a secret is kept nowhere to be repeated.
 */
export async function patiently(method, path, options = {}) {
  const kept = method === 'POST' ? { key: newKey(), ...options } : options;
  for (let tries = 0; ; tries += 1) {
    try {
      const answer = await call(method, path, kept);
      connectionIs('back');
      if (kept.waitSeconds && !answer.waited) await pause(UNGRANTED_MS, kept.signal);
      return answer;
    } catch (error) {
      if (!passes(error)) {
        if (error instanceof Refused) connectionIs('back');
        throw error;
      }
      connectionIs(error instanceof Unreached ? 'lost' : 'busy');
      const backoffMs = BACKOFF_MS[Math.min(tries, BACKOFF_MS.length - 1)] * (0.75 + Math.random() / 2);
      await pause(Math.max(backoffMs, (error.retryAfterSeconds ?? 0) * 1000), options.signal, 'online');
    }
  }
}

/** A signal that aborts with the first of these. (`AbortSignal.any` is younger than the browsers that come here.) */
export function anySignal(...signals) {
  const all = new AbortController();
  for (const signal of signals) {
    if (signal.aborted) all.abort(signal.reason);
    else signal.addEventListener('abort', () => all.abort(signal.reason), { once: true, signal: all.signal });
  }
  return all.signal;
}

/**
 * A module of the page, loaded when it is first needed. One that cannot be fetched is told as an unreached server only
 * where the server is: else the fault is in the page.
 */
export async function loadModule(load) {
  try {
    return await load();
  } catch (error) {
    await call('GET', '/venue');
    throw error;
  }
}

/** Waits, at most until the signal aborts (which throws) or the window tells one of the `events`. */
export function pause(ms, signal, ...events) {
  return new Promise((resolve, reject) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      for (const event of events) window.removeEventListener(event, end);
      if (signal?.aborted) reject(signal.reason);
      else resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener('abort', end);
    for (const event of events) window.addEventListener(event, end);
    if (signal?.aborted) end();
  });
}
