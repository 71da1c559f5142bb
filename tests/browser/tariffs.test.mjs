// Tariffs on the pages: staff name them on the date, a customer chooses one for a seat, and so does the counter.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { PHONE, mustBeSound, openApp, openBrowser, openPage } from './rig.mjs';
import { button, field, settled, signIn } from './staff_steps.mjs';
import { hold, seat, toSeats } from './steps.mjs';

test('tariffs are named on the date, chosen seat by seat by a customer and at the counter', async (t) => {
  const [app, browser] = [await openApp(t), await openBrowser(t)];
  const scheduleId = app.scheduleIds[0];
  const staff = await openPage(browser, app, { path: null });
  await signIn(staff, app);
  await staff.evaluate((id) => { location.hash = `#dates/${id}`; }, scheduleId);
  await settled(staff);
  await (await field(staff, 'tariff.name')).fill('Student');
  await (await field(staff, 'tariff.note')).fill('Check the card');
  await (await field(staff, 'tariff.percent')).fill('50');
  await (await button(staff, 'tariff.add')).click();
  await staff.getByText(/50 % · Check the card/).waitFor();
  await settled(staff);
  const remove = await button(staff, 'tariff.remove', { name: 'Student' });
  assert.match(await remove.textContent(), /Remove/, 'what the button does is written on it');
  await mustBeSound(staff, 'a date with a tariff');

  const page = await openPage(browser, app, { size: PHONE });
  await toSeats(page, app);
  await seat(page, '1').click();
  await page.locator('.tray .fold').click();
  await page.locator('.tray select').selectOption('Student');
  await page.locator('.tray .sum').getByText('25,000 points').waitFor();
  await mustBeSound(page, 'a tray with tariffs');
  await hold(page);
  await page.getByText('1 · Student').waitFor();

  await staff.evaluate((id) => { location.hash = `#counter/sell/${id}`; }, scheduleId);
  await settled(staff);
  await staff.locator('.map [data-index="1"]').click();
  await staff.locator('select[name="2"]').selectOption('Student');
  await (await button(staff, 'seatSale.do', { price: '25,000 won' })).click();
  await staff.locator('.stub').first().waitFor();
  assert.match(await staff.locator('.stub').first().textContent(), /Student: Check the card/);

  // A class: the best seats for four, three of them at the tariff.
  const other = await openPage(browser, app, { size: PHONE });
  await toSeats(other, app);
  await other.locator('#count').selectOption('4');
  await other.locator('#tariff-0').selectOption('3');
  await mustBeSound(other, 'the best seats with tariffs');
  await other.getByRole('button', { name: 'Choose the best seats' }).click();
  await other.locator('.sum', { hasText: '125,000 points' }).first().waitFor();
  assert.equal(await other.getByText(/· Student/).count(), 3);
});
