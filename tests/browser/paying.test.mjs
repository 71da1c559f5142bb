// A hold in a browser: its countdown, points that are missing, the ways in which it ends.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { mustBeSound, openApp, openBrowser, openPage } from './rig.mjs';
import { hold, toSeats } from './steps.mjs';

/** A page that holds two seats. */
async function holding(t, { flags = [], ...options } = {}) {
  const [app, browser] = [await openApp(t, flags), await openBrowser(t)];
  const page = await openPage(browser, app, { path: null, ...options });
  // Phones lie about the time; the countdown must not care.
  await page.addInitScript(() => { const real = Date.now; Date.now = () => real() - 3 * 3_600_000; });
  await toSeats(page, app);
  await hold(page, '12', '13');
  await page.locator('main .countdown').waitFor();
  return { app, page };
}

const me = (page) => page.evaluate(() => JSON.parse(localStorage.getItem('boxoffice.me')));
const basic = ({ userId, userKey }) => `Basic ${btoa(`${userId}:${userKey}`)}`;

test('the countdown is that of the server, whatever the clock of the phone says', async (t) => {
  const { app, page } = await holding(t, { flags: ['--hold-seconds', '130'] });
  assert.match(await page.locator('main .countdown').textContent(), /^2:(10|0\d)$/);
  await app.turn(100);
  await page.reload();
  await page.locator('main .countdown').waitFor();
  assert.match(await page.locator('main .countdown').textContent(), /^0:(30|2\d)$/);
  assert.deepEqual(page.errors, []);
});

test('who is short of points is told how many are missing, and tops up first', async (t) => {
  const { page } = await holding(t);
  await page.locator('.note.warn', { hasText: 'You need 100,000 more points. Top up to pay.' }).waitFor();
  assert.equal(await page.getByRole('button', { name: /^Pay/ }).count(), 0);
  await page.locator('#amount').fill('0');
  await page.getByRole('button', { name: 'Top up' }).click();
  assert.match(await page.locator('.fault').textContent(), /whole number/);
  await page.locator('#amount').fill('40000');
  await page.getByRole('button', { name: 'Top up' }).click();
  await page.locator('.facts .short', { hasText: '60,000' }).waitFor();
  await page.getByRole('button', { name: 'Top up' }).click();
  await page.getByRole('button', { name: 'Pay 100,000 points' }).click();
  await page.locator('.ticket').nth(1).waitFor();
  assert.deepEqual(page.errors, []);
});

test('where points are sold at the counter it says so, and they arrive by themselves', async (t) => {
  const { app, page } = await holding(t, { flags: ['--top-up-policy', 'staff'] });
  assert.equal(await page.locator('#amount').count(), 0);
  const { userId } = await me(page);
  const { code } = await app.staff('GET', `/users/${userId}`);
  await page.locator('main', { hasText: code }).waitFor();
  await mustBeSound(page, 'at the counter');
  await app.staff('POST', `/users/${userId}/balance/top-ups`, { amount: 150_000 });
  await page.getByRole('button', { name: 'Pay 100,000 points' }).waitFor();
  assert.match(await page.locator('.facts').last().textContent(), /50,000 points/);
});

test('a hold that is not paid in time ends on the page by itself', async (t) => {
  const { app, page } = await holding(t, { language: 'ko' });
  await app.turn(301);
  await page.getByRole('heading', { name: '결제 시간이 지났습니다' }).waitFor();
  await mustBeSound(page, 'not paid in time');
  await page.getByRole('link', { name: '다시 좌석 선택' }).click();
  await page.locator('.map .seat.is-free[data-seat="12"]').waitFor();
});

test('points that went elsewhere meanwhile: the payment is declined, and it is said what now', async (t) => {
  const { app, page } = await holding(t, { expected: /status of 402/ });
  await page.getByRole('button', { name: 'Top up' }).click();
  await page.getByRole('button', { name: /^Pay/ }).waitFor();
  const { userId } = await me(page);
  await app.staff('POST', `/users/${userId}/balance/corrections`, { amount: -1, reason: 'counted twice' });
  await page.getByRole('button', { name: /^Pay/ }).click();
  await page.getByRole('heading', { name: 'The payment was declined' }).waitFor();
  await page.getByRole('link', { name: 'Top up points' }).waitFor();
  await mustBeSound(page, 'declined');
});

test('with attempts left, a declined payment leads back to topping up', async (t) => {
  const { app, page } = await holding(t, { flags: ['--payment-attempts', '2'], expected: /status of 402/ });
  await page.getByRole('button', { name: 'Top up' }).click();
  await page.getByRole('button', { name: /^Pay/ }).waitFor();
  const { userId } = await me(page);
  await app.staff('POST', `/users/${userId}/balance/corrections`, { amount: -1, reason: 'counted twice' });
  await page.getByRole('button', { name: /^Pay/ }).click();
  await page.locator('.note.bad', { hasText: 'You need 1 more points' }).waitFor();
  await page.getByRole('button', { name: 'Top up' }).click();
  await page.getByRole('button', { name: /^Pay/ }).click();
  await page.locator('.ticket').first().waitFor();
});

test('seats that are given back are free at once, after a question', async (t) => {
  const { page } = await holding(t);
  await page.getByRole('button', { name: 'Release seats' }).click();
  await mustBeSound(page, 'asked');
  await page.locator('dialog .danger').click();
  await page.locator('.map .seat.is-free[data-seat="12"]').waitFor();
  assert.deepEqual(page.errors, []);
});

test('a payment whose answer is lost is sent again and happens once', async (t) => {
  const { app, page } = await holding(t, { expected: /ERR_/ });
  await page.getByRole('button', { name: 'Top up' }).click();
  let lost = 0;
  await page.route('**/api/v1/payments', async (route) => {
    if (lost) return route.continue();
    lost += 1;
    await route.fetch(); // it arrives, and is done
    await route.abort('connectionreset');
  });
  await page.getByRole('button', { name: /^Pay/ }).click();
  await page.locator('.ticket').nth(1).waitFor();
  const user = await me(page);
  const { entries } = await app.call('GET', `/users/${user.userId}/balance/entries`, undefined, basic(user));
  assert.deepEqual(entries.map(({ kind, amount }) => [kind, amount]), [['PAYMENT', -100000], ['TOP_UP', 100000]]);
  assert.equal(lost, 1);
});
