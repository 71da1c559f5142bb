// How to come to the pages on which a customer changes something: a hold, paid seats, a ticket; and those that tell
// what the venue changed.

import { SECTIONS, hold, letIn, seat, toSeats, topUpAndPay, word } from '../steps.mjs';
import { atSeats } from './customer.mjs';

const DAY_MS = 86_400_000;
const SPECIAL = {
  sections: [
    { name: 'R', price: 80_000, rows: [{ row: 'A', count: 10, attributes: { WHEELCHAIR: [1, 2], COMPANION: [3], RESTRICTED_VIEW: [10] } }, { row: 'B', count: 10 }] },
    { name: 'S', price: 50_000, rows: [{ row: 'C', count: 12, attributes: { RESTRICTED_VIEW: [1, 12] } }] },
  ],
};

/** A customer who paid two seats of a date that takes refunds. */
async function paid(open, more = {}) {
  const { app, page } = await open(['--seats-per-user=4']);
  const { concertId, scheduleId } = await app.concert({ title: '봄의 목소리 · Voices of Spring', venue: '대극장 · Main Hall', layout: SECTIONS, refundUntilHours: 0, ...more });
  await toSeats(page, app, { concertId });
  await hold(page, 'D-1', 'D-2');
  await topUpAndPay(page);
  return { app, page, concertId, scheduleId };
}

/** The map for an exchange, with a seat of another price chosen for one of the two. */
async function exchanging(open) {
  const at = await paid(open);
  const { page } = at;
  await page.locator('.refund a').click();
  await page.getByRole('button', { name: await word(page, 'join') }).click();
  await letIn(page);
  await page.locator('.seat-boxes input').last().uncheck();
  await seat(page, 'A-5').dispatchEvent('click');
  return at;
}

/** Somebody who was banned while they chose seats. */
async function bannedAtSeats(open) {
  const { app, page } = await open();
  await toSeats(page, app);
  const { users } = await app.staff('GET', '/users?search=Kim');
  await app.staff('PUT', `/users/${users[0].userId}/ban`, { banned: true });
  await page.locator('.map').waitFor({ state: 'detached' });
  return { app, page };
}

export const customerChanges = {
  async moreSeats(open, take) {
    const { page } = await atSeats(open, SECTIONS);
    await hold(page, 'D-1', 'D-2');
    await page.locator('a[href^="#/more/"]').click();
    await letIn(page);
    await seat(page, 'D-4').dispatchEvent('click');
    await take(page);
  },
  async exchange(open, take) {
    const { page } = await exchanging(open);
    await take(page);
  },
  async exchangeQuestion(open, take) {
    const { page } = await exchanging(open);
    await page.locator('.tray button.main').click();
    await page.locator('dialog').waitFor();
    await take(page, { full: false });
  },
  async refundQuestion(open, take) {
    const { page } = await paid(open);
    await page.locator('.refund button').click();
    await page.locator('dialog input').first().uncheck();
    await take(page, { full: false });
  },
  async ticketReturned(open, take) {
    const { app, page } = await paid(open);
    const reservationId = page.url().split('/').at(-1);
    await app.staff('POST', `/reservations/${reservationId}/refund`, { seats: ['D-2'] });
    await page.reload();
    await page.locator('.ticket').waitFor();
    await take(page);
  },
  async handOver(open, take) {
    const { page } = await paid(open);
    await page.locator('.ticket .quiet').first().click();
    await page.locator('dialog').waitFor();
    await take(page, { full: false });
  },
  async moved(open, take) {
    const { app, page, scheduleId } = await paid(open);
    await app.staff('PATCH', `/schedules/${scheduleId}`, { startsAt: new Date(Date.now() + 50 * DAY_MS).toISOString() });
    await page.reload();
    await page.locator('.note.warn').first().waitFor();
    await take(page);
  },
  async cancelled(open, take) {
    const { app, page, scheduleId } = await paid(open);
    await app.staff('POST', `/schedules/${scheduleId}/cancellation`);
    await app.turn(5);
    await page.goto(`${app.url}/#/tickets`);
    await page.reload();
    await page.locator('main article').first().waitFor();
    await take(page);
  },
  async banned(open, take) {
    const { page } = await bannedAtSeats(open);
    await take(page);
  },
  async bannedConcert(open, take) {
    const { app, page } = await bannedAtSeats(open);
    await page.goto(`${app.url}/c/1`);
    await page.locator('.note.warn').waitFor();
    await page.locator('article.date').first().waitFor();
    await take(page);
  },
  async seatsSpecial(open, take) {
    const { page } = await atSeats(open, SPECIAL);
    for (let n = 0; n < 2; n += 1) await page.locator('.zoom button').first().click();
    await seat(page, 'A-1').focus();
    await take(page);
  },
};
