// What anybody may read before standing in a line, and what a cancelled date says to those who hold or own its seats.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { PHONE, mustBeSound, openApp, openBrowser, openPage } from './rig.mjs';
import { hold, joinLine, toSeats, topUpAndPay } from './steps.mjs';

const DAY_MS = 86_400_000;
const SEATS = { numbered: { count: 10, price: 30_000 } };

test('home and the page of a concert tell dates, prices, states and openings to a browser that never queued', async (t) => {
  const [app, browser] = [await openApp(t), await openBrowser(t)];
  const at = (days) => new Date(Date.now() + days * DAY_MS).toISOString();
  const made = await app.concert({ title: 'Voices', description: 'first line\nsecond line', layout: SEATS, startsAt: at(40), saleOpensAt: at(10) });
  const more = (startsAt, others) => app.staff('POST', `/concerts/${made.concertId}/schedules`, { startsAt, layout: SEATS, ...others });
  const { scheduleId: cancelled } = await more(at(41));
  await more(at(42));
  await app.staff('POST', `/schedules/${cancelled}/cancellation`);
  const over = await app.concert({ title: 'Long ago', layout: SEATS, startsAt: at(1) });
  await app.turn(2 * 86_400);
  for (const [language, size] of [['ko', PHONE], ['en', undefined]]) {
    const page = await openPage(browser, app, { language, ...(size && { size }) });
    const card = page.locator('main article', { hasText: 'Voices' });
    await card.locator('.tag.good', { hasText: /예매 중|On sale/ }).waitFor();
    assert.match(await card.textContent(), /30,000/);
    assert.equal(await page.locator('details.past:not([open]) article', { hasText: 'Long ago' }).count(), 1, 'what is over stands apart');
    await mustBeSound(page, 'home');
    await page.goto(`${app.url}/#/concerts/${made.concertId}`);
    const rows = page.locator('article.date');
    await rows.nth(2).waitFor();
    assert.match(await rows.nth(0).textContent(), /예매 시작|On sale \w/);
    assert.match(await rows.nth(1).textContent(), /잔여 10석|10 seats left/);
    assert.match(await rows.nth(2).textContent(), /공연 취소|Cancelled/);
    assert.deepEqual(await rows.locator('a.button').count(), 1, 'only what can be booked can be pressed');
    assert.equal(await page.locator('.told').evaluate((node) => getComputedStyle(node).whiteSpace), 'pre-line');
    await mustBeSound(page, 'a concert');
    await page.goto(`${app.url}/#/concerts/${over.concertId}`);
    await rows.first().filter({ hasText: /공연 종료|Over/ }).waitFor();
    assert.equal(await page.evaluate(() => localStorage.getItem('boxoffice.token')), null);
  }
});

test('the way in says the rule that holds: a draw and its moment, or the order of coming', async (t) => {
  const [app, browser] = [await openApp(t), await openBrowser(t)];
  const page = await openPage(browser, app, { path: null });
  await page.goto(`${app.url}/#/concerts/1/dates/1`);
  await page.locator('.steps', { hasText: 'in the order of arrival' }).waitFor();
  await page.locator('.steps', { hasText: 'you have 10 minutes' }).waitFor();
  await page.locator('#name').fill('Kim');
  await page.getByRole('button', { name: '한국어' }).click();
  await page.locator('.steps', { hasText: '온 순서대로' }).waitFor();
  assert.equal(await page.locator('#name').inputValue(), 'Kim', 'what was typed outlives the language');
  await page.getByRole('button', { name: 'English' }).click();
  await app.staff('PATCH', '/queue', { opensAt: '2099-05-01T02:00:00.000Z' });
  await page.reload();
  await page.locator('.steps', { hasText: /On Fri,? 1 May 2099,? 11:00\sam the order is drawn by lot/ }).waitFor();
  await joinLine(page, app);
  await page.locator('.ahead', { hasText: 'Waiting for the draw' }).waitFor();
  assert.equal(await page.locator('.countdown').count(), 0, 'nobody counts the seconds of years');
  await mustBeSound(page, 'long before a draw');
});

test('a date that the venue cancels tells its holder and its owner so, and no code is shown any more', async (t) => {
  const [app, browser] = [await openApp(t), await openBrowser(t)];
  const [holder, owner] = [await openPage(browser, app, { language: 'ko', size: PHONE }), await openPage(browser, app)];
  for (const page of [holder, owner]) await page.clock.install();
  await toSeats(owner, app);
  await hold(owner, '3');
  await topUpAndPay(owner);
  await toSeats(holder, app);
  await hold(holder, '12');
  await holder.locator('main .countdown').waitFor();
  await app.staff('POST', '/schedules/1/cancellation');
  await holder.getByRole('heading', { name: '공연이 취소되었습니다' }).waitFor();
  assert.doesNotMatch(await holder.locator('main').textContent(), /포기|선택한 좌석을 취소/);
  await mustBeSound(holder, 'the holder');
  await owner.clock.fastForward(16_000);
  await owner.locator('.note.warn', { hasText: 'The concert was cancelled and you have all of your points back' }).waitFor();
  assert.equal(await owner.locator('.ticket').count(), 0);
  await owner.goto(`${app.url}/#/tickets`);
  await owner.locator('main article .tag', { hasText: 'Concert cancelled' }).waitFor();
  await mustBeSound(owner, 'the owner');
});

test('a closed, cancelled or sold-out date whose address somebody kept says so, and nobody queues for it', async (t) => {
  const [app, browser] = [await openApp(t), await openBrowser(t)];
  await app.staff('POST', '/schedules/2/cancellation');
  const page = await openPage(browser, app);
  await toSeats(page, app);
  await page.goto(`${app.url}/#/concerts/1/dates/2`);
  await page.locator('.note.warn', { hasText: 'This date was cancelled and cannot be booked.' }).waitFor();
  const layout = { sections: [{ name: 'R', price: 1000, rows: [{ row: 'A', count: 2 }] }] };
  const [sold, closed] = [await app.concert({ layout }), await app.concert({ layout })];
  await app.staff('POST', '/sales', { scheduleId: sold.scheduleId, seats: ['A-1', 'A-2'], method: 'FREE', amount: 0 });
  await app.staff('PATCH', `/schedules/${closed.scheduleId}`, { saleClosesAt: new Date(Date.now() - 1000).toISOString() });
  await app.turn(5); // what is left of a date is counted anew
  const other = await openPage(browser, app, { language: 'ko', size: PHONE });
  for (const [{ concertId, scheduleId }, text] of [[sold, '매진되었습니다'], [closed, '예매가 마감되었습니다'], [{ concertId: 1, scheduleId: 2 }, '취소되어'], [{ concertId: 1, scheduleId: 99 }, '더 이상 없습니다']]) {
    await other.goto(`${app.url}/#/concerts/${concertId}/dates/${scheduleId}`);
    await other.locator('.note.warn', { hasText: text }).waitFor();
    assert.equal(await other.locator('main button').count(), 0, text);
  }
  await mustBeSound(other, 'a date that is no more');
});

test('on a phone the tray is one line that hides no map; held sideways it lies over nothing', async (t) => {
  const [app, browser] = [await openApp(t), await openBrowser(t)];
  for (const size of [PHONE, { width: 780, height: 360 }, { width: 1366, height: 768 }]) {
    const page = await openPage(browser, app, { size });
    await toSeats(page, app);
    for (const label of ['1', '2', '3']) await page.locator(`.map .seat[data-seat="${label}"]`).click();
    const { tray, map, inner } = await page.evaluate(() => ({
      tray: document.querySelector('.tray').getBoundingClientRect().toJSON(), map: document.querySelector('.map').getBoundingClientRect().toJSON(), inner: innerHeight,
    }));
    if (size === PHONE) {
      assert.ok(tray.height < 110, `${tray.height} px of a phone`);
      await page.getByRole('button', { name: /show the list/ }).click();
      await page.locator('.chosen li').nth(2).waitFor();
    } else if (size.width === 1366) {
      assert.ok(tray.bottom <= inner, 'what one presses next is in sight');
    } else {
      assert.ok(tray.top >= map.bottom || tray.left >= map.right, 'the tray lies over the map');
    }
    await mustBeSound(page, `the tray at ${size.width}`);
    await page.context().close();
  }
});
