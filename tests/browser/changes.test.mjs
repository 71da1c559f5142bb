// Changing one's mind: a seat more or less while holding, paid seats exchanged; and what staff change for somebody.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { Ends, PHONE, mustBeSound, openApp, openBrowser, openPage } from './rig.mjs';
import { agree, button, field, settled, signIn, text } from './staff_steps.mjs';
import { SECTIONS, hold, letIn, seat, toSeats, topUpAndPay, word } from './steps.mjs';

const ends = new Ends();
const browser = await openBrowser(ends);
after(() => ends.end());

test('a hold has a seat less and one more, and paid seats are exchanged once the difference was told', async (t) => {
  const app = await openApp(t, ['--seats-per-user=4']);
  const { concertId } = await app.concert({ layout: SECTIONS, refundUntilHours: 0 });
  const page = await openPage(browser, app, { size: PHONE });
  t.after(() => page.context().close());
  await toSeats(page, app, { concertId });
  await hold(page, 'D-1', 'D-2');
  const total = (points) => page.locator('.sum', { hasText: `${points} points` }).first().waitFor();
  await total('220,000');
  await page.getByRole('button', { name: /^Remove .*1$/ }).press('Enter');
  await total('110,000');
  assert.equal(await page.getByRole('button', { name: /^Remove/ }).count(), 0, 'the last seat is released, not removed');
  await mustBeSound(page, 'a hold with one seat');
  await page.getByRole('link', { name: 'Add a seat' }).click();
  await letIn(page);
  await page.getByText(/^You hold:/).waitFor();
  await seat(page, 'D-4').click();
  await mustBeSound(page, 'one more seat');
  await page.getByRole('button', { name: 'Add 1 seat' }).click();
  await total('220,000');
  await topUpAndPay(page);
  // The visit ended with the payment: to exchange, one stands in the line again.
  await page.getByRole('link', { name: 'Exchange seats' }).click();
  await page.getByRole('button', { name: await word(page, 'join') }).click();
  await letIn(page);
  await page.getByLabel(/2$/).uncheck();
  await seat(page, 'A-1').click();
  await mustBeSound(page, 'seats to exchange');
  await page.getByRole('button', { name: 'Exchange for 1 seat' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('You pay 40,000 points more.').waitFor();
  await dialog.getByText('You need 40,000 more points. Top up to pay.').waitFor();
  await mustBeSound(page, 'an exchange with too few points');
  await dialog.getByRole('button', { name: 'Keep my seats' }).click();
  await seat(page, 'A-1').click();
  await seat(page, 'H-1').click();
  await page.getByRole('button', { name: 'Exchange for 1 seat' }).click();
  await dialog.getByText('You get 30,000 points back.').waitFor();
  await dialog.getByRole('button', { name: 'Exchange', exact: true }).click();
  await page.locator('.ticket').first().waitFor();
  assert.match(await page.locator('.ticket .seat-label').textContent(), /H.*1/);
  await mustBeSound(page, 'the ticket for the other seat');
  // All of it for another seat: what it was before says so, and nobody reads that the concert is cancelled.
  const before = page.url().split('/').at(-1);
  await app.staff('POST', `/reservations/${before}/exchange`, { seats: ['D-9'] });
  await page.evaluate(() => window.dispatchEvent(new Event('visible'))); // it looks now and then, and when it is seen
  await page.getByText('These seats were exchanged for others, and these tickets are no longer valid.').waitFor();
  await mustBeSound(page, 'tickets that were exchanged');
  await page.goto(`${app.url}/#/tickets`);
  await page.getByText('Past and cancelled bookings').click();
  await page.locator('.tag', { hasText: /^Exchanged$/ }).waitFor();
  await page.goto(`${app.url}/#/tickets/${before}`);
  await page.getByRole('link', { name: 'Show the new tickets' }).click();
  await page.locator('.ticket .seat-label', { hasText: /D.*9/ }).waitFor();
});

test('staff change a hold, the account and who may buy; the best seats and a copied date have their tariffs', async (t) => {
  const app = await openApp(t);
  const [scheduleId] = app.scheduleIds;
  await app.staff('PATCH', `/schedules/${scheduleId}`, { tariffs: [{ name: '학생', percent: 50 }] });
  const kim = await app.customer('Kim');
  await kim.call('POST', '/reservations', { scheduleId, seats: ['3', '4'] });
  const page = await openPage(browser, app, { language: 'ko', size: PHONE, path: null });
  t.after(() => page.context().close());
  await signIn(page, app, app.staffKey, `#counter/${kim.userId}`);
  await (await button(page, 'change.begin')).click();
  await page.getByRole('dialog').getByLabel('3번', { exact: true }).uncheck();
  await page.getByRole('dialog').getByLabel(await text(page, 'change.more')).fill('5');
  await page.getByRole('dialog').locator('.seat[data-seat="6"]').click();
  // Seats that stay and seats that come have a choice of tariff each.
  await page.getByRole('dialog').getByLabel('4번 요금').selectOption('학생');
  await page.getByRole('dialog').getByLabel('6번 요금').selectOption('학생');
  await mustBeSound(page, 'the seats of a hold');
  await agree(page, 'change.do');
  await page.getByText('4번, 5번, 6번').first().waitFor();
  const [{ seats: changed }] = (await app.staff('GET', `/users/${kim.userId}/reservations`)).reservations;
  assert.deepEqual(changed, [{ seat: '4', price: 25_000, tariff: '학생' }, { seat: '5', price: 50_000 }, { seat: '6', price: 25_000, tariff: '학생' }]);
  await (await field(page, 'account.contact')).fill('010-1234-5678');
  await page.locator('section', { has: page.getByRole('heading', { name: await text(page, 'account.title') }) }).getByRole('button', { name: await text(page, 'limit.do') }).click();
  await page.getByText('010-1234-5678').first().waitFor();
  await (await button(page, 'account.banBegin')).click();
  await agree(page, 'account.ban');
  await page.locator('h1 .tag').waitFor();
  await mustBeSound(page, 'somebody who is banned');
  await (await button(page, 'account.unbanBegin')).click();
  await agree(page, 'account.unban');
  await (await button(page, 'account.banBegin')).waitFor();
  await (await button(page, 'account.removeBegin')).click();
  await agree(page, 'account.remove');
  await page.waitForURL(/#counter$/);

  await page.evaluate((id) => { location.hash = `#counter/sell/${id}`; }, scheduleId);
  await settled(page);
  await page.locator('summary', { hasText: await text(page, 'seatSale.bestTitle') }).click();
  await (await field(page, 'seatSale.bestTariff', { name: '학생' })).fill('2');
  await (await button(page, 'seatSale.bestDo')).click();
  await page.getByText('50,000원').first().waitFor(); // two at half of 50,000
  await page.evaluate(([concert, id]) => { location.hash = `#dates/new/${concert}/${id}`; }, [app.concertId, scheduleId]);
  await settled(page);
  await (await button(page, 'date.make')).click();
  await page.waitForURL(/#dates\/\d+$/);
  const copied = await app.staff('GET', `/schedules/${page.url().split('/').at(-1)}/seats`);
  assert.deepEqual(copied.tariffs, [{ name: '학생', percent: 50 }]);
});

test('an exchange at the counter keeps tariffs, finds seats whose names have spaces, and says the difference in points', async (t) => {
  const app = await openApp(t);
  const sections = [['Left box', 50_000], ['Right box', 70_000]].map(([name, price]) => ({ name, price, rows: [{ row: 'A', count: 4 }] }));
  const { scheduleId } = await app.concert({ layout: { sections }, tariffs: [{ name: 'Child', percent: 50 }] });
  const kim = await app.customer('Kim');
  await kim.call('POST', `/users/${kim.userId}/balance/top-ups`, { amount: 200_000 });
  const seats = [{ seat: 'Left box-A-1', tariff: 'Child' }, 'Left box-A-2'];
  const { reservationId } = await kim.call('POST', '/reservations', { scheduleId, seats });
  await kim.call('POST', '/payments', { reservationId, amount: 75_000 });
  const page = await openPage(browser, app, { path: null });
  t.after(() => page.context().close());
  await signIn(page, app, app.staffKey, `#counter/${kim.userId}`);
  await (await button(page, 'exchange.begin')).click();
  await agree(page, 'exchange.next');
  await page.getByText('Choose 2 seats, as many as go back.').waitFor();
  await (await button(page, 'exchange.begin')).click();
  // On the map, or by the label: the field and the map tell the same.
  await page.getByRole('dialog').locator('.seat[data-seat="Right box-A-1"]').click();
  const typed = await field(page, 'exchange.seats');
  assert.equal(await typed.inputValue(), 'Right box-A-1');
  await typed.fill('Right box-A-1, Right box-A-2');
  assert.match(await page.getByRole('dialog').locator('.seat[data-seat="Right box-A-2"]').getAttribute('class'), /is-chosen/);
  assert.equal(await page.getByRole('dialog').getByLabel('Price of Right box, row A, seat 1').inputValue(), 'Child', 'the tariff of the seat before');
  await mustBeSound(page, 'an exchange on the map');
  await agree(page, 'exchange.next');
  const dialog = page.getByRole('dialog');
  await dialog.getByText('Left box, row A, seat 1 · Child; Left box, row A, seat 2 → Right box, row A, seat 1 · Child; Right box, row A, seat 2').waitFor();
  await dialog.getByText('30,000 points are taken from their balance.').waitFor();
  await agree(page, 'exchange.do');
  await page.locator('.big', { hasText: /^95,000 points/ }).waitFor();
  await page.getByText('Right box, row A, seat 1, seat 2').first().waitFor();
  await page.locator('.tag', { hasText: await text(page, 'booking.EXCHANGED') }).waitFor();
});
