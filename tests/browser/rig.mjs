// What the browser tests stand on: the real binary with a clock that is turned, Debian's Chromium, and pages that fail
// a test by themselves on an error in the console, on a request to another host, and on what axe finds.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { chromium } from 'playwright-core';

const top = fileURLToPath(new URL('../../', import.meta.url));
const binary = process.env.BOXOFFICE ?? `${process.env.CARGO_TARGET_DIR ?? `${top}target`}/debug/boxoffice`;
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const WAIT_MS = 15_000;
const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage',
];

/** What is to be ended in the end, for those who run outside a test: `after` as a test has it. */
export class Ends {
  #all = [];

  after(end) {
    this.#all.unshift(end);
  }

  async end() {
    for (const end of this.#all) await end();
  }
}

/** Starts the program, which ends with the test, and gives the first `count` lines that it says. */
async function start(t, flags, count) {
  const child = spawn(binary, ['serve', '--test-clock', '--until-stdin-closes', ...flags], { stdio: ['pipe', 'pipe', 'inherit'] });
  const gone = new Promise((resolve) => { child.once('exit', resolve); });
  t.after(async () => { child.stdin.end(); await gone; });
  const said = [];
  const all = new Promise((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => { if (said.push(line) === count) resolve(said); });
  });
  assert.ok(Array.isArray(await Promise.race([all, gone])), `${binary} did not start`);
  return said;
}

/** A server of its own with the demo concert, and what the flags say. It ends with the test that started it. */
export async function openApp(t, flags = []) {
  const [ready] = await start(t, ['--ephemeral', ...flags], 1);
  return new TestApp(JSON.parse(ready));
}

/** A venue on its first day: an empty file, and the key that is shown this once. */
export async function openEmptyApp(t, flags = []) {
  const folder = mkdtempSync(`${tmpdir()}/boxoffice-pages-`);
  t.after(() => rmSync(folder, { recursive: true }));
  const [key, open] = await start(t, ['--database', `${folder}/venue.db`, '--listen', '127.0.0.1:0', ...flags], 2);
  return new TestApp({ url: open.match(/http:\/\/[\d.:]+/)[0], staffKey: key.split(': ').at(-1) });
}

export class TestApp {
  constructor(ready) {
    Object.assign(this, ready);
  }

  /** One call of the API; fails unless it succeeds. */
  async call(method, path, body, authorization) {
    const headers = { 'Content-Type': 'application/json' };
    if (authorization) headers.Authorization = authorization;
    const response = await fetch(`${this.url}/api/v1${path}`, { method, headers, body: body && JSON.stringify(body) });
    const text = await response.text();
    assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`);
    return text && JSON.parse(text);
  }

  staff(method, path, body) {
    return this.call(method, `/staff${path}`, body, `Bearer ${this.staffKey}`);
  }

  /** Turns the clock; what became due is done when this returns. */
  turn(seconds) {
    return this.staff('POST', '/clock', { advanceSeconds: seconds });
  }

  /** A customer without a browser: a user, a token, calls with it. */
  async customer(name = 'Kim') {
    const user = await this.call('POST', '/users', { name });
    const token = await this.call('POST', '/queue/tokens', { userId: user.userId, userKey: user.userKey });
    const call = (method, path, body) => this.call(method, path, body, `Bearer ${token.token}`);
    return { ...user, token: token.token, call };
  }

  /** A concert with a date whose layout is given; on sale now. */
  async concert({ title = 'Voices', venue = 'Main Hall', description = '', layout, startsAt, ...more }) {
    const { concertId } = await this.staff('POST', '/concerts', { title, venue, description });
    const at = startsAt ?? new Date(Date.now() + 40 * 86_400_000).toISOString();
    const { scheduleId } = await this.staff('POST', `/concerts/${concertId}/schedules`, { startsAt: at, layout, ...more });
    return { concertId, scheduleId };
  }
}

/** A browser that ends with the test, with what its command line says more. */
export async function openBrowser(t, flags = [], { home = process.env.HOME } = {}) {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: [...FLAGS, ...flags], env: { ...process.env, HOME: home },
  });
  t?.after(() => browser.close());
  return browser;
}

export const PHONE = { width: 360, height: 740 };
export const LAPTOP = { width: 1280, height: 800 };

/**
 * A page of a person with a browser of their own: nothing kept from others. `errors` lists what must not be: `expected`
 * may name (as a pattern) what a test brings about on purpose, such as a refused request that Chromium writes down.
 */
export async function openPage(browser, app, { language = 'en', size = LAPTOP, dark = false, expected, path = '/', ...more } = {}) {
  const context = await browser.newContext({
    locale: language === 'ko' ? 'ko-KR' : 'en-GB', viewport: size, colorScheme: dark ? 'dark' : 'light', ...more,
  });
  context.setDefaultTimeout(WAIT_MS);
  const page = await context.newPage();
  page.errors = [];
  const note = (text) => { if (!expected?.test(text)) page.errors.push(text); };
  page.on('console', (message) => { if (message.type() === 'error') note(`${message.text()} ${message.location().url}`); });
  page.on('pageerror', (error) => note(error.stack ?? String(error)));
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.protocol !== 'blob:' && url.protocol !== 'data:' && url.origin !== app.url) note(`a request to ${request.url()}`);
  });
  if (path != null) await page.goto(app.url + path);
  return page;
}

/** Fails when the page had an error, asked another host, or axe finds a violation on it as it is now. */
export async function mustBeSound(page, what = page.url()) {
  assert.deepEqual(page.errors, [], what);
  // Evaluated from the outside: the page's own policy would not let it in, and stays in force.
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  const told = violations.map(({ id, help, nodes }) => `${id}: ${help}\n  ${nodes.map((node) => `${node.html} ${node.failureSummary}`).join('\n  ')}`);
  assert.deepEqual(told, [], what);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(wide <= 0, `${what} is ${wide} px wider than the window`);
}
