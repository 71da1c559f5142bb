// A whole purchase in Korean by keyboard alone, on a phone's width and on a laptop, each page of it sound.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { LAPTOP, PHONE, mustBeSound, openApp, openBrowser, openPage } from './rig.mjs';

/** Presses the tab key until what has the focus is named so. */
async function tabTo(page, name) {
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press('Tab');
    const focused = await page.evaluate(() => {
      const { activeElement: node } = document;
      return node.getAttribute('aria-label') ?? node.labels?.[0]?.textContent ?? node.textContent;
    });
    if (name.test(focused.trim())) return focused;
  }
  throw new Error(`the tab key does not come to ${name}`);
}

for (const [size, dark] of [[LAPTOP, false], [PHONE, true]]) {
  test(`a whole purchase in Korean by keyboard alone, ${size.width} px wide`, async (t) => {
    const [app, browser] = [await openApp(t), await openBrowser(t)];
    const page = await openPage(browser, app, { language: 'ko', size, dark });
    await page.locator('main article').first().waitFor();
    await mustBeSound(page, 'concerts');

    await tabTo(page, /^일정 보기/);
    await page.keyboard.press('Enter');
    await page.locator('article.date').first().waitFor();
    await mustBeSound(page, 'dates');
    await tabTo(page, /^예매하기/);
    await page.keyboard.press('Enter');
    await page.locator('#name').waitFor();
    await mustBeSound(page, 'the way in');
    await tabTo(page, /^이름/);
    await page.keyboard.type('김하나');
    await page.keyboard.press('Enter');

    await page.locator('.map .seat').first().waitFor();
    await mustBeSound(page, 'seats');
    assert.equal(await tabTo(page, /포인트, 예매 가능$/), '1번, 50,000포인트, 예매 가능');
    for (const key of ['ArrowRight', 'ArrowDown', 'Space']) await page.keyboard.press(key);
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    assert.equal(await page.locator('.map .seat[aria-checked=true]').count(), 2);
    assert.equal(await page.locator('.map .seat[aria-checked=true]').first().getAttribute('aria-label'), '12번, 50,000포인트, 선택함');
    await tabTo(page, /^2석 선택 완료$/);
    await page.keyboard.press('Enter');

    await page.locator('#amount').waitFor();
    await mustBeSound(page, 'short of points');
    await tabTo(page, /^충전하기$/);
    await page.keyboard.press('Enter');
    await page.locator('button', { hasText: /결제하기$/ }).waitFor();
    await mustBeSound(page, 'paying');
    assert.match(await page.evaluate(() => document.activeElement.textContent), /^100,000포인트 결제하기$/);
    await page.keyboard.press('Enter');

    await page.locator('.ticket img').nth(1).waitFor();
    assert.equal(await page.locator('h1').textContent(), '예매가 완료되었습니다');
    await page.waitForFunction(() => [...document.querySelectorAll('.ticket img')].every((img) => img.naturalWidth > 0));
    await mustBeSound(page, 'tickets');
    await tabTo(page, /QR 코드 크게 보기$/);
    await page.keyboard.press('Enter');
    await page.locator('dialog img').waitFor();
    await mustBeSound(page, 'a large code');
    await page.keyboard.press('Escape');
    await page.locator('dialog').waitFor({ state: 'detached' });

    const sales = await app.call('GET', `/staff/users?name=${encodeURIComponent('김하나')}`, undefined, `Bearer ${app.staffKey}`);
    const { reservations } = await app.staff('GET', `/users/${sales.users[0].userId}/reservations`);
    assert.deepEqual(reservations.map(({ status, seats }) => [status, seats.map(({ seat }) => seat)]), [['CONFIRMED', ['12', '13']]]);
  });
}
