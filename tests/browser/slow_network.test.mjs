// A slow network: the first page again, from what the browser has kept.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { PHONE, openApp, openBrowser, openPage } from './rig.mjs';

/** What browsers call "slow 3G": bits a second as bytes, and the way there and back. */
const SLOW_3G = { offline: false, downloadThroughput: 50_000, uploadThroughput: 50_000, latency: 400 };
const WARM_MS = 1_000;

test('slow network: a warm reload of the first page shows its concerts in under a second', async (t) => {
  const [app, browser] = [await openApp(t), await openBrowser(t)];
  const page = await openPage(browser, app, { size: PHONE });
  await page.locator('main article').first().waitFor();
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  await session.send('Network.emulateNetworkConditions', SLOW_3G);
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
