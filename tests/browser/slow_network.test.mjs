// A slow network: the first page again, from what the browser has kept, and a whole purchase from an empty browser.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { PHONE, mustBeSound, openApp, openBrowser, openPage } from './rig.mjs';
import { joinLine, letIn, seat, word } from './steps.mjs';

/** What browsers call "slow 3G": bits a second as bytes, and the way there and back. */
const SLOW_3G = { offline: false, downloadThroughput: 50_000, uploadThroughput: 50_000, latency: 400 };
const WARM_MS = 1_000;

async function slowDown(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  await session.send('Network.emulateNetworkConditions', SLOW_3G);
}

test('slow network: a warm reload of the first page shows its concerts in under a second', async (t) => {
  const [app, browser] = [await openApp(t), await openBrowser(t)];
  const page = await openPage(browser, app, { size: PHONE });
  await page.locator('main article').first().waitFor();
  await slowDown(page);
  const times = [];
  for (let n = 0; n < 4; n += 1) {
    const begin = performance.now();
    await page.reload({ waitUntil: 'commit' });
    await page.locator('main article').first().waitFor();
    times.push(performance.now() - begin);
  }
  t.diagnostic(`a warm reload on slow 3G shows the concerts after ${times.map((ms) => ms.toFixed(0)).join(', ')} ms`);
  assert.ok(Math.min(...times) < WARM_MS, `${times}`); // the best: the others may have waited for what else runs here
  assert.deepEqual(page.errors, []);
});

/** Presses a button twice, as people do where nothing seems to happen; the second press finds it busy or gone. */
async function pressTwice(page, key) {
  const button = page.getByRole('button', { name: await word(page, key) }).first();
  await button.waitFor();
  await button.dblclick();
}

test('slow network: a whole purchase by an impatient person books once and pays once', async (t) => {
  const [app, browser] = [await openApp(t), await openBrowser(t)];
  const page = await openPage(browser, app, { language: 'ko', size: PHONE, path: null });
  await slowDown(page);
  const parts = [];
  let begin = performance.now();
  const done = (part) => { parts.push(`${part} ${((performance.now() - begin) / 1_000).toFixed(1)} s`); begin = performance.now(); };
  await joinLine(page, app);
  done('to the way in');
  await letIn(page);
  done('to the seats');
  await seat(page, '12').click();
  await pressTwice(page, 'hold');
  await page.locator('#amount').waitFor();
  done('held');
  await pressTwice(page, 'topUp');
  await pressTwice(page, 'pay');
  await page.locator('.ticket img').first().waitFor();
  await page.waitForFunction(() => document.querySelector('.ticket img').naturalWidth > 0);
  done('paid');
  t.diagnostic(`a purchase on slow 3G from an empty browser: ${parts.join(', ')}`);
  await mustBeSound(page, 'a ticket on a slow network');
  const { users } = await app.staff('GET', '/users?name=Kim');
  const [{ userId }] = users;
  const { reservations } = await app.staff('GET', `/users/${userId}/reservations`);
  assert.deepEqual([users.length, reservations.map(({ status, seats }) => [status, seats.length])], [1, [['CONFIRMED', 1]]]);
  const { balance } = await app.staff('GET', `/users/${userId}`);
  assert.equal(balance, 0, 'what was missing was topped up once');
});
