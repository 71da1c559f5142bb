// A visit in a browser: its time, its end, another tab; the key, saved and used on another device.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { PHONE, mustBeSound, openApp, openBrowser, openPage } from './rig.mjs';
import { hold, seat, toDates, toSeats, topUpAndPay } from './steps.mjs';

const EXPIRED = /status of 401/;

test('the time that is left stands on the page, and its end is said when it comes', async (t) => {
  const [app, browser] = [await openApp(t), await openBrowser(t)];
  const page = await openPage(browser, app, { expected: EXPIRED, size: PHONE });
  await toSeats(page, app);
  assert.match(await page.locator('.visit').textContent(), /^Time left (10:00|9:5\d)$/);
  assert.ok(await page.locator('.top').evaluate(({ offsetHeight }) => offsetHeight) < 100, 'the top has two rows');
  await app.turn(601);
  await page.getByRole('heading', { name: 'Your time is over' }).waitFor();
  await mustBeSound(page, 'timed out');
  await page.getByRole('button', { name: 'Join the line again' }).click();
  await page.locator('.map .seat').first().waitFor();
});

test('a visit that the staff end is said to be so', async (t) => {
  const [app, browser] = [await openApp(t), await openBrowser(t)];
  const page = await openPage(browser, app, { expected: EXPIRED, language: 'ko' });
  await toSeats(page, app);
  const { userId } = await page.evaluate(() => JSON.parse(localStorage.getItem('boxoffice.me')));
  await app.staff('DELETE', `/queue/tokens/${userId}`);
  await page.getByRole('heading', { name: '매표소에서 예매를 종료했습니다' }).waitFor();
  await mustBeSound(page, 'revoked');
});

test('another tab of the same browser has the same place, and knows when the first one left', async (t) => {
  const [app, browser] = [await openApp(t), await openBrowser(t)];
  const page = await openPage(browser, app, { expected: EXPIRED });
  await toDates(page, app);
  const other = await page.context().newPage();
  await other.goto(`${app.url}/#/concerts/1/dates/1`);
  await other.locator('.map .seat').first().waitFor();
  await page.getByRole('button', { name: 'Finish' }).click();
  await page.locator('dialog .danger').click();
  await page.getByRole('heading', { name: 'You have left' }).waitFor();
  await other.getByRole('heading', { name: 'You have left' }).waitFor();
});

test('the key opens my tickets on another device without queueing; a wrong one is said to be wrong', async (t) => {
  const [app, browser] = [await openApp(t, ['--max-active', '1']), await openBrowser(t)];
  const page = await openPage(browser, app);
  await toSeats(page, app);
  await hold(page, '12');
  await topUpAndPay(page);
  await page.goto(`${app.url}/#/key`);
  const key = await page.locator('#key-text').textContent();
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Save as a file' }).click()]);
  assert.equal(file.suggestedFilename(), 'boxoffice-key.txt');
  const saved = await (await file.createReadStream()).toArray();
  assert.ok(Buffer.concat(saved).toString().includes(key));
  await app.customer('Inside'); // the limit is reached now

  const device = await openPage(browser, app, { language: 'ko', size: PHONE, path: '/#/key', expected: EXPIRED });
  const paste = async (text) => {
    await device.locator('#paste').fill(text);
    await device.getByRole('button', { name: '이 복구 코드 사용하기' }).click();
  };
  await paste('hello');
  await device.locator('.fault', { hasText: '복구 코드를 찾을 수 없습니다' }).waitFor();
  await paste(key.replace(/.$/, (last) => (last === '0' ? '1' : '0')));
  await device.locator('.fault', { hasText: '등록되지 않은 복구 코드' }).waitFor();
  await mustBeSound(device, 'a wrong key');
  await paste(Buffer.concat(saved).toString());
  await device.locator('main article', { hasText: '예매 완료' }).waitFor();
  await mustBeSound(device, 'my tickets');
  await device.getByRole('link', { name: '티켓 보기' }).click();
  await device.locator('.ticket img').waitFor();
  const numbers = async (one) => (await one.locator('.ticket .ticket-number').allTextContents()).join();
  await page.goto(`${app.url}/#/tickets`);
  await page.getByRole('link', { name: 'Show tickets' }).click();
  await page.locator('.ticket img').waitFor();
  assert.equal(await numbers(device), await numbers(page));
});

test('on paper there are the tickets and nothing else', async (t) => {
  const [app, browser] = [await openApp(t), await openBrowser(t)];
  const page = await openPage(browser, app);
  await toSeats(page, app);
  await hold(page, '12', '13');
  await topUpAndPay(page);
  await page.emulateMedia({ media: 'print' });
  assert.equal(await page.locator('.ticket:visible').count(), 2);
  assert.equal(await page.locator('header:visible, footer:visible, main button:not(.qr):visible, main a:visible').count(), 0);
  const { width } = await page.locator('.ticket img').first().boundingBox();
  assert.ok(width >= 200, `the code is ${width} px wide on paper`); // 6 cm are 227
});

test('a browser that has the key of another server at this address begins anew', async (t) => {
  const [app, browser] = [await openApp(t), await openBrowser(t)];
  const page = await openPage(browser, app, { expected: EXPIRED });
  await page.evaluate(() => {
    localStorage.setItem('boxoffice.me', JSON.stringify({ userId: '00000000-0000-7000-8000-000000000000', userKey: '0'.repeat(32), name: 'Old' }));
    localStorage.setItem('boxoffice.token', '0'.repeat(32));
  });
  await page.goto(`${app.url}/#/concerts/1/dates/1`);
  await page.getByText('Welcome back, Old.').waitFor();
  await page.getByRole('button', { name: 'Join the line' }).click();
  await page.locator('.note.bad', { hasText: 'not known here' }).waitFor();
  await page.locator('#name').fill('New');
  await page.getByRole('button', { name: 'Join the line' }).click();
  await page.locator('.map .seat').first().waitFor();
});

test('tickets are given back for a refund while the date allows it, after a question', async (t) => {
  const [app, browser] = [await openApp(t), await openBrowser(t)];
  const startsAt = new Date(Date.now() + 40 * 86_400_000).toISOString();
  const { concertId } = await app.concert({ layout: { numbered: { count: 10, price: 30_000 } }, startsAt, refundUntilHours: 24 });
  const page = await openPage(browser, app);
  await toSeats(page, app, { concertId });
  await hold(page, '5', '6');
  await topUpAndPay(page);
  await page.getByText(/refund these online until/).waitFor();
  await page.getByRole('button', { name: 'Refund' }).click();
  await page.getByRole('checkbox', { name: 'seat 5' }).uncheck();
  await mustBeSound(page, 'asked');
  await page.locator('dialog .danger').click();
  await page.getByText('Refunded seats: seat 6').waitFor();
  assert.equal(await page.locator('article.ticket').count(), 1, 'the other seat stays');
  const before = await page.locator('.ticket-number').textContent();
  await page.getByRole('button', { name: 'Hand over' }).click();
  await page.getByLabel('Name of who goes in').fill('Lee');
  await mustBeSound(page, 'whom it is handed to');
  await page.getByRole('button', { name: 'Reissue' }).click();
  await page.getByText('For Lee').waitFor();
  assert.notEqual(await page.locator('.ticket-number').textContent(), before, 'the old number is void');
  await page.getByRole('button', { name: 'Refund' }).click();
  await page.locator('dialog .danger').click();
  await page.locator('main article', { hasText: 'Refunded' }).waitFor();
  assert.match(await page.locator('main').textContent(), /Your points60,000 points/);
  await mustBeSound(page, 'refunded');

  const late = await openPage(browser, app);
  await toSeats(late, app); // the demo app takes nothing back
  await hold(late, '5');
  await topUpAndPay(late);
  assert.equal(await late.getByRole('button', { name: 'Refund' }).count(), 0);
});

test('somebody who was banned reads so, inside and at the way in, and is offered nothing that they cannot do', async (t) => {
  const [app, browser] = [await openApp(t), await openBrowser(t)];
  await app.staff('PATCH', '/schedules/1', { refundUntilHours: 0 });
  const page = await openPage(browser, app, { size: PHONE, expected: EXPIRED });
  await toSeats(page, app);
  await hold(page, '1');
  await topUpAndPay(page);
  await page.getByRole('link', { name: 'Exchange seats' }).waitFor();
  const tickets = page.url();
  await page.goto(`${app.url}/#/concerts/1/dates/1`);
  await page.getByRole('button', { name: 'Join the line' }).click();
  await page.locator('.map .seat').first().waitFor();
  const { userId } = await page.evaluate(() => JSON.parse(localStorage.getItem('boxoffice.me')));
  await app.staff('PUT', `/users/${userId}/ban`, { banned: true });
  const told = page.getByText('The venue has stopped your bookings.');
  await told.waitFor();
  assert.equal(await page.getByRole('button', { name: /line/ }).count(), 0);
  await mustBeSound(page, 'the end of a visit by a ban');
  await page.goto(`${app.url}/#/concerts/1/dates/2`);
  await told.waitFor();
  assert.equal(await page.getByRole('button', { name: /line/ }).count(), 0);
  await page.goto(`${app.url}/c/1`);
  await told.waitFor();
  await page.locator('article.date').first().waitFor();
  assert.equal(await page.getByRole('link', { name: /Book|seats|line/ }).count(), 0, 'nothing leads to where they may not go');
  await page.goto(tickets);
  await page.locator('.ticket').first().waitFor();
  assert.equal(await page.getByRole('link', { name: 'Exchange seats' }).count(), 0);
});

test('before a sale opens nothing can be held, and the buttons say when it opens', async (t) => {
  const [app, browser] = [await openApp(t), await openBrowser(t)];
  const opens = new Date(Date.now() + 86_400_000).toISOString();
  const { concertId, scheduleId } = await app.concert({ saleOpensAt: opens, layout: { numbered: { count: 20, price: 1000 } } });
  for (const [language, says] of [['ko', /예매가 시작됩니다/], ['en', /The sale opens/]]) {
    const page = await openPage(browser, app, { language });
    await toSeats(page, app);
    await page.goto(`${app.url}/#/concerts/${concertId}/dates/${scheduleId}`);
    const best = page.locator('.best button');
    await best.and(page.locator(':disabled')).waitFor();
    assert.match(await page.locator('#best-not').textContent(), says);
    await seat(page, '12').click();
    await page.locator('.tray button.main:disabled').waitFor();
    assert.match(await page.locator('.tray .below').textContent(), says);
    await mustBeSound(page, 'before the sale');
  }
});
