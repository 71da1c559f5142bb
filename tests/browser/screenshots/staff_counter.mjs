// How to come to each of the pages of the counter.

import { button, field, link, text } from '../staff_steps.mjs';
import { at } from './staff.mjs';

const DAY_MS = 86_400_000;
const HALF = { name: '학생 · Student', note: '학생증 확인 · check the card', percent: 50 };

const bookings = (page) => page.locator('article[data-reservation]');

/** The page of somebody for whom seats are kept until tomorrow. */
async function kept(open) {
  const here = await at(open, () => '#counter');
  const { app, page } = here;
  const until = new Date(Date.now() + DAY_MS).toISOString();
  const { userId } = await app.staff('POST', '/reservations', { scheduleId: 3, customer: { name: '이서연 · Lee' }, seats: ['B-3', 'B-4'], until, note: '내일 전화 · calls tomorrow' });
  await page.evaluate((id) => { location.hash = `#counter/${id}`; }, userId);
  await bookings(page).waitFor();
  return here;
}

export const staffCounterPages = {
  async staffCounter(open, take) {
    const { page } = await at(open, () => '#counter');
    await (await field(page, 'counter.who')).fill('guest');
    await page.keyboard.press('Enter');
    await (await link(page, 'counter.openOne')).first().waitFor();
    await take(page);
  },
  async staffCustomer(open, take) {
    const { page } = await at(open, ({ buyer }) => `#counter/${buyer.userId}`);
    await take(page);
  },
  async staffTickets(open, take) {
    const { page } = await at(open, ({ buyer }) => `#counter/${buyer.userId}/tickets/${buyer.reservationId}`);
    await page.locator('.stub img').first().waitFor();
    await take(page);
  },
  async staffSellDates(open, take) {
    const { page } = await at(open, () => '#counter/sell');
    await take(page);
  },
  async staffSell(open, take) {
    const { page } = await at(open, ({ scheduleId }) => `#counter/sell/${scheduleId}`);
    await page.locator('.map .seat[data-seat="B-7"]').click();
    await page.locator('.map .seat[data-seat="B-8"]').click();
    await page.locator('.map .is-chosen').nth(1).waitFor();
    await take(page);
  },
  async staffExchange(open, take) {
    const { page } = await at(open, ({ buyer }) => `#counter/${buyer.userId}`);
    await (await button(page, 'exchange.begin')).first().click();
    await page.locator('dialog').waitFor();
    await take(page, { full: false });
  },
  async staffTill(open, take) {
    const { app, page, buyer } = await at(open, () => '#counter');
    for (const body of [{ amount: 1_250_000 }, { amount: 90_000, method: 'CARD' }]) await app.staff('POST', `/users/${buyer.userId}/balance/top-ups`, body);
    await page.evaluate(() => { location.hash = '#counter/till'; });
    await page.locator('main .sum').first().waitFor();
    await take(page);
  },
  async staffSellTariffs(open, take) {
    const { app, page } = await at(open, () => '#counter');
    await app.staff('PATCH', '/schedules/3', { tariffs: [HALF] });
    await page.evaluate(() => { location.hash = '#counter/sell/3'; });
    for (const seat of ['B-7', 'B-8']) await page.locator(`.map .seat[data-seat="${seat}"]`).click();
    for (const key of ['seatSale.bestTitle', 'seatSale.noteTitle', 'seatSale.keepTitle']) await page.locator('main summary').filter({ hasText: await text(page, key) }).click();
    await take(page);
  },
  async staffKept(open, take) {
    const { page } = await kept(open);
    await take(page);
  },
  async staffChangeHold(open, take) {
    const { page } = await kept(open);
    await (await button(page, 'change.begin')).click();
    await page.locator('dialog').waitFor();
    await take(page, { full: false });
  },
  async staffSellHold(open, take) {
    const { page } = await kept(open);
    await (await button(page, 'held.sell')).click();
    await page.locator('dialog').waitFor();
    await take(page, { full: false });
  },
  async staffRefundOne(open, take) {
    const { page } = await at(open, ({ buyer }) => `#counter/${buyer.userId}`);
    await (await button(page, 'giveBack.begin')).click();
    await page.locator('dialog input').first().uncheck();
    await take(page, { full: false });
  },
  async staffExchangeSure(open, take) {
    const { page } = await at(open, ({ buyer }) => `#counter/${buyer.userId}`);
    await (await button(page, 'exchange.begin')).click();
    for (const nth of [1, 2]) await page.locator('dialog input[type="checkbox"]').nth(nth).uncheck();
    await (await field(page, 'exchange.seats')).fill('A-9');
    await (await button(page, 'exchange.next')).click();
    await (await button(page, 'exchange.do')).waitFor();
    await take(page, { full: false });
  },
  async staffAccount(open, take) {
    const { app, page } = await at(open, () => '#counter');
    const { userId } = await app.customer('박지훈 · Park');
    await app.staff('PATCH', `/users/${userId}`, { contact: '010-1234-5678', seatsPerUser: 20 });
    await app.staff('PUT', `/users/${userId}/ban`, { banned: true });
    await app.staff('POST', `/users/${userId}/balance/corrections`, { amount: 30_000, reason: 'test' });
    await page.evaluate((id) => { location.hash = `#counter/${id}`; }, userId);
    await page.locator('h1 .tag').waitFor();
    const folds = page.locator('main summary');
    for (let n = 0; n < await folds.count(); n += 1) await folds.nth(n).click();
    await take(page);
  },
  async staffPayoutQuestion(open, take) {
    const { page } = await at(open, ({ buyer }) => `#counter/${buyer.userId}`);
    await page.locator('main summary').filter({ hasText: await text(page, 'payout.open') }).click();
    await (await button(page, 'payout.begin')).click();
    await page.locator('dialog').waitFor();
    await take(page, { full: false });
  },
  async staffKey(open, take) {
    const { page } = await at(open, () => '#counter');
    await (await field(page, 'counter.name')).fill('최유진 · Choi');
    await (await button(page, 'counter.make')).click();
    await page.locator('dialog').waitFor();
    await take(page, { full: false });
  },
  async staffNobody(open, take) {
    const { page } = await at(open, () => '#counter');
    await (await field(page, 'counter.who')).fill('zzz');
    await page.keyboard.press('Enter');
    await page.locator('.rows .note').waitFor();
    await take(page);
  },
};
