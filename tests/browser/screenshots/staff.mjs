// How to come to each of the staff's pages.

import { button, choice, field, settled, signIn } from '../staff_steps.mjs';
import { SECTIONS } from '../steps.mjs';

/** A venue in which something was sold, and staff who are signed in at a part. */
export async function at(open, part, options = {}) {
  const { app, page } = await open(['--max-active', '3'], options);
  const { scheduleId } = await app.concert({ title: '봄의 목소리 · Voices of Spring', venue: '대극장 · Main Hall', layout: SECTIONS });
  const tickets = [];
  let buyer;
  for (const seats of [['A-5', 'A-6'], ['D-9', 'D-10', 'D-11']]) {
    buyer = await app.customer('김민지 · Kim');
    await buyer.call('POST', `/users/${buyer.userId}/balance/top-ups`, { amount: 400_000 });
    const held = await buyer.call('POST', '/reservations', { scheduleId, seats });
    const paid = await buyer.call('POST', '/payments', { reservationId: held.reservationId, amount: held.amount });
    tickets.push(...paid.tickets);
    buyer.reservationId = held.reservationId;
  }
  for (let n = 0; n < 8; n += 1) await app.customer(`Guest ${n}`);
  await app.staff('PUT', `/schedules/${scheduleId}/seats/G-1`, { blocked: true, reason: '음향 · sound desk' });
  await signIn(page, app, app.staffKey, part({ scheduleId, buyer }));
  return { app, page, tickets, buyer };
}

const scan = async (page, code) => { await page.keyboard.type(code); await page.keyboard.press('Enter'); };

export const staffPages = {
  async handbook(open, take) {
    const { app, page, language } = await open();
    await page.goto(`${app.url}/handbook/${language}/evening`);
    await take(page);
  },
  async handbookVenue(open, take) {
    const { app, page, language } = await open();
    await page.goto(`${app.url}/handbook/${language}/venue#line`);
    await take(page, { full: false });
  },
  async docs(open, take) {
    const { app, page } = await open();
    await page.goto(`${app.url}/docs#pay`);
    await page.locator('#pay form.try').waitFor();
    await take(page, { full: false });
  },
  async staffSignIn(open, take) {
    const { app, page } = await open();
    await page.goto(`${app.url}/staff`);
    await page.locator('main form').waitFor();
    await take(page);
  },
  async staffEvening(open, take) {
    const { page } = await at(open, () => '#evening');
    await page.locator('.news li').nth(3).waitFor();
    await take(page);
  },
  async staffPaused(open, take) {
    const { page } = await at(open, () => '#evening');
    await (await button(page, 'letting.pause.do')).click();
    await (await button(page, 'sure.undo')).waitFor();
    await take(page, { full: false });
  },
  async staffFirstDay(open, take) {
    const { app, page } = await open([], { empty: true });
    await signIn(page, app);
    await take(page);
  },
  async staffConcerts(open, take) {
    const { page } = await at(open, () => '#concerts');
    await take(page);
  },
  async staffConcert(open, take) {
    const { page } = await at(open, () => '#concerts/2');
    await take(page);
  },
  async staffConcertForm(open, take) {
    const { page } = await at(open, () => '#concerts/new');
    await take(page);
  },
  async staffNewDate(open, take) {
    const { page } = await at(open, () => '#dates/new/2');
    await (await choice(page, 'layout.sections')).check();
    await (await button(page, 'layout.addSection')).click();
    await page.locator('.map .seat').nth(14).click();
    await take(page);
  },
  async staffDate(open, take) {
    const { page } = await at(open, ({ scheduleId }) => `#dates/${scheduleId}`);
    await page.locator('.map .seat').first().waitFor();
    await take(page);
  },
  async staffCancelDate(open, take) {
    const { page } = await at(open, ({ scheduleId }) => `#dates/${scheduleId}`);
    const word = await page.locator('html').getAttribute('lang') === 'ko' ? '취소' : 'cancel';
    await (await field(page, 'cancel.type', { word })).fill(word);
    await (await button(page, 'cancel.do')).waitFor();
    await take(page, { full: false });
  },
  async staffHolder(open, take) {
    const { page } = await at(open, ({ scheduleId }) => `#dates/${scheduleId}`);
    await page.locator('.map .seat[data-seat="A-5"]').click();
    await page.locator('dialog').waitFor();
    await take(page, { full: false });
  },
  async staffTariffs(open, take) {
    const { app, page } = await at(open, () => '#concerts');
    await app.staff('PATCH', '/schedules/3', { tariffs: [{ name: '학생 · Student', note: '학생증 확인 · check the card', percent: 50 }] });
    await page.evaluate(() => { location.hash = '#dates/3'; });
    await page.locator('.map .seat').first().waitFor();
    await take(page);
  },
  async staffLook(open, take) {
    const { page } = await at(open, () => '#look');
    await page.locator('main summary').first().click();
    await take(page);
  },
  async staffWall(open, take) {
    const { page } = await at(open, () => '#wall');
    await page.locator('.map .seat').first().waitFor();
    await take(page);
  },
  async staffWallEnd(open, take) {
    const { app, page } = await open(['--hold-seconds', '2']);
    await signIn(page, app, app.staffKey, '#wall');
    await page.locator('.map .seat').first().waitFor();
    await app.staff('PUT', '/test/rush', { customers: 30, seats: 12, speed: 50 });
    await page.locator('.verdict').waitFor();
    await take(page);
  },
  async staffWebhooks(open, take) {
    const { app, page } = await at(open, () => '#keys');
    await app.staff('POST', '/webhooks', { url: 'https://example.org/tickets/hook', eventTypes: ['SEATS_SOLD'] });
    await page.evaluate(() => { location.hash = '#webhooks'; });
    await page.locator('main:not([aria-busy]) h1').waitFor();
    await take(page);
  },
  async staffLines(open, take) {
    const { app, page } = await at(open, () => '#concerts/2');
    await app.staff('PUT', '/concerts/2/line', {});
    await page.evaluate(() => { location.hash = '#evening'; });
    await page.locator('main:not([aria-busy]) h1').waitFor();
    await take(page);
  },
  async staffKeys(open, take) {
    const { page } = await at(open, () => '#keys');
    await take(page);
  },
  async staffDoorChoice(open, take) {
    const { page } = await at(open, () => '#door');
    await take(page);
  },
  async staffDoorYes(open, take) {
    const { page, tickets } = await at(open, ({ scheduleId }) => `#door/${scheduleId}`);
    await settled(page);
    await scan(page, tickets[0].number);
    await page.locator('.answer.yes').waitFor();
    await take(page);
  },
  async staffDoorNo(open, take) {
    const { app, page, tickets } = await at(open, ({ scheduleId }) => `#door/${scheduleId}`);
    await settled(page);
    await scan(page, tickets[1].number);
    await page.locator('.answer.yes').waitFor();
    await app.turn(60); // at once it would be the same scan read twice
    await scan(page, tickets[1].number);
    await page.locator('.answer.no').waitFor();
    await take(page);
  },
};
