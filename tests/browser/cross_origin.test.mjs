// A page of another port calls the API: allowed for this machine's own pages
// by --ephemeral, and not where others are named.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';

import { openApp, openBrowser } from './rig.mjs';

/** A page of another origin, served by a server that ends with the test. */
async function openOther(t, browser) {
  const other = createServer((_, answer) => answer.setHeader('Content-Type', 'text/html').end('<title>a shop of another origin</title>'));
  await new Promise((resolve) => { other.listen(0, '127.0.0.1', resolve); });
  t.after(() => { other.closeAllConnections(); other.close(); });
  const page = await (await browser.newContext()).newPage();
  page.setDefaultTimeout(15_000);
  await page.goto(`http://127.0.0.1:${other.address().port}/`);
  return page;
}

test('a page of another origin sends its key and reads ETag, Location and refusals', async (t) => {
  const [app, browser] = [await openApp(t), await openBrowser(t)];
  const page = await openOther(t, browser);
  const read = await page.evaluate(async ({ url, staffKey }) => {
    const dates = await fetch(`${url}/api/v1/concerts/1/dates`);
    const keyed = { Authorization: `Bearer ${staffKey}`, 'Content-Type': 'application/json' };
    const body = JSON.stringify({ title: 'Voices', venue: 'Main Hall', description: '' });
    const made = await fetch(`${url}/api/v1/staff/concerts`, { method: 'POST', headers: keyed, body });
    const refused = await fetch(`${url}/api/v1/staff/keys`, { headers: { Authorization: 'Bearer wrong' } });
    return {
      dates: [dates.status, dates.headers.get('ETag')],
      made: [made.status, made.headers.get('Location'), made.headers.get('X-Request-Id')],
      refused: [refused.status, (await refused.json()).code],
    };
  }, { url: app.url, staffKey: app.staffKey });
  assert.equal(read.dates[0], 200);
  assert.ok(read.dates[1], 'ETag is exposed');
  assert.equal(read.made[0], 201);
  assert.ok(read.made[1].startsWith('/api/v1/') && read.made[2], 'Location and X-Request-Id are exposed');
  assert.deepEqual(read.refused, [401, 'STAFF_KEY_INVALID']);
});

test('a page of an origin that is not named reads nothing', async (t) => {
  const [app, browser] = [await openApp(t, ['--allow-origin', 'https://shop.example']), await openBrowser(t)];
  const page = await openOther(t, browser);
  const read = await page.evaluate((url) => fetch(`${url}/api/v1/concerts`).then(() => 'read', (error) => error.name), app.url);
  assert.equal(read, 'TypeError');
});
