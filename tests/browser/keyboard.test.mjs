// The counter's forms by keyboard alone, by the names that a screen reader says.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { openApp, openBrowser, openPage } from './rig.mjs';
import { settled, signIn, text } from './staff_steps.mjs';

const TABS_MAX = 60;

/** Goes on with the tab key until the focus is on what has this name. */
async function tabTo(page, name) {
  const passed = [];
  for (let n = 0; n < TABS_MAX; n += 1) {
    await page.keyboard.press('Tab');
    const here = await page.evaluate(() => {
      const { activeElement: one } = document;
      return (one.getAttribute('aria-label') ?? one.labels?.[0]?.textContent ?? one.textContent).trim();
    });
    if (name.test(here)) return;
    passed.push(here.slice(0, 40));
  }
  assert.fail(`${name} is not among ${passed.join(' | ')}`);
}

const pressOn = async (page, name) => {
  await tabTo(page, name);
  await page.keyboard.press('Enter');
};

test('by keyboard alone the counter sells a seat, exchanges it, and changes the seats of a hold', async (t) => {
  const [app, browser] = [await openApp(t), await openBrowser(t)];
  const [scheduleId] = app.scheduleIds;
  const kim = await app.customer('Kim');
  const held = await kim.call('POST', '/reservations', { scheduleId, seats: ['11', '12'] });
  const page = await openPage(browser, app, { language: 'ko', path: null });
  await signIn(page, app, app.staffKey, '#counter');

  await pressOn(page, await text(page, 'seatSale.begin'));
  await settled(page);
  await pressOn(page, await text(page, 'seatSale.chooseOne'));
  await page.locator('.map .seat').first().waitFor();
  await tabTo(page, /^1번/);
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Space');
  await pressOn(page, await text(page, 'seatSale.do', { price: '50,000원' }));
  await page.locator('.stub img').first().waitFor();

  await page.keyboard.press('Shift+Tab'); // from "print" to the customer
  await page.keyboard.press('Enter');
  await page.locator('article[data-reservation]').waitFor();
  await pressOn(page, await text(page, 'exchange.begin'));
  await page.getByRole('dialog', { name: await text(page, 'exchange.title') }).waitFor();
  await tabTo(page, await text(page, 'exchange.seats'));
  await page.keyboard.type('5');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').getByText(await text(page, 'exchange.even')).waitFor();
  await pressOn(page, await text(page, 'exchange.do'));
  await page.locator('.passing', { hasText: await text(page, 'exchange.done', { seats: '5번' }) }).waitFor();

  await page.evaluate((id) => { location.hash = `#counter/${id}`; }, kim.userId);
  await page.locator(`article[data-reservation="${held.reservationId}"]`).waitFor();
  await pressOn(page, await text(page, 'change.begin'));
  await page.keyboard.press('Space'); // the first seat goes
  await tabTo(page, await text(page, 'change.more'));
  await page.keyboard.type('13');
  await page.keyboard.press('Enter');
  await page.locator('.passing', { hasText: await text(page, 'change.done', { seats: '12번, 13번' }) }).waitFor();
  const { seats } = await app.staff('GET', `/schedules/${scheduleId}/seats`);
  assert.deepEqual(seats.filter(({ status }) => status !== 'AVAILABLE').map(({ seat, status }) => [seat, status]), [['5', 'SOLD'], ['12', 'HELD'], ['13', 'HELD']]);
  assert.deepEqual(page.errors, []);
});
