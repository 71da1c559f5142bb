// How to come to each of the customer's pages.

import { LARGE, SECTIONS, hold, joinLine, quarterCircle, seat, toDates, toSeats, topUpAndPay } from '../steps.mjs';

const heading = (page) => page.locator('main h1:visible').first().waitFor();

/** A page of a venue where one is inside already, so that the next waits. */
async function inTheLine(open, flags = []) {
  const { app, page } = await open(['--max-active', '1', ...flags]);
  await app.customer('First');
  for (let n = 0; n < 11; n += 1) await app.customer(`Before ${n}`);
  return { app, page };
}

export async function atSeats(open, layout, before = async () => {}) {
  const { app, page } = await open();
  const { concertId, scheduleId } = await app.concert({ title: '봄의 목소리 · Voices of Spring', venue: '대극장 · Main Hall', layout });
  await before(app, scheduleId);
  await toSeats(page, app, { concertId });
  return { app, page };
}

/** Some seats sold, held and blocked. */
export async function busy(app, scheduleId) {
  const buyer = await app.customer('Buyer');
  await buyer.call('POST', `/users/${buyer.userId}/balance/top-ups`, { amount: 1_000_000 });
  const seats = ['A-5', 'A-6', 'A-7', 'B-9'];
  const held = await buyer.call('POST', '/reservations', { scheduleId, seats });
  await buyer.call('POST', '/payments', { reservationId: held.reservationId, amount: held.amount });
  const other = await app.customer('Other');
  await other.call('POST', '/reservations', { scheduleId, seats: ['E-8', 'E-9', 'E-10'] });
  for (const label of ['G-1', 'G-20']) await app.staff('PUT', `/schedules/${scheduleId}/seats/${label}`, { blocked: true, reason: 'sound desk' });
}

export const customerPages = {
  async concerts(open, take) {
    const { app, page } = await open();
    await app.concert({ title: '봄의 목소리 · Voices of Spring', venue: '대극장 · Main Hall', description: '합창과 오케스트라 · choir and orchestra', layout: SECTIONS });
    await app.staff('POST', '/concerts', { title: '여름밤 · Summer Night', venue: '야외무대 · Open Air', description: '' });
    await page.goto(app.url);
    await page.locator('main article').first().waitFor();
    await take(page);
  },
  async gate(open, take) {
    const { app, page } = await open();
    await page.goto(`${app.url}/#/concerts/1/dates/1`);
    await page.locator('form').waitFor();
    await take(page);
  },
  async concert(open, take) {
    const { app, page } = await open();
    const startsAt = new Date(Date.now() + 86_400_000 * 33).toISOString();
    const saleOpensAt = new Date(Date.now() + 86_400_000).toISOString();
    const { concertId, scheduleId } = await app.concert({ title: '봄의 목소리 · Voices of Spring', venue: '대극장 · Main Hall', description: '합창과 오케스트라\nChoir and orchestra', layout: SECTIONS });
    await app.staff('POST', `/concerts/${concertId}/schedules`, { startsAt, saleOpensAt, layout: SECTIONS });
    const { scheduleId: cancelled } = await app.staff('POST', `/concerts/${concertId}/schedules`, { startsAt, layout: SECTIONS });
    await app.staff('POST', `/schedules/${cancelled}/cancellation`);
    await app.staff('PATCH', `/concerts/${concertId}`, { runningMinutes: 100, ageFrom: 8, translations: { ko: { title: '봄의 목소리' }, en: { title: 'Voices of Spring' } } });
    await busy(app, scheduleId);
    await page.goto(`${app.url}/c/${concertId}`);
    await page.locator('article.date').nth(2).waitFor();
    await take(page);
  },
  async seatsTariffs(open, take) {
    const { app, page } = await open();
    const { concertId, scheduleId } = await app.concert({ title: '봄의 목소리 · Voices of Spring', venue: '대극장 · Main Hall', layout: SECTIONS });
    await app.staff('PATCH', `/schedules/${scheduleId}`, { tariffs: [{ name: '학생 · Student', note: '학생증 확인 · check the card', percent: 50 }, { name: '경로 · Senior', percent: 70 }] });
    await toSeats(page, app, { concertId });
    for (const label of ['B-7', 'B-8']) await seat(page, label).dispatchEvent('click');
    if (await page.locator('.tray .fold').isVisible()) await page.locator('.tray .fold').click();
    await take(page);
  },
  async kept(open, take) {
    const { app, page } = await open();
    await toSeats(page, app);
    await hold(page, '24', '25');
    await topUpAndPay(page);
    await page.evaluate(async () => { await navigator.serviceWorker.ready; while (!await caches.match('/')) await new Promise(requestAnimationFrame); });
    await page.context().setOffline(true);
    await page.reload();
    await page.locator('.note.warn').waitFor();
    await take(page);
  },
  async recovery(open, take) {
    const { app, page } = await open();
    await page.goto(`${app.url}/#/key`);
    await page.locator('#paste').fill('abc');
    await page.locator('form button').click();
    await page.locator('.fault:not([hidden])').waitFor();
    await take(page);
  },
  async ticketsNone(open, take) {
    const { app, page } = await open();
    await page.goto(`${app.url}/#/tickets`);
    await page.locator('main .card').waitFor();
    await take(page);
  },
  async line(open, take) {
    const { app, page } = await inTheLine(open);
    await joinLine(page, app);
    await page.locator('progress').waitFor();
    await take(page);
  },
  async linePaused(open, take) {
    const { app, page } = await inTheLine(open);
    await app.staff('PATCH', '/queue', { paused: true, message: { ko: '5분 뒤에 다시 시작합니다.', en: 'Back in five minutes.' } });
    await joinLine(page, app);
    await page.locator('.note.warn').waitFor();
    await take(page);
  },
  async draw(open, take) {
    const { app, page } = await open();
    await app.staff('PATCH', '/queue', { opensAt: new Date(Date.now() + 754_000).toISOString() });
    await joinLine(page, app);
    await page.locator('.countdown').waitFor();
    await take(page);
  },
  async leaving(open, take) {
    const { app, page } = await inTheLine(open);
    await joinLine(page, app);
    await page.locator('progress').waitFor();
    await page.locator('main > button').click();
    await page.locator('dialog').waitFor();
    await take(page, { full: false });
  },
  async dates(open, take) {
    const { app, page } = await open();
    const soon = new Date(Date.now() + 5_000_000).toISOString();
    const startsAt = new Date(Date.now() + 86_400_000 * 33).toISOString();
    await app.staff('POST', '/concerts/1/schedules', { startsAt, saleOpensAt: soon, layout: SECTIONS });
    await toDates(page, app);
    await take(page);
  },
  async seatsNumbered(open, take) {
    const { app, page } = await open();
    await toSeats(page, app);
    await seat(page, '24').click();
    await take(page);
  },
  async seatsSections(open, take) {
    const { page } = await atSeats(open, SECTIONS, busy);
    for (const label of ['B-7', 'B-8']) await seat(page, label).dispatchEvent('click');
    await take(page);
  },
  async seatsLarge(open, take) {
    const { page } = await atSeats(open, LARGE);
    await take(page);
  },
  async seatsPlan(open, take) {
    const { page } = await atSeats(open, { pretixPlan: quarterCircle(), prices: { R: 120_000, S: 90_000 } });
    await take(page);
  },
  async seatsZoomed(open, take) {
    const { page } = await atSeats(open, SECTIONS, busy);
    for (let n = 0; n < 3; n += 1) await page.locator('.zoom button').first().click();
    await seat(page, 'D-10').focus();
    await take(page);
  },
  async payShort(open, take) {
    const { app, page } = await open();
    await toSeats(page, app);
    await hold(page, '24', '25');
    await page.locator('#amount').waitFor();
    await take(page);
  },
  async payCounter(open, take) {
    const { app, page } = await open(['--top-up-policy', 'staff']);
    await toSeats(page, app);
    await hold(page, '24', '25');
    await page.locator('dl.facts .short').waitFor();
    await take(page);
  },
  async payEnough(open, take) {
    const { app, page } = await open();
    await toSeats(page, app);
    await hold(page, '24', '25');
    await page.locator('form button').click();
    await page.locator('section.card > button.main').waitFor();
    await take(page);
  },
  async payExpired(open, take) {
    const { app, page } = await open();
    await toSeats(page, app);
    await hold(page, '24');
    await page.locator('#amount').waitFor();
    await app.turn(301);
    await page.locator('main .countdown').waitFor({ state: 'detached' });
    await take(page);
  },
  async ticketsBought(open, take) {
    const { app, page } = await open();
    await toSeats(page, app);
    await hold(page, '24', '25');
    await topUpAndPay(page);
    await take(page);
  },
  async ticketLarge(open, take) {
    const { app, page } = await open();
    await toSeats(page, app);
    await hold(page, '24');
    await topUpAndPay(page);
    await page.locator('.ticket .qr').click();
    await page.locator('dialog img').waitFor();
    await take(page, { full: false });
  },
  async tickets(open, take) {
    const { app, page } = await open();
    await toSeats(page, app);
    await hold(page, '24', '25');
    await topUpAndPay(page);
    await page.goto(`${app.url}/#/tickets`);
    await page.locator('main article').first().waitFor();
    await take(page);
  },
  async key(open, take) {
    const { app, page } = await open();
    await toDates(page, app);
    await page.goto(`${app.url}/#/key`);
    await page.locator('#paste').waitFor();
    await take(page);
  },
  async ended(open, take) {
    const { app, page } = await open();
    await toSeats(page, app);
    await app.turn(601);
    await page.locator('.map').waitFor({ state: 'detached' });
    await take(page);
  },
  async trust(open, take) {
    const { app, page } = await open(['--tls-local'], { ignoreHTTPSErrors: true });
    await page.goto(`${app.url}/trust`);
    await heading(page);
    await take(page);
  },
  async problem(open, take) {
    const { app, page } = await open();
    await page.goto(`${app.url}/problems/seat_unavailable`);
    await heading(page);
    await take(page);
  },
  async nowhere(open, take) {
    const { app, page } = await open();
    await page.goto(`${app.url}/nowhere`);
    await heading(page);
    await take(page);
  },
};
