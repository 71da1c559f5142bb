// A whole evening, in Korean, by clicks and keys alone: from an empty file to somebody who is inside.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { LAPTOP, PHONE, mustBeSound, openEmptyApp, openBrowser, openPage } from './rig.mjs';
import { agree, button, field, goTo, link, signIn, text } from './staff_steps.mjs';
import { hold, toSeats, word } from './steps.mjs';

/** The next day at seven, as a field of a form takes it. */
const tomorrow = () => `${new Date(Date.now() + 33 * 3_600_000).toISOString().slice(0, 10)}T19:00`;

/** Makes a key of this role and gives it. */
async function makeKey(page, name, role) {
  await (await field(page, 'keys.name')).fill(name);
  await (await field(page, 'keys.role')).selectOption(role);
  await (await field(page, 'keys.role')).focus();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  const key = await page.locator('dialog code').textContent();
  await agree(page, 'keys.given');
  return key;
}

test('a volunteer runs an evening from an empty file to a checked-in ticket', async (t) => {
  const [app, browser] = [await openEmptyApp(t, ['--top-up-policy', 'staff']), await openBrowser(t)];
  // The customer's page may still ask for a place that ended with the payment.
  const open = (size) => openPage(browser, app, { language: 'ko', path: null, size, expected: /401 .*\/queue\/token$/ });
  const [admin, counter, door, kim] = [await open(LAPTOP), await open(LAPTOP), await open(PHONE), await open(PHONE)];

  // The concert and its date.
  await signIn(admin, app);
  await admin.getByText(await text(admin, 'evening.noDates')).waitFor();
  await mustBeSound(admin, 'an empty evening');
  await goTo(admin, 'concerts');
  await mustBeSound(admin, 'no concerts yet');
  await goTo(admin, 'evening');
  await (await link(admin, 'first.concert')).click();
  await (await field(admin, 'concert.title')).fill('봄의 목소리');
  await (await field(admin, 'concert.venue')).fill('대극장');
  await (await button(admin, 'concert.make')).click();
  await (await field(admin, 'date.startsAt')).fill(tomorrow());
  await (await field(admin, 'layout.rowCount')).fill('3');
  await (await field(admin, 'layout.seatCount')).fill('4');
  await (await field(admin, 'layout.price')).fill('30000');
  await admin.locator('.map .seat[data-seat="C-1"]').click();
  await (await button(admin, 'date.make', { n: 11 })).click();
  await admin.locator('h1 .tag', { hasText: await text(admin, 'sale.on') }).waitFor();

  // Keys for those who help.
  await goTo(admin, 'keys');
  const keys = { counter: await makeKey(admin, '창구 1', 'counter'), door: await makeKey(admin, '동문', 'door') };

  // A customer chooses seats and is short of points; the counter sells them.
  await toSeats(kim, app, { name: '김하늘', concertId: 1 });
  await hold(kim, 'B-2', 'B-3');
  await signIn(counter, app, keys.counter);
  await (await field(counter, 'counter.who')).fill('하늘');
  await counter.keyboard.press('Enter');
  await (await link(counter, 'counter.openOne', { name: '김하늘' })).click();
  await (await field(counter, 'sell.amount')).fill('60000');
  await counter.keyboard.press('Enter');
  await agree(counter, 'sell.do', { amount: '60,000포인트', price: '60,000' });
  await counter.locator('.receipt').waitFor();
  await kim.reload();
  await kim.getByRole('button', { name: await word(kim, 'pay') }).click();
  await kim.locator('.ticket-number').nth(1).waitFor();
  const numbers = await kim.locator('.ticket-number').allTextContents();

  // The evening shows it, and the door lets in.
  await goTo(admin, 'evening');
  await admin.locator('.news li', { hasText: 'B-2, B-3' }).first().waitFor();
  await admin.locator('tbody td', { hasText: '60,000포인트' }).waitFor();
  await signIn(door, app, keys.door);
  await (await link(door, 'door.openOne', { title: '봄의 목소리' })).click();
  await door.locator('.answer.none').waitFor();
  await door.keyboard.type(numbers[0]);
  await door.keyboard.press('Enter');
  await door.locator('.answer.yes').waitFor();
  assert.match(await door.locator('.answer').textContent(), /입장 가능.*김하늘/);
  await admin.locator('.news li', { hasText: '1명이 공연장에 입장했습니다' }).waitFor();
  assert.equal((await app.staff('GET', '/schedules/1/checkins')).in, 1);
  for (const page of [admin, counter, door, kim]) await mustBeSound(page);
});
