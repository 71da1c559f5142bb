// Concerts and dates, by clicks and keys: layouts with a preview, a plan file,
// blocked seats, times, downloads, a cancelled date.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';

import { Ends, PHONE, mustBeSound, openApp, openBrowser, openPage } from './rig.mjs';
import { agree, button, choice, field, goTo, link, settled, signIn, text } from './staff_steps.mjs';
import { seat, toSeats } from './steps.mjs';

const REFUSED = /status of 4\d\d/;
const HOSTILE = '<img src=x onerror=alert(1)>';
const ends = new Ends();
const browser = await openBrowser(ends);
after(() => ends.end());

async function office(t, part, { flags, ...options } = {}) {
  const app = await openApp(t, flags);
  const page = await openPage(browser, app, { path: null, expected: REFUSED, ...options });
  t.after(() => page.context().close());
  await signIn(page, app, app.staffKey, part);
  return { app, page };
}

const seats = async (app, scheduleId) => (await app.staff('GET', `/schedules/${scheduleId}/seats`)).seats;
const newest = async (app, concertId = 1) => (await app.staff('GET', `/concerts/${concertId}/schedules`)).schedules.reduce((a, b) => (b.scheduleId > a.scheduleId ? b : a));

/** A plan as pretix writes it, with two categories. */
const PLAN = {
  name: 'Kleiner Saal', size: { width: 600, height: 400 },
  categories: [{ name: 'Parkett', color: '#33aa44' }, { name: `Rang ${HOSTILE}`, color: '#aa3344' }],
  zones: [{
    name: 'Saal', position: { x: 10, y: 20 }, zone_id: 'z', uuid: 'z',
    rows: [0, 1].map((row) => ({
      row_number: 'AB'[row], row_number_position: 'both', position: { x: 0, y: row * 30 }, uuid: `r${row}`,
      seats: [0, 1, 2].map((at) => ({ seat_number: String(at + 1), seat_guid: `${row}-${at}`, uuid: `s${row}-${at}`, position: { x: at * 25, y: 0 }, category: row ? `Rang ${HOSTILE}` : 'Parkett' })),
    })),
    areas: [{ shape: 'rectangle', position: { x: 0, y: -60 }, rectangle: { width: 50, height: 30 }, text: { text: 'Bühne', position: { x: 25, y: 15 } } }],
  }],
};

test('a date in sections with seats taken out by keyboard is what customers see', async (t) => {
  const { app, page } = await office(t, '#dates/new/1', { language: 'ko', size: PHONE });
  await (await field(page, 'date.startsAt')).fill('2099-04-03T19:00');
  await (await choice(page, 'layout.sections')).check();
  await page.getByRole('group', { name: await text(page, 'layout.section', { n: 1 }) }).getByLabel(await text(page, 'layout.rowCount')).fill('2');
  await (await button(page, 'layout.addSection')).click();
  const second = page.getByRole('group', { name: await text(page, 'layout.section', { n: 2 }) });
  await second.getByLabel(await text(page, 'layout.rowCount')).fill('1');
  await second.getByLabel(await text(page, 'layout.seatCount')).fill('4');
  await second.getByLabel(await text(page, 'layout.price')).fill('30000');
  await mustBeSound(page, 'the layout of a new date');
  await page.locator('.map .seat').first().focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Space');
  assert.match(await page.locator('.map .seat:focus').getAttribute('aria-label'), /A-2.*통로로 비운 자리/);
  await (await button(page, 'date.make', { n: 23 })).click();
  await page.locator('main h1', { hasText: '2099년 4월 3일' }).waitFor();
  const made = await newest(app);
  assert.equal(made.startsAt, '2099-04-03T10:00:00.000Z', 'by the clocks of the venue');
  const all = await seats(app, made.scheduleId);
  assert.equal(all.length, 23);
  assert.deepEqual(all.slice(0, 2).map(({ seat: label, section, price }) => [label, section, price]), [['A-1', 'R', 50_000], ['A-3', 'R', 50_000]]);
  assert.deepEqual(all.at(-1), { ...all.at(-1), seat: 'C-4', section: 'S', price: 30_000 });
  assert.ok(all[1].x - all[0].x === 2, 'the gap stays a gap');
  await page.locator('.map .seat').first().waitFor();
  await mustBeSound(page, 'the date');
});

test('what is missing or wrong is said at its place, and nothing is made', async (t) => {
  const { app, page } = await office(t, '#dates/new/1');
  await (await button(page, 'date.make', { n: 50 })).click();
  await page.locator('.fault:visible', { hasText: 'Please fill this in.' }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.name), 'startsAt');
  await (await field(page, 'date.startsAt')).fill('2099-04-03T19:00');
  await (await field(page, 'date.saleOpensAt')).fill('2099-05-03T19:00');
  await (await button(page, 'date.make', { n: 50 })).click();
  await page.locator('.fault:visible', { hasText: 'The sale has to close later than it opens.' }).waitFor();
  await (await choice(page, 'layout.plan')).check();
  const file = await field(page, 'layout.file');
  await file.setInputFiles({ name: 'x.json', mimeType: 'application/json', buffer: Buffer.from('{"seats":[]}') });
  await page.locator('.fault:visible', { hasText: 'This file cannot be used: ' }).waitFor();
  await file.setInputFiles({ name: 'x.csv', mimeType: 'text/csv', buffer: Buffer.from('sep=;\nSection;Row;Seat;Price\nR;A;1;5000\nR;A;2;x\n') });
  await page.locator('.fault:visible', { hasText: 'line 4, column 4 (price)' }).waitFor();
  await mustBeSound(page, 'a wrong file');
  assert.equal((await app.staff('GET', '/concerts/1/schedules')).schedules.length, 2);
});

test('a plan file asks a price for each category and shows the map before it is saved', async (t) => {
  const { app, page } = await office(t, '#dates/new/1', { dark: true });
  await (await field(page, 'date.startsAt')).fill('2099-04-03T19:00');
  await (await choice(page, 'layout.plan')).check();
  await (await field(page, 'layout.file')).setInputFiles({ name: 'plan.json', mimeType: 'application/json', buffer: Buffer.from(JSON.stringify(PLAN)) });
  await page.locator('.map .seat').nth(5).waitFor();
  await (await button(page, 'date.make', { n: 6 })).click();
  await page.getByText(await text(page, 'layout.noPrice')).waitFor();
  assert.equal(await page.locator('.map .shapes text').textContent(), 'Bühne');
  await (await field(page, 'layout.front')).selectOption('below');
  await page.locator('.map .stage').waitFor();
  await (await field(page, 'layout.categoryPrice', { name: 'Parkett', n: 3 })).fill('90000');
  await (await field(page, 'layout.categoryPrice', { name: `Rang ${HOSTILE}`, n: 3 })).fill('40000');
  await mustBeSound(page, 'a plan');
  await (await button(page, 'date.make', { n: 6 })).click();
  await page.locator('main h1', { hasText: '2099' }).waitFor();
  const all = await seats(app, (await newest(app)).scheduleId);
  assert.deepEqual(all.map(({ price }) => price), [90_000, 90_000, 90_000, 40_000, 40_000, 40_000]);
  assert.deepEqual([all[4].x, all[4].y], [35, 50]);
  const { front } = await app.staff('GET', `/schedules/${(await newest(app)).scheduleId}/seats`);
  assert.ok(front.y > 50, 'below the last row, as it was chosen');
});

test('a seat kept back with its reason is closed to a customer who is looking, and its undo opens it', async (t) => {
  const { app, page } = await office(t, '#dates/1');
  const customer = await openPage(browser, app, { size: PHONE });
  t.after(() => customer.context().close());
  await toSeats(customer, app);
  await page.locator('.map .seat[data-seat="9"]').click();
  await (await field(page, 'block.reason')).fill(`organ ${HOSTILE}`);
  await mustBeSound(page, 'before a seat is kept back');
  await agree(page, 'block.do');
  await customer.locator('.seat.is-blocked[data-seat="9"]').waitFor();
  const [{ status, reason }] = (await seats(app, 1)).filter(({ seat: label }) => label === '9');
  assert.deepEqual([status, reason], ['BLOCKED', `organ ${HOSTILE}`]);
  await page.getByText(await text(page, 'block.list', { n: 1 })).click();
  await page.getByText(`9: organ ${HOSTILE}`).waitFor();
  await mustBeSound(page, 'a seat kept back');
  await (await button(page, 'sure.undo')).click();
  await seat(customer, '9').and(customer.locator('.is-free')).waitFor();
  assert.deepEqual(customer.errors, []);
});

test('new prices are asked about, hold for what is not sold yet, and can be taken back', async (t) => {
  const { app, page } = await office(t, '#dates/1');
  const buyer = await app.customer('Buyer');
  await buyer.call('POST', '/reservations', { scheduleId: 1, seats: ['3'] });
  await (await field(page, 'price.all')).fill('70000');
  await (await button(page, 'price.begin')).click();
  assert.match(await page.getByRole('dialog').textContent(), /All seats: 50,000 points → 70,000 points.*The new price applies to 49 unsold seats/);
  await mustBeSound(page, 'before prices change');
  await agree(page, 'price.do');
  await page.locator('.passing', { hasText: 'The prices are changed.' }).waitFor();
  assert.equal((await seats(app, 1))[0].price, 70_000);
  assert.equal((await buyer.call('GET', '/reservations')).reservations[0].amount, 50_000);
  await (await button(page, 'sure.undo')).click();
  await page.locator('.passing', { hasText: 'Taken back.' }).waitFor();
  assert.equal((await seats(app, 1))[0].price, 50_000);
});

test('the sale is closed and opened again, times move, and the table of tickets comes down with Korean text intact', async (t) => {
  const { app, page } = await office(t, '#dates/1', { language: 'ko' });
  const buyer = await app.customer('김민지 =1+1');
  await buyer.call('POST', `/users/${buyer.userId}/balance/top-ups`, { amount: 50_000 });
  const held = await buyer.call('POST', '/reservations', { scheduleId: 1, seats: ['3'] });
  await buyer.call('POST', '/payments', { reservationId: held.reservationId, amount: held.amount });
  await (await button(page, 'sales.again')).click();
  await page.locator('td', { hasText: '50,000포인트' }).waitFor();
  await (await button(page, 'date.closeNow')).and(page.locator('.danger')).click();
  assert.match(await page.getByRole('dialog').textContent(), /남은 4\d석은 더 이상 판매하지 않습니다/);
  await agree(page, 'date.closeNow');
  await page.locator('h1 .tag', { hasText: await text(page, 'sale.over') }).waitFor();
  await (await button(page, 'sure.undo')).click();
  await page.locator('h1 .tag', { hasText: await text(page, 'sale.on') }).waitFor();
  await page.getByText(await text(page, 'date.edit')).click();
  await (await field(page, 'date.refund')).fill('24');
  await (await button(page, 'form.save')).click();
  await page.getByText(await text(page, 'date.refundSays', { n: 24 })).waitFor();
  const [file] = await Promise.all([page.waitForEvent('download'), (await button(page, 'sales.csv')).click()]);
  const table = readFileSync(await file.path(), 'utf8');
  assert.match(file.suggestedFilename(), /^sales-.*\.csv$/);
  assert.match(table, /김민지 =1\+1/);
});

test('a page sends only what its user changed: a moved date takes the end of its sale along, and what others wrote stays', async (t) => {
  const { app, page } = await office(t, '#dates/1');
  const sent = [];
  page.on('request', (request) => { if (request.method() === 'PATCH') sent.push(request.postDataJSON()); });
  await page.getByText(await text(page, 'date.edit')).click();
  await (await field(page, 'date.startsAt')).fill('2099-06-01T20:00');
  await (await button(page, 'form.save')).click();
  await page.locator('main h1', { hasText: '2099' }).waitFor();
  const moved = await app.staff('GET', '/schedules/1');
  assert.deepEqual(sent, [{ startsAt: '2099-06-01T20:00' }]);
  assert.equal(moved.saleClosesAt, moved.startsAt, 'the sale still closes with the start');

  await page.goto(`${app.url}/staff#concerts/1`);
  await page.getByText(await text(page, 'concert.edit')).click();
  await app.staff('PATCH', '/concerts/1', { title: 'Changed meanwhile' });
  await (await field(page, 'concert.venue')).fill('Small Hall');
  await (await button(page, 'form.save')).click();
  await page.locator('h1', { hasText: 'Changed meanwhile' }).waitFor();
  await page.getByText('Small Hall').first().waitFor();
  assert.deepEqual(sent.slice(1), [{ venue: 'Small Hall' }]);
});

test('clocks put back: an untouched time of the hour that comes twice is saved; a new one is asked about, also for the opening', async (t) => {
  const { app, page } = await office(t, '#dates/1', { flags: ['--time-zone', 'Europe/Vienna'] });
  const twice = ['2099-10-25T00:30:00.000Z', '2099-10-25T01:30:00.000Z']; // both are 02:30 there
  await app.staff('PATCH', '/schedules/1', { startsAt: '2099-12-01T18:00:00.000Z', saleOpensAt: twice[0] });
  await page.reload();
  const edit = async () => { await settled(page); await page.getByText(await text(page, 'date.edit')).click(); };
  const opens = async () => (await app.staff('GET', '/schedules/1')).saleOpensAt;
  await edit();
  await (await field(page, 'date.refund')).fill('48');
  await (await button(page, 'form.save')).click();
  await page.getByText(await text(page, 'date.refundSays', { n: 48 })).waitFor();
  assert.equal(await opens(), twice[0]);

  await edit();
  const at = await field(page, 'date.saleOpensAt');
  await at.fill('2099-03-29T02:30');
  await (await button(page, 'form.save')).click();
  await page.locator('.fault:visible', { hasText: 'put forward' }).waitFor();
  await at.fill('2099-10-25T02:45');
  await (await button(page, 'form.save')).click();
  await page.getByRole('dialog').waitFor();
  await mustBeSound(page, 'which of the two');
  await page.keyboard.press('Escape');
  await page.locator('.fault:visible', { hasText: 'comes twice' }).waitFor();
  assert.equal(await opens(), twice[0], 'nobody chose');
  await (await button(page, 'form.save')).click();
  // The word of the first save may still be there: the answer of this one tells.
  const saved = page.waitForResponse((answer) => answer.request().method() === 'PATCH' && answer.ok());
  await page.getByRole('dialog').getByRole('button', { name: 'The second (GMT+1)' }).click();
  await saved;
  assert.equal(await opens(), '2099-10-25T01:45:00.000Z');

  await goTo(page, 'evening');
  const opening = await field(page, 'opening.at');
  await opening.fill('2099-03-29T02:30');
  await (await button(page, 'opening.begin')).click();
  await page.locator('.fault:visible', { hasText: 'put forward' }).waitFor();
  await opening.fill('2099-10-25T02:30');
  await (await button(page, 'opening.begin')).click();
  await page.getByRole('dialog').getByRole('button', { name: 'The first (GMT+2)' }).click();
  await agree(page, 'opening.do');
  await page.locator('main > .note', { hasText: 'with a draw' }).waitFor();
  assert.equal((await app.staff('GET', '/queue')).opensAt, twice[0]);
});

test('a start that is over already is asked about', async (t) => {
  const { app, page } = await office(t, '#dates/new/1', { language: 'ko' });
  await (await field(page, 'date.startsAt')).fill('2020-04-03T19:00');
  await (await button(page, 'date.make', { n: 50 })).click();
  await page.getByRole('dialog', { name: await text(page, 'date.pastTitle') }).waitFor();
  await mustBeSound(page, 'a start that is over');
  await agree(page, 'sure.back');
  assert.equal((await app.staff('GET', '/concerts/1/schedules')).schedules.length, 2);
});

test('a cancelled date is asked about in numbers and in writing, and refunds everybody', async (t) => {
  const { app, page } = await office(t, '#dates/1');
  const buyers = [];
  for (const label of ['1', '2', '3']) {
    const buyer = await app.customer(`Buyer ${label}`);
    await buyer.call('POST', `/users/${buyer.userId}/balance/top-ups`, { amount: 50_000 });
    const held = await buyer.call('POST', '/reservations', { scheduleId: 1, seats: [label] });
    await buyer.call('POST', '/payments', { reservationId: held.reservationId, amount: held.amount });
    buyers.push({ ...buyer, ...held });
  }
  await app.staff('POST', '/sales', { scheduleId: 1, seats: ['4'], method: 'CASH' });
  const agreed = await field(page, 'cancel.type', { word: 'cancel' });
  const go = await button(page, 'cancel.do', { n: 4, amount: '200,000 points' });
  const money = page.getByText(/taken in money at the counter: Cash 50,000/);
  await agreed.fill('cancel');
  await go.waitFor();
  await page.getByText(/refunds 4 bookings \(4 seats\) 200,000 points in all/).waitFor();
  await money.waitFor();
  await mustBeSound(page, 'before a date is cancelled');
  await agreed.fill('cancle');
  await go.waitFor({ state: 'detached' });
  await agreed.fill('Cancel');
  await go.click();
  await page.getByText(/All 4 bookings were refunded/).waitFor();
  await money.waitFor();
  await page.locator('h1 .tag', { hasText: 'cancelled' }).waitFor();
  assert.equal(await (await field(page, 'price.all')).count(), 0, 'nothing is sold any more');
  await mustBeSound(page, 'a cancelled date');
  for (const { reservationId } of buyers) assert.equal((await app.staff('GET', `/reservations/${reservationId}`)).status, 'REFUNDED');
});

test('each role sees its own places and no others, whatever the address says', async (t) => {
  const { app, page } = await office(t, '', { language: 'ko' });
  const parts = () => page.locator('header .part[href^="/staff#"]').allTextContents();
  assert.deepEqual(await parts(), ['오늘 현황', '공연과 일정', '창구', '입장 확인', '직원 키', '공연장 설정']);
  await goTo(page, 'keys');
  await (await field(page, 'keys.name')).fill(`문 ${HOSTILE}`);
  await (await field(page, 'keys.role')).selectOption('door');
  await (await button(page, 'keys.make')).click();
  const key = await page.locator('dialog code').textContent();
  await mustBeSound(page, 'a new staff key');
  await agree(page, 'keys.given');
  await (await button(page, 'keys.revokeOne', { name: `문 ${HOSTILE}` })).waitFor();
  await mustBeSound(page, 'the staff keys');
  const { key: counter } = await app.staff('POST', '/keys', { name: 'Counter', role: 'counter' });

  const other = await openPage(browser, app, { path: null, language: 'ko', expected: REFUSED });
  t.after(() => other.context().close());
  const theirs = () => other.locator('header .part[href^="/staff#"]').allTextContents();
  await signIn(other, app, counter, '#evening');
  assert.deepEqual(await theirs(), ['창구', '입장 확인']);
  await other.getByRole('heading', { level: 1, name: '창구' }).waitFor();
  await (await button(other, 'staff.signOut')).click();
  await (await field(other, 'staff.key')).fill('nobody’s key');
  await (await button(other, 'staff.enter')).click();
  await other.getByText(await text(other, 'staff.wrongKey')).waitFor();
  await mustBeSound(other, 'a wrong key');
  await signIn(other, app, key, '#keys');
  assert.deepEqual(await theirs(), ['입장 확인']);

  await (await button(page, 'keys.revokeOne', { name: `문 ${HOSTILE}` })).click();
  await agree(page, 'keys.revoke');
  await (await link(other, 'door.openOne')).first().click();
  await other.getByText(await text(other, 'staff.keyOver')).waitFor();
  assert.equal(await other.evaluate(() => sessionStorage.getItem('boxoffice.staffKey')), null);
  await settled(page);
});

test('the map and the table of a date go on by themselves while customers buy', async (t) => {
  const { app, page } = await office(t, '#dates/1');
  await page.locator('.map .seat').first().waitFor();
  const buyer = await app.customer('Buyer');
  await buyer.call('POST', `/users/${buyer.userId}/balance/top-ups`, { amount: 50_000 });
  const held = await buyer.call('POST', '/reservations', { scheduleId: 1, seats: ['3'] });
  await page.locator('.map .seat.is-held[data-seat="3"]').waitFor();
  await buyer.call('POST', '/payments', { reservationId: held.reservationId, amount: held.amount });
  await page.locator('.map .seat.is-sold[data-seat="3"]').waitFor();
  await page.locator('td', { hasText: '50,000 points' }).waitFor();
  await mustBeSound(page, 'a date in sale');
});

test('what was made by mistake is deleted; what was ever held is refused in words of the page', async (t) => {
  const { app, page } = await office(t, '#dates/2', { language: 'ko' });
  await (await button(page, 'remove.begin')).click();
  await mustBeSound(page, 'before a date is deleted');
  await agree(page, 'remove.do');
  await page.waitForURL(/#concerts\/1$/);
  await assert.rejects(app.staff('GET', '/schedules/2'), /404/);
  const buyer = await app.customer('Buyer');
  await buyer.call('POST', '/reservations', { scheduleId: 1, seats: ['3'] });
  await settled(page);
  await (await button(page, 'remove.begin')).click();
  await agree(page, 'remove.do');
  await page.getByRole('dialog').getByText('한 좌석이라도 선택되거나 팔린 적이 있어 삭제할 수 없습니다').waitFor();
  await page.keyboard.press('Escape');
  assert.equal((await app.staff('GET', '/concerts')).concerts.length, 1);
});
