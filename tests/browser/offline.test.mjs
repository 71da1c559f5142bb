// One's own tickets without network: the pages' files and the tickets are kept, said to be that, and go with the key.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { LAPTOP, PHONE, mustBeSound, openApp, openBrowser, openPage } from './rig.mjs';
import { hold, toSeats, topUpAndPay } from './steps.mjs';

const CUT = /ERR_INTERNET|ERR_FAILED|Failed to fetch|net::/;

/** A customer who has paid for these seats and left the page of the tickets as it came. */
async function withTickets(t, { language = 'ko', size = PHONE, seats = ['12', '13'], ...more } = {}) {
  const [app, browser] = [await openApp(t), await openBrowser(t)];
  const page = await openPage(browser, app, { language, size, expected: CUT, ...more });
  await toSeats(page, app);
  await hold(page, ...seats);
  await topUpAndPay(page);
  await page.locator('.ticket img').nth(seats.length - 1).waitFor();
  return { app, page };
}

/** Waits until the browser has kept the page with all its files. */
const filesKept = (page) => page.evaluate(async () => {
  await navigator.serviceWorker.ready;
  while (!await caches.match('/')) await new Promise((resolve) => { requestAnimationFrame(resolve); });
});

const shownOf = (page) => page.evaluate(() => JSON.parse(localStorage.getItem('boxoffice.tickets'))?.reservations.length ?? 0);

for (const [language, size] of [['ko', PHONE], ['en', LAPTOP]]) {
  test(`service worker: without network a reload shows my tickets and each with its code (${language})`, async (t) => {
    const { app, page } = await withTickets(t, { language, size });
    await filesKept(page);
    const ticket = page.url();
    await page.context().setOffline(true);
    await page.reload();
    await page.locator('.note.warn', { hasText: /네트워크 없이 보여 드립니다|Shown without network, as of/ }).waitFor();
    assert.equal(await page.locator('.ticket img').count(), 2);
    await page.waitForFunction(() => [...document.querySelectorAll('.ticket img')].every((img) => img.complete && img.naturalWidth > 0));
    await mustBeSound(page, 'a ticket without network');
    await page.goto(`${app.url}/#/tickets`);
    await page.locator('main article a.main').waitFor();
    await page.locator('.note.warn', { hasText: /네트워크 없이|without network/ }).waitFor();
    await mustBeSound(page, 'my tickets without network');
    await page.goto(`${app.url}/#/`);
    await page.reload();
    await page.locator('main a.main', { hasText: /내 티켓|My tickets/ }).click();
    await page.locator('main article a.main').click();
    await page.locator('.ticket').first().waitFor();
    assert.equal(page.url(), ticket);
    await page.context().setOffline(false);
    await page.locator('.note.warn').waitFor({ state: 'detached' }); // it recovers by itself
    await page.locator('.ticket img').nth(1).waitFor();
    await mustBeSound(page, 'the network is back');
  });
}

test('service worker: my tickets are kept before any of them was opened', async (t) => {
  const { app, page } = await withTickets(t);
  await page.evaluate(() => localStorage.removeItem('boxoffice.tickets'));
  await page.goto(`${app.url}/#/tickets`);
  await page.waitForFunction(() => Object.keys(JSON.parse(localStorage.getItem('boxoffice.tickets'))?.tickets ?? {}).length === 2);
});

test('service worker: it keeps files of the pages alone, and none of an answer of the API or of the staff', async (t) => {
  const { app, page } = await withTickets(t);
  await filesKept(page);
  await page.goto(`${app.url}/staff`);
  await page.locator('form').waitFor();
  await page.goto(`${app.url}/#/tickets`);
  await page.locator('main article').waitFor();
  const kept = await page.evaluate(async () => {
    const names = await caches.keys();
    return (await Promise.all(names.map(async (name) => (await (await caches.open(name)).keys()).map(({ url }) => new URL(url).pathname)))).flat();
  });
  assert.deepEqual(kept.filter((path) => path !== '/' && !/^\/assets\/[0-9a-f]{16}\/(shared|customer)\//.test(path)), []);
  for (const file of ['app.js', 'ticket.js', 'tickets.js', 'seats.js', 'customer.css']) assert.ok(kept.some((path) => path.endsWith(`/customer/${file}`)), file);
});

test('service worker: tickets and files go with the recovery code that is taken off the device', async (t) => {
  const { app, page } = await withTickets(t, { language: 'en' });
  await filesKept(page);
  assert.equal(await shownOf(page), 1);
  await page.goto(`${app.url}/#/key`);
  await page.getByRole('button', { name: 'Remove from this device' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove from this device' }).click();
  await page.waitForFunction(async () => !localStorage.getItem('boxoffice.tickets') && !(await caches.keys()).length && !(await navigator.serviceWorker.getRegistrations()).length);
});

test('service worker: another recovery code takes the tickets of the one before along', async (t) => {
  const { app, page } = await withTickets(t, { language: 'en' });
  const other = await app.customer('Other');
  await page.goto(`${app.url}/#/key`);
  await page.locator('#paste').fill(`${other.userId} ${other.userKey}`);
  await page.getByRole('button', { name: 'Use this recovery code' }).click();
  await page.locator('main', { hasText: 'You have no tickets yet' }).waitFor();
  assert.equal(await shownOf(page), 0);
});

test('service worker: a refunded ticket is not kept, and nothing is registered before there is a ticket', async (t) => {
  const { app, page } = await withTickets(t, { language: 'en' });
  assert.equal(await shownOf(page), 1);
  await app.staff('POST', `/reservations/${page.url().split('/').at(-1)}/refund`);
  await page.goto(`${app.url}/#/tickets`);
  await page.locator('main article .tag', { hasText: 'Refunded' }).waitFor();
  await page.waitForFunction(() => !localStorage.getItem('boxoffice.tickets'));
  const visitor = await openPage(page.context().browser(), app);
  await visitor.locator('main article').first().waitFor();
  assert.equal(await visitor.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length), 0);
});

test('the tickets of a reservation: one at a time on a phone, the next valid one first; large, awake, by swipe and arrow', async (t) => {
  const { app, page } = await withTickets(t, { language: 'en', seats: ['12', '13', '14'], hasTouch: true });
  const ids = await page.locator('.ticket').evaluateAll((all) => all.map((one) => one.dataset.ticket));
  const { number } = await app.staff('GET', `/tickets/${ids[0]}`);
  await app.staff('POST', '/checkins', { number });
  await page.addInitScript(() => {
    globalThis.awake = 0;
    Object.defineProperty(navigator, 'wakeLock', { value: { request: async () => { globalThis.awake += 1; return { release: async () => { globalThis.awake -= 1; } }; } } });
  });
  await page.reload();
  await page.locator('.ticket').nth(2).waitFor();
  assert.deepEqual(await page.locator('.ticket').evaluateAll((all) => all.map((one) => one.dataset.ticket)), [ids[1], ids[2], ids[0]]);
  const inSight = () => page.locator('.ticket').evaluateAll((all) => all.filter((one) => { const { left, right } = one.getBoundingClientRect(); return left >= 0 && right <= innerWidth; }).length);
  assert.equal(await inSight(), 1);
  await page.locator('.stepper', { hasText: '1 / 3' }).waitFor();
  await page.getByRole('button', { name: 'Next ticket' }).click();
  await page.locator('.stepper', { hasText: '2 / 3' }).waitFor();
  await mustBeSound(page, 'tickets on a phone');
  await page.locator('.ticket .qr').nth(1).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('heading', { name: 'seat 14' }).waitFor();
  await dialog.getByText('Booked by Kim').waitFor();
  assert.equal(await page.evaluate(() => globalThis.awake), 1);
  await page.keyboard.press('ArrowLeft');
  await dialog.getByRole('heading', { name: 'seat 13' }).waitFor();
  await dialog.locator('.qr-large').evaluate((node) => {
    const touch = (x) => new Touch({ identifier: 1, target: node, clientX: x, clientY: 100 });
    node.dispatchEvent(new TouchEvent('touchstart', { touches: [touch(300)], changedTouches: [touch(300)] }));
    node.dispatchEvent(new TouchEvent('touchend', { touches: [], changedTouches: [touch(100)] }));
  });
  await dialog.getByRole('heading', { name: 'seat 14' }).waitFor();
  await mustBeSound(page, 'a ticket, large');
  await page.keyboard.press('Escape');
  await page.waitForFunction(() => globalThis.awake === 0);
});

test('the web app manifest: icons that are there, and a page that may be installed', async (t) => {
  const { app, page } = await withTickets(t);
  const manifest = await page.evaluate(async () => (await fetch(document.querySelector('link[rel=manifest]').href)).json());
  assert.deepEqual([manifest.start_url, manifest.display], ['/', 'standalone']);
  const address = await page.locator('link[rel=manifest]').getAttribute('href');
  for (const { src, type } of manifest.icons) {
    const answer = await fetch(new URL(src, app.url + address));
    assert.deepEqual([answer.status, answer.headers.get('content-type')], [200, type], src);
  }
  const session = await page.context().newCDPSession(page);
  assert.deepEqual((await session.send('Page.getInstallabilityErrors')).installabilityErrors.map(({ errorId }) => errorId).filter((id) => id !== 'in-incognito'), []);
});
