// The oldest browsers that the pages are for (Safari and iOS 15.4, Chrome and Edge 100, Firefox 100, Samsung Internet
// 17): what is younger than one of them is taken away before a page loads, and everything still works. Storage that is
// blocked or full stops nobody, and a fault of the page is never told as a lost network.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { PHONE, mustBeSound, openApp, openBrowser, openPage } from './rig.mjs';
import { button, link, settled, signIn } from './staff_steps.mjs';
import { hold, joinLine, toSeats, topUpAndPay } from './steps.mjs';

/** Takes away what a browser of the floor does not have. */
function makeOld() {
  for (const [owner, names] of [
    [AbortSignal, ['any', 'timeout']],
    [Array.prototype, ['toReversed', 'toSorted', 'toSpliced', 'with', 'findLast', 'findLastIndex']],
    [Array, ['fromAsync']],
    [Object, ['groupBy']],
    [Map, ['groupBy']],
    [Promise, ['withResolvers', 'try']],
    [URL, ['canParse', 'parse']],
    [String.prototype, ['isWellFormed', 'toWellFormed']],
    [Set.prototype, ['union', 'intersection', 'difference', 'isSubsetOf', 'isSupersetOf', 'isDisjointFrom', 'symmetricDifference']],
    [Document.prototype, ['startViewTransition']],
    [Element.prototype, ['checkVisibility', 'setHTMLUnsafe', 'getHTML', 'moveBefore']],
    [HTMLElement.prototype, ['showPopover', 'hidePopover', 'togglePopover']],
    [HTMLDialogElement.prototype, ['requestClose']],
    [globalThis, ['BarcodeDetector', 'OffscreenCanvas', 'requestIdleCallback', 'cancelIdleCallback', 'scheduler', 'CompressionStream', 'DecompressionStream', 'Iterator', 'navigation', 'EyeDropper']],
    [globalThis.Navigator.prototype, ['wakeLock', 'userActivation', 'setAppBadge', 'scheduling', 'virtualKeyboard']],
    [globalThis.Crypto.prototype, ['randomUUID']],
    [globalThis.Intl, ['Segmenter', 'DurationFormat']],
  ]) for (const name of names) delete owner[name];
  // A click there is a mouse event: it does not say that it was a finger.
  const kind = Object.getOwnPropertyDescriptor(PointerEvent.prototype, 'pointerType').get;
  Object.defineProperty(PointerEvent.prototype, 'pointerType', { get() { return this.type === 'click' ? undefined : kind.call(this); } });
}

async function oldPage(t, { flags, init = makeOld, ...options } = {}) {
  const [app, browser] = [await openApp(t, flags), await openBrowser(t)];
  const page = await openPage(browser, app, { path: null, size: PHONE, ...options });
  await page.addInitScript(init);
  return { app, browser, page };
}

test('the floor of browsers: nothing that is taken away is there', async (t) => {
  const { app, page } = await oldPage(t);
  await page.goto(app.url);
  assert.deepEqual(await page.evaluate(() => [typeof AbortSignal.any, typeof [].toReversed, 'BarcodeDetector' in window, 'wakeLock' in navigator]), ['undefined', 'undefined', false, false]);
});

test('the floor of browsers: a customer waits near the front, is let in, chooses by finger, pays and has the ticket', async (t) => {
  const { app, page } = await oldPage(t, { flags: ['--max-active', '1'], language: 'ko', hasTouch: true });
  const inside = await app.customer('Inside');
  await joinLine(page, app);
  await page.locator('progress').waitFor();
  await app.staff('PATCH', '/queue', { paused: true });
  await page.locator('.note.warn').waitFor();
  await app.staff('PATCH', '/queue', { paused: false });
  await page.locator('.note.warn').waitFor({ state: 'detached' });
  await inside.call('DELETE', '/queue/token');
  await page.locator('.map .seat').first().waitFor();
  await hold(page, '12', '13');
  await topUpAndPay(page);
  await mustBeSound(page, 'tickets on an old phone');
});

test('the floor of browsers: a finger on a small seat zooms in where a click does not say what pressed it', async (t) => {
  const { app, page } = await oldPage(t, { hasTouch: true });
  const rows = Array.from({ length: 20 }, (_, n) => ({ row: `R${n}`, count: 40 }));
  const { concertId } = await app.concert({ layout: { sections: [{ name: 'R', price: 1000, rows }] } });
  await toSeats(page, app, { concertId });
  await page.locator('.map .seat[data-seat="R9-20"]').tap();
  assert.equal(await page.locator('.chosen li').count(), 0);
  await page.locator('.map.zoomed').waitFor();
});

test('the floor of browsers: staff run every part', async (t) => {
  const { app, page } = await oldPage(t, { size: undefined });
  await signIn(page, app);
  for (const part of ['concerts', 'concerts/1', 'dates/1', 'dates/new/1', 'counter', 'door', 'door/1', 'keys', 'webhooks', 'evening']) {
    await page.goto(`${app.url}/staff#${part}`);
    await settled(page);
    assert.equal(await page.locator('main > .note.bad').count(), 0, part);
  }
  await page.goto(`${app.url}/staff#dates/1`);
  await settled(page);
  await (await button(page, 'date.closeNow')).click();
  await page.getByRole('dialog').waitFor();
  await page.keyboard.press('Escape');
  await (await link(page, 'part.keys')).click();
  await settled(page);
  await mustBeSound(page, 'staff in an old browser');
});

test('storage that is blocked stops nobody: a note says what it means, and a purchase goes through', async (t) => {
  const { app, page } = await oldPage(t, {
    language: 'ko',
    init: () => {
      for (const name of ['localStorage', 'sessionStorage']) Object.defineProperty(globalThis, name, { get() { throw new DOMException('blocked', 'SecurityError'); } });
    },
  });
  await page.goto(app.url);
  await page.locator('.blocked', { hasText: '저장이 막혀 있어' }).waitFor();
  await mustBeSound(page, 'storage is blocked');
  await toSeats(page, app);
  await hold(page, '12');
  await topUpAndPay(page);
  await page.locator('.ticket img').first().waitFor();
  await mustBeSound(page, 'a ticket without storage');
});

test('storage that is full makes one user, however often somebody presses', async (t) => {
  const { app, page } = await oldPage(t, {
    expected: /status of 400/,
    init: () => { Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); }; },
  });
  let made = 0;
  page.on('request', (request) => { if (request.url().endsWith('/users')) made += 1; });
  let refused = 0;
  await page.route('**/queue/tokens', (route) => {
    refused += 1;
    return refused > 2 ? route.continue() : route.fulfill({ status: 400, contentType: 'application/problem+json', body: '{"code":"INVALID_JSON","title":"No","detail":"no"}' });
  });
  await joinLine(page, app);
  await page.locator('.note.bad').waitFor();
  await page.locator('.blocked').waitFor();
  for (let press = 0; press < 2; press += 1) await page.locator('form button.main').click();
  await page.locator('.map .seat').first().waitFor();
  assert.equal(made, 1);
  assert.deepEqual(page.errors, []);
});

test('a fault of the page is told as that, with a way out, and never as a lost network', async (t) => {
  const { app, page } = await oldPage(t, { expected: /planted|status of 404|Failed to (fetch|load)/, init: () => {} });
  await page.goto(app.url);
  await page.locator('main article').first().waitFor();
  await page.route('**/customer/tickets.js', (route) => route.fulfill({ contentType: 'text/javascript', body: 'throw new Error("planted")' }));
  await page.goto(`${app.url}/#/tickets`);
  await page.locator('.note.bad', { hasText: 'Something went wrong on this page. Please reload it.' }).waitFor();
  await page.getByRole('button', { name: 'Reload' }).waitFor();
  await page.evaluate(() => setTimeout(() => { throw new Error('planted'); }));
  await page.locator('.passing', { hasText: 'Something went wrong on this page' }).waitFor();
  assert.deepEqual(page.errors, []);
});

test('a page that cannot be fetched says that the network is away, and comes by itself once it is back', async (t) => {
  const { app, page } = await oldPage(t, { expected: /ERR_INTERNET|Failed to fetch/, language: 'ko', init: () => {} });
  await page.goto(app.url);
  await page.locator('main article').first().waitFor();
  await page.context().setOffline(true);
  await page.goto(`${app.url}/#/key`);
  await page.locator('.note.bad', { hasText: '서버에 연결할 수 없습니다' }).waitFor();
  await page.context().setOffline(false);
  await page.locator('#paste').waitFor();
  await mustBeSound(page, 'back again');
});
