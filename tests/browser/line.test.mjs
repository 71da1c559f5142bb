// The waiting line in a browser: reload, a lost network, a hidden tab, the staff's word, the draw, being let in.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { PHONE, mustBeSound, openApp, openBrowser, openPage } from './rig.mjs';
import { joinLine, letIn } from './steps.mjs';

const LOST = /ERR_INTERNET_DISCONNECTED/;
const EXPIRED = /status of 401/;

/** A page that waits behind `before` others and one who is inside. */
async function waiting(t, { before = 4, flags = [], ...options } = {}) {
  const [app, browser] = [await openApp(t, ['--max-active', '1', ...flags]), await openBrowser(t)];
  const others = [];
  for (let n = 0; n <= before; n += 1) others.push(await app.customer(`Before ${n}`));
  const page = await openPage(browser, app, options);
  page.polls = 0;
  page.on('request', (request) => { if (request.url().endsWith('/queue/token')) page.polls += 1; });
  await joinLine(page, app);
  await page.locator('progress').waitFor();
  return { app, page, others };
}

const leave = (customer) => customer.call('DELETE', '/queue/token');
const place = (page) => page.locator('.ahead').textContent();
const progress = (page) => page.locator('progress').evaluate((node) => node.value);
const becomes = (page, text) => page.locator('.ahead', { hasText: text }).waitFor();

/** Hides or shows the tab, as a browser tells a page. */
const hide = (page, hidden) => page.evaluate((now) => {
  Object.defineProperty(document, 'hidden', { configurable: true, get: () => now });
  document.dispatchEvent(new Event('visibilitychange'));
}, hidden);

test('the place goes down and the progress up, over a reload, and whoever is let in sees the seats', async (t) => {
  const { page, others } = await waiting(t, { size: PHONE });
  assert.equal(await place(page), '4 people ahead');
  await mustBeSound(page, 'in the line');
  const seen = [await progress(page)];
  await leave(others[2]);
  await becomes(page, '3 people ahead');
  seen.push(await progress(page));
  await page.reload();
  await becomes(page, '3 people ahead');
  seen.push(await progress(page));
  for (const [at, text] of [[1, '2 people ahead'], [3, '1 person ahead'], [4, 'You are next']]) {
    await leave(others[at]);
    await becomes(page, text);
    seen.push(await progress(page));
  }
  assert.deepEqual(seen, [...seen].sort((a, b) => a - b), 'never backwards');
  await leave(others[0]);
  await letIn(page);
  await page.locator('.visit').waitFor();
  await mustBeSound(page, 'let in');
});

test('a guest who is placed in front does not turn the progress back', async (t) => {
  const { app, page, others } = await waiting(t, { before: 3 });
  await leave(others[1]);
  await becomes(page, '2 people ahead');
  const before = await progress(page);
  const guest = await app.call('POST', '/users', { name: 'Guest' });
  await app.staff('POST', '/queue/tokens', { userId: guest.userId });
  await becomes(page, '3 people ahead');
  assert.equal(await progress(page), before);
});

test('a lost network is said, asked about again, and the place is still there', async (t) => {
  const { page, others } = await waiting(t, { expected: LOST, language: 'ko' });
  await page.context().setOffline(true);
  await page.locator('.lost:visible', { hasText: '연결이 끊겼습니다' }).waitFor();
  assert.equal(await place(page), '내 앞에 4명');
  await leave(others[1]);
  await page.context().setOffline(false);
  await page.locator('.passing', { hasText: '다시 연결되었습니다' }).waitFor();
  await becomes(page, '내 앞에 3명');
  assert.equal(await page.locator('.lost').isVisible(), false);
  await mustBeSound(page, 'after the network was back');
});

test('a hidden tab does not poll, keeps the place, and looks at once when it is shown', async (t) => {
  const { page, others } = await waiting(t);
  await hide(page, true);
  const answered = page.waitForRequest(/queue\/token$/, { timeout: 4_000 }).then(() => true, () => false);
  await leave(others[1]);
  assert.equal(await answered, false, 'polled while it was hidden');
  assert.equal(await place(page), '4 people ahead');
  await hide(page, false);
  await becomes(page, '3 people ahead');
});

test('a hidden tab makes itself heard before its place would be given up', async (t) => {
  const { page } = await waiting(t, { before: 0, flags: ['--abandon-seconds', '6'] });
  await hide(page, true);
  for (let kept = 0; kept < 3; kept += 1) await page.waitForRequest(/queue\/token$/); // more than six seconds in all
  await hide(page, false);
  await page.waitForRequest(/queue\/token$/);
  assert.equal(await place(page), 'You are next');
  assert.deepEqual(page.errors, []);
});

test('the staff pause and speak, in the language of the reader', async (t) => {
  const { app, page } = await waiting(t, { language: 'ko' });
  await app.staff('PATCH', '/queue', { paused: true, message: { ko: '곧 다시 엽니다.', en: 'Back soon.' } });
  await page.locator('.note', { hasText: '곧 다시 엽니다.' }).waitFor();
  await page.locator('.note.warn', { hasText: '잠시 멈췄습니다' }).waitFor();
  await mustBeSound(page, 'paused');
  await page.getByRole('button', { name: 'English' }).click();
  await page.locator('.note', { hasText: 'Back soon.' }).waitFor();
  await app.staff('PATCH', '/queue', { paused: false, message: null });
  await page.locator('.note').first().waitFor({ state: 'detached' });
});

test('before a draw there is a countdown by the time of the server; then a place', async (t) => {
  const [app, browser] = [await openApp(t, ['--max-active', '1']), await openBrowser(t)];
  const { now } = await app.call('GET', '/venue');
  await app.staff('PATCH', '/queue', { opensAt: new Date(Date.parse(now) + 100_000).toISOString() });
  for (let n = 0; n < 3; n += 1) await app.customer(`Before ${n}`);
  const page = await openPage(browser, app);
  // A phone whose clock is a day ahead counts down the same.
  await page.addInitScript(() => { const real = Date.now; Date.now = () => real() + 86_400_000; });
  await joinLine(page, app);
  await page.locator('.countdown').waitFor();
  assert.match(await page.locator('.countdown').textContent(), /^1:(40|3\d)$/);
  assert.match(await page.locator('.facts').textContent(), /Your number in the draw4/);
  await mustBeSound(page, 'before the draw');
  await app.turn(95);
  await hide(page, true);
  await hide(page, false); // looked at again: the time is asked anew
  await page.locator('progress:visible').or(page.locator('.map .seat').first()).first().waitFor();
  assert.equal(await page.locator('.countdown').count(), 0);
});

test('who leaves is asked first, and may line up again', async (t) => {
  const { page } = await waiting(t);
  await page.getByRole('button', { name: 'Leave the line' }).click();
  await mustBeSound(page, 'asked');
  await page.getByRole('button', { name: 'Keep waiting' }).click();
  await becomes(page, '4 people ahead');
  await page.getByRole('button', { name: 'Leave the line' }).click();
  await page.locator('dialog .danger').click();
  await page.getByRole('heading', { name: 'You have left' }).waitFor();
  await mustBeSound(page, 'left');
  await page.getByRole('button', { name: 'Join the line again' }).click();
  await becomes(page, '4 people ahead');
});

test('a place that was given up is said, with what to do', async (t) => {
  const { app, page } = await waiting(t, { expected: EXPIRED });
  await hide(page, true);
  await app.turn(700);
  await hide(page, false);
  await page.getByRole('heading', { name: 'You lost your place' }).waitFor();
  await mustBeSound(page, 'given up');
});

test('a wait that the server does not grant is not asked for again at once', async (t) => {
  const { page } = await waiting(t, { before: 0, flags: ['--http-parked-max', '0'] });
  const first = page.polls;
  const begun = performance.now();
  await page.waitForRequest(/queue\/token$/);
  await page.waitForRequest(/queue\/token$/);
  assert.ok(page.polls > first && performance.now() - begun > 900, `${page.polls} polls in ${performance.now() - begun} ms`);
});
