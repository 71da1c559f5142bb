// The newer pages on a phone held sideways with text of twice the size, and a purchase without a service worker.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { openApp, openBrowser, openPage } from './rig.mjs';
import { settled, signIn } from './staff_steps.mjs';
import { hold, toSeats, topUpAndPay } from './steps.mjs';

const SIDEWAYS = { width: 780, height: 360 };

/** Fails when a page with text of twice the size is wider than its window, or has a button that does not fit in it. */
async function mustFit(page, what) {
  const wrong = await page.evaluate(() => {
    document.documentElement.style.fontSize = '200%';
    const { scrollWidth, clientWidth } = document.documentElement;
    const cut = [...document.querySelectorAll('main button, main a.button')].filter((node) => !node.closest('.wide-table, .tickets.several'))
      .filter((node) => node.getBoundingClientRect().right > clientWidth + 1).map((node) => node.textContent);
    // Words in tables that stand in more than one line.
    const texts = [...document.querySelectorAll('main :is(th, td)')].flatMap((cell) => [...cell.childNodes]).filter(({ nodeType }) => nodeType === Node.TEXT_NODE);
    const broken = texts.flatMap((text) => [...text.data.matchAll(/\S+/g)].filter(({ 0: word, index }) => {
      const range = document.createRange();
      range.setStart(text, index);
      range.setEnd(text, index + word.length);
      return new Set([...range.getClientRects()].map(({ top }) => Math.round(top))).size > 1;
    }).map(([word]) => `${word} is broken`));
    return [...(scrollWidth > clientWidth ? [`${scrollWidth - clientWidth} px too wide`] : []), ...cut, ...broken];
  });
  assert.deepEqual(wrong, [], what);
}

test('text of twice the size on a phone held sideways: no page is wider than the window; without a service worker all goes on', async (t) => {
  const [app, browser] = [await openApp(t), await openBrowser(t)];
  await app.staff('PATCH', '/schedules/1', { tariffs: [{ name: 'Student', note: 'Check the card', percent: 50 }] });
  const page = await openPage(browser, app, { size: SIDEWAYS, serviceWorkers: 'block' });
  await page.locator('main article').first().waitFor();
  await mustFit(page, 'home');
  await toSeats(page, app);
  await page.locator('.map .seat').first().click();
  await mustFit(page, 'seats with tariffs');
  await hold(page);
  await page.locator('#amount').waitFor();
  await mustFit(page, 'paying');
  await topUpAndPay(page);
  await mustFit(page, 'tickets');
  const reservationId = page.url().split('/').at(-1);
  const { userId } = await app.staff('GET', `/reservations/${reservationId}`);
  const staff = await openPage(browser, app, { size: SIDEWAYS, path: null });
  await signIn(staff, app);
  for (const part of ['evening', 'concerts/1', 'dates/1', 'dates/new/1', 'counter', 'counter/sell/1', 'counter/till', `counter/${userId}`, `counter/${userId}/tickets/${reservationId}`, 'webhooks', 'look', 'wall', 'keys', 'door/1']) {
    await staff.evaluate((to) => { location.hash = `#${to}`; }, part);
    await settled(staff);
    await mustFit(staff, part);
    await staff.setViewportSize({ width: 360, height: 740 });
    await mustFit(staff, `${part} upright`);
    await staff.setViewportSize(SIDEWAYS);
  }
  assert.deepEqual([page.errors, staff.errors], [[], []]);
});
