// What people typed is shown as they typed it, everywhere it can appear, and never becomes part of a page.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { PHONE, mustBeSound, openApp, openBrowser, openPage } from './rig.mjs';
import { joinLine, toSeats, topUpAndPay } from './steps.mjs';

const EVIL = '<img src=x onerror=globalThis.pwned=1>';
const SHORT = '"><img src=x>';

/** Fails when anything typed became an element; true when the text is there as it was typed. */
async function shows(page, text) {
  const { pwned, images } = await page.evaluate(() => ({
    pwned: globalThis.pwned, images: document.querySelectorAll('img[src="x"], main script, main iframe').length,
  }));
  assert.deepEqual([pwned, images], [undefined, 0]);
  return (await page.locator('body').evaluate((node) => node.textContent)).includes(text);
}

test('a name, a title, a section, a row and a message of markup are shown as text on every page', async (t) => {
  const [app, browser] = [await openApp(t, ['--max-active', '1']), await openBrowser(t)];
  const layout = { sections: [{ name: SHORT, price: 1000, rows: [{ row: SHORT, count: 3 }, { row: 'B', count: 3 }] }, { name: 'S', price: 900, rows: [{ row: 'C', count: 3 }] }] };
  const { concertId, scheduleId } = await app.concert({ title: EVIL, venue: `${EVIL}v`, description: `${EVIL}d`, layout });
  await app.staff('PATCH', '/queue', { message: { ko: EVIL, en: EVIL } });
  const inside = await app.customer(EVIL);
  const page = await openPage(browser, app);
  await page.locator('main article').first().waitFor();
  for (const text of [EVIL, `${EVIL}v`, `${EVIL}d`]) assert.ok(await shows(page, text));
  await page.goto(`${app.url}/#/concerts/${concertId}`);
  await page.locator('article.date').first().waitFor();
  for (const text of [EVIL, `${EVIL}v`, `${EVIL}d`]) assert.ok(await shows(page, text));

  await joinLine(page, app, { name: EVIL, concertId });
  await page.locator('.note', { hasText: EVIL }).waitFor();
  assert.ok(await shows(page, EVIL));
  await mustBeSound(page, 'in the line');
  await inside.call('DELETE', '/queue/token');

  await page.locator('.map .seat').first().waitFor();
  assert.ok(await shows(page, SHORT));
  assert.ok(await shows(page, EVIL));
  assert.match(await page.locator('.map .seat').first().getAttribute('aria-label'), /row "><img src=x>, seat 1, /);
  await mustBeSound(page, 'seats');
  await page.locator('.map .seat').first().focus();
  await page.keyboard.press('Space');
  assert.ok(await shows(page, SHORT));
  await page.locator('.tray button.main').click();
  await page.locator('#amount').waitFor();
  assert.ok(await shows(page, EVIL) && await shows(page, SHORT));
  await mustBeSound(page, 'paying');
  await topUpAndPay(page);
  assert.ok(await shows(page, EVIL) && await shows(page, SHORT));
  await mustBeSound(page, 'tickets');
  await page.goto(`${app.url}/#/tickets`);
  await page.locator('main article').first().waitFor();
  assert.ok(await shows(page, EVIL));
  await app.staff('PUT', `/schedules/${scheduleId}/seats/${encodeURIComponent('C-1')}`, { blocked: true, reason: EVIL });

  await page.goto(`${app.url}/#/concerts/${concertId}/dates/${scheduleId}`);
  await page.getByText(`Welcome back, ${EVIL}.`).waitFor();
  await shows(page, EVIL);
  await page.goto(`${app.url}/#/${EVIL}`);
  await page.getByRole('heading', { name: 'There is no page here' }).waitFor();
  await page.goto(`${app.url}/${encodeURIComponent(EVIL)}`).catch(() => {});
  await shows(page, '');
});

test('a seat that is gone is named as text too', async (t) => {
  const [app, browser] = [await openApp(t), await openBrowser(t)];
  const layout = { sections: [{ name: 'R', price: 1000, rows: [{ row: SHORT, count: 2 }] }] };
  const { concertId, scheduleId } = await app.concert({ title: 'T', layout });
  const page = await openPage(browser, app, { expected: /status of 409/ });
  let standsStill = false; // then the hold itself must say it
  await page.route(/\/schedules\/\d+\/seats/, (route, request) => (
    standsStill || request.headers().accept === 'text/event-stream' ? undefined : route.continue()));
  await toSeats(page, app, { concertId });
  standsStill = true;
  await page.locator('.map .seat').first().click();
  const other = await app.customer('Other');
  await other.call('POST', '/reservations', { scheduleId, seats: [`${SHORT}-1`] });
  await page.locator('.tray button.main').click();
  await page.locator('.note.bad', { hasText: `row ${SHORT}, seat 1 was just taken` }).waitFor();
  await shows(page, SHORT);
});

test('words without a place to break fit a phone on the pages of a concert, its seats and its payment', async (t) => {
  const [app, browser] = [await openApp(t), await openBrowser(t)];
  const layout = { seats: [{ seat: 'S'.repeat(32), category: 'C'.repeat(40), price: 1000 }] };
  const { concertId } = await app.concert({ title: 'T'.repeat(200), venue: 'V'.repeat(100), layout });
  const page = await openPage(browser, app, { size: PHONE, path: `/c/${concertId}` });
  await page.locator('dl.facts').first().waitFor();
  await mustBeSound(page, 'concert');
  await toSeats(page, app, { name: 'N'.repeat(80), concertId });
  await mustBeSound(page, 'seats');
  await page.locator('.map .seat').first().click();
  await page.locator('.tray button.main').click();
  await page.locator('#amount').waitFor();
  await mustBeSound(page, 'paying');
  await topUpAndPay(page);
  await mustBeSound(page, 'tickets');
});
