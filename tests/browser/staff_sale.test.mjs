// Seats at the counter, by clicks and keys: sold from the map with tickets at once, given to guests, kept and sold,
// from a seat to its holder, and the day's till.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { Ends, PHONE, mustBeSound, openApp, openBrowser, openPage } from './rig.mjs';
import { agree, button, choice, field, link, settled, signIn, text } from './staff_steps.mjs';

const ends = new Ends();
const browser = await openBrowser(ends);
after(() => ends.end());

const LAPTOP = { width: 1366, height: 768 };

async function counter(t, options = {}) {
  const app = await openApp(t);
  const page = await openPage(browser, app, { path: null, size: LAPTOP, ...options });
  t.after(() => page.context().close());
  const { key } = await app.staff('POST', '/keys', { name: 'Counter 1', role: 'counter' });
  await signIn(page, app, key);
  return { app, page, scheduleId: app.scheduleIds[0] };
}

const seat = (page, label) => page.locator(`.map [data-index="${Number(label) - 1}"]`);

async function openSale(page, scheduleId) {
  await page.evaluate((id) => { location.hash = `#counter/sell/${id}`; }, scheduleId);
  await page.locator('.map [data-index]').first().waitFor();
}

test('a walk-up without a phone buys with cash: seats from the map, the sum, tickets to print at once', async (t) => {
  const { app, page, scheduleId } = await counter(t, { language: 'ko' });
  await (await link(page, 'seatSale.begin')).click();
  await settled(page);
  await mustBeSound(page, 'the choice of a date');
  await page.getByRole('link', { name: /좌석 고르기/ }).first().click();
  await seat(page, '3').click();
  await seat(page, '4').click();
  await page.getByText('100,000원', { exact: true }).waitFor();
  await mustBeSound(page, 'the sale of seats');
  await (await button(page, 'seatSale.do', { price: '100,000원' })).click();
  await page.locator('.stub img').nth(1).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.textContent), '인쇄', 'Enter prints');
  assert.match(await page.locator('.stub').first().textContent(), /50,000원/);
  await mustBeSound(page, 'the tickets');
  const { sold, revenue } = await app.staff('GET', `/schedules/${scheduleId}/sales`);
  assert.deepEqual([sold, revenue], [2, 100_000]);
  await page.evaluate(() => { location.hash = '#counter/till'; });
  await page.getByRole('row', { name: /Counter 1 현금 1 100,000/ }).waitFor();
  await mustBeSound(page, 'the till');
});

test('a guest gets a blocked seat for nothing, on a phone, and a sold seat leads to its holder', async (t) => {
  const { app, page, scheduleId } = await counter(t, { size: PHONE, dark: true });
  await app.staff('PUT', `/schedules/${scheduleId}/seats/7`, { blocked: true, reason: 'director' });
  await openSale(page, scheduleId);
  await mustBeSound(page, 'the sale of seats on a phone');
  await seat(page, '7').click({ force: true });
  await agree(page, 'seatSale.give');
  assert.match(await seat(page, '7').getAttribute('class'), /is-chosen/);
  await (await field(page, 'seatSale.name')).fill('Lee Guest');
  await (await choice(page, 'method.FREE')).check({ force: true });
  await (await button(page, 'seatSale.doFree')).click();
  await page.locator('.stub').waitFor();
  assert.match(await page.locator('.stub').textContent(), /Lee Guest · Free/);
  await openSale(page, scheduleId);
  await seat(page, '7').click({ force: true });
  await page.getByRole('dialog').getByText('Lee Guest').waitFor();
  await mustBeSound(page, 'the holder of a seat');
  await agree(page, 'seatSale.toHolder');
  await page.getByRole('heading', { level: 1, name: 'Lee Guest' }).waitFor();
});

test('seats are kept for somebody, sold to them from their page, and refunded in cash', async (t) => {
  const { app, page, scheduleId } = await counter(t);
  await openSale(page, scheduleId);
  await seat(page, '9').click();
  await (await field(page, 'seatSale.name')).fill('Han');
  await page.getByText(await text(page, 'seatSale.noteTitle')).click();
  await (await field(page, 'seatSale.note')).fill('calls back');
  await page.getByText(await text(page, 'seatSale.keepTitle')).click();
  await (await button(page, 'seatSale.keepDo')).click();
  await page.getByRole('heading', { level: 1, name: 'Han' }).waitFor();
  await page.getByText('calls back').waitFor();
  await mustBeSound(page, 'kept seats');
  await (await button(page, 'held.sell')).click();
  await agree(page, 'method.CASH');
  await page.getByText(await text(page, 'booking.CONFIRMED')).waitFor();
  await (await button(page, 'exchange.begin')).click();
  await (await field(page, 'exchange.seats')).fill('10');
  await mustBeSound(page, 'what an exchange asks');
  await agree(page, 'exchange.next');
  await page.getByText('There is no difference.').waitFor();
  await agree(page, 'exchange.do');
  await page.getByText('Exchanged: seat 10').waitFor();
  await (await button(page, 'giveBack.begin')).click();
  assert.match(await page.getByRole('dialog').textContent(), /Give the 50,000 won back now, by Cash as it was paid/);
  await agree(page, 'giveBack.do', { amount: '50,000 won' });
  for (const ended of ['REFUNDED', 'EXCHANGED']) await page.getByText(await text(page, `booking.${ended}`)).first().waitFor();
  await page.locator('.big', { hasText: /^0 points/ }).waitFor();
  assert.equal((await app.staff('GET', `/schedules/${scheduleId}`)).seatsAvailable, 50);
});

test('the best available are kept while the sum is told, then sold; the customer is found by code and ticket', async (t) => {
  const { app, page, scheduleId } = await counter(t);
  await openSale(page, scheduleId);
  await page.getByText(await text(page, 'seatSale.bestTitle')).click();
  await (await field(page, 'seatSale.best')).fill('3');
  await (await field(page, 'seatSale.name')).fill('Park');
  await (await button(page, 'seatSale.bestDo')).click();
  await page.getByText('150,000 won', { exact: true }).waitFor();
  await (await choice(page, 'method.CARD')).check({ force: true });
  await (await button(page, 'seatSale.do', { price: '150,000 won' })).click();
  await page.locator('.stub').nth(2).waitFor();
  const number = await page.locator('.stub code').first().textContent();
  const { users } = await app.staff('GET', '/users?search=Park');
  for (const typed of [number, users[0].code.toLowerCase()]) {
    await page.evaluate(() => { location.hash = '#counter'; });
    await settled(page);
    await (await field(page, 'counter.who')).fill(typed);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Park' }).waitFor();
  }
  // By a seat of today.
  const layout = { sections: [{ name: 'R', price: 9000, rows: [{ row: 'B', count: 9 }] }] };
  const today = await app.concert({ title: 'Tonight', layout, startsAt: new Date(Date.now() + 3_600_000).toISOString() });
  await app.staff('POST', '/sales', { scheduleId: today.scheduleId, seats: ['B-7'], customer: { name: 'Choi' }, method: 'CASH', amount: 9000 });
  await page.evaluate(() => { location.hash = '#counter'; });
  await settled(page);
  await (await field(page, 'counter.who')).fill('b-7');
  await page.keyboard.press('Enter');
  await (await link(page, 'counter.openOne', { name: 'Choi' })).waitFor();
});
