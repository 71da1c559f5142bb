// The staff's hand on the line, seen at a customer's page: pause, limits,
// a message, letting in, a guest, a revoked token.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { Ends, PHONE, mustBeSound, openApp, openBrowser, openPage } from './rig.mjs';
import { agree, button, field, link, signIn, text } from './staff_steps.mjs';
import { joinLine, letIn, toSeats } from './steps.mjs';

const ends = new Ends();
const browser = await openBrowser(ends);
after(() => ends.end());

/** Staff at their evening view, one customer inside and one whose page waits behind another. */
async function evening(t, options = {}) {
  const app = await openApp(t, ['--max-active', '1']);
  await app.customer('Inside');
  const before = await app.customer('Before');
  const kim = await openPage(browser, app, { size: PHONE, expected: /status of 401/ });
  await joinLine(kim, app);
  await kim.locator('progress').waitFor();
  const staff = await openPage(browser, app, { path: null, ...options });
  await signIn(staff, app);
  t.after(() => Promise.all([kim.context().close(), staff.context().close()]));
  return { app, kim, staff, before };
}

const tile = (page, nth) => page.locator('.tile dd').nth(nth);
const says = (page, text) => page.locator('.passing', { hasText: text }).waitFor();

test('pause, its undo, and a message reach those who wait', async (t) => {
  const { kim, staff } = await evening(t);
  await tile(staff, 0).filter({ hasText: '2' }).waitFor();
  await (await button(staff, 'letting.pause.do')).and(staff.locator('.danger')).click();
  await kim.locator('.note.warn').waitFor();
  await staff.locator('main > .note', { hasText: 'The line is paused' }).waitFor();
  await (await button(staff, 'sure.undo')).click();
  await kim.locator('.note.warn').waitFor({ state: 'detached' });

  await (await field(staff, 'message.ko')).fill('곧 시작합니다 <img src=x onerror=alert(1)>');
  await (await field(staff, 'message.en')).fill('We begin soon <img src=x onerror=alert(1)>');
  await (await button(staff, 'message.begin')).click();
  await agree(staff, 'message.do');
  await kim.getByText('We begin soon <img src=x onerror=alert(1)>').waitFor();
  await (await button(staff, 'message.drop')).click();
  await kim.getByText('We begin soon').waitFor({ state: 'detached' });
  await mustBeSound(staff, 'the evening');
  assert.deepEqual(kim.errors, []);
});

test('a limit is asked about with its consequence, lets in those it makes room for, and can be taken back', async (t) => {
  const { app, kim, staff } = await evening(t);
  await (await field(staff, 'limits.maxActive')).fill('3');
  await (await button(staff, 'limits.begin')).click();
  const said = await staff.getByRole('dialog').textContent();
  assert.match(said, /Booking at once: 1 → 3/);
  assert.match(said, /Then 2 more people are admitted at once/);
  await agree(staff, 'limits.do');
  await kim.locator('.map .seat').first().waitFor();
  await tile(staff, 1).filter({ hasText: '3' }).waitFor();
  await (await button(staff, 'sure.undo')).click();
  await says(staff, 'Taken back');
  assert.equal((await app.staff('GET', '/queue')).maxActive, 1);
});

test('letting in by hand, a guest to the front and a revoked token do what was said', async (t) => {
  const { app, kim, staff, before } = await evening(t);
  await (await field(staff, 'people.name')).fill('kim');
  await (await button(staff, 'people.find')).click();
  await (await button(staff, 'guest.one', { name: 'Kim' })).click();
  await agree(staff, 'guest.do');
  await kim.locator('.ahead', { hasText: /next/i }).waitFor();
  await (await field(staff, 'letIn.count')).fill('1');
  await (await button(staff, 'letIn.begin')).click();
  assert.match(await staff.getByRole('dialog').textContent(), /Of 2 waiting the first 1 is admitted.*it would be 2. The limit is 1/);
  await agree(staff, 'letIn.do', { n: 1 });
  await kim.locator('.map .seat').first().waitFor();
  await (await button(staff, 'revoke.one', { name: 'Kim' })).click();
  await agree(staff, 'revoke.do');
  await says(staff, 'The booking of Kim is ended');
  const { status } = await before.call('GET', '/queue/token');
  assert.equal(status, 'WAITING', 'the one inside still fills the one place');
  await staff.locator('.news li', { hasText: 'ended by staff' }).waitFor();
  assert.equal((await app.staff('GET', '/queue')).waiting, 1);
});

test('the opening is asked about, shown, and a draw that is due is told', async (t) => {
  const app = await openApp(t);
  const staff = await openPage(browser, app, { path: null, language: 'ko' });
  t.after(() => staff.context().close());
  await signIn(staff, app);
  await (await field(staff, 'opening.at')).fill('2099-12-31T19:00');
  await (await button(staff, 'opening.begin')).click();
  assert.match(await staff.getByRole('dialog').textContent(), /2099년 12월 31일.*오후\s7:00.*아무도 예매할 수 없습니다/);
  await agree(staff, 'opening.do');
  await staff.locator('main > .note', { hasText: '추첨으로 순서를 정하고' }).waitFor();
  assert.equal((await app.staff('GET', '/queue')).opensAt, '2099-12-31T10:00:00.000Z', 'by the clocks of the venue');
  await (await button(staff, 'opening.drop')).click();
  await agree(staff, 'opening.drop');
  await staff.locator('main > .note', { hasText: '열려 있습니다' }).waitFor();
  await mustBeSound(staff, 'the opening');
});

test('what is sold shows up by itself: figures of the date, the chart, the news', async (t) => {
  const app = await openApp(t);
  const staff = await openPage(browser, app, { path: null });
  t.after(() => staff.context().close());
  await signIn(staff, app);
  const buyer = await app.customer('Buyer');
  await buyer.call('POST', `/users/${buyer.userId}/balance/top-ups`, { amount: 100_000 });
  const held = await buyer.call('POST', '/reservations', { scheduleId: app.scheduleIds[0], seats: ['7', '8'] });
  await buyer.call('POST', '/payments', { reservationId: held.reservationId, amount: held.amount });
  await staff.locator('.news li', { hasText: '2 seats sold: seat 7, seat 8' }).waitFor();
  const row = staff.locator('tbody tr').first();
  await row.filter({ hasText: '100,000 points' }).waitFor();
  assert.deepEqual(await row.locator('td').allTextContents(), ['2', '0', '48', '100,000 points']);
  await staff.reload();
  await staff.getByRole('img', { name: 'Seats sold each minute · 2 in all' }).waitFor();
  await mustBeSound(staff, 'the evening after a sale');
});

test('news: what happened names its concert and date, and the customer whom staff had to do with', async (t) => {
  const app = await openApp(t);
  const { concertId, scheduleId } = await app.concert({ title: 'Summer', layout: { numbered: { count: 20, price: 40_000 } } });
  const { scheduleId: mistaken } = await app.staff('POST', `/concerts/${concertId}/schedules`, { startsAt: '2099-06-01T19:00:00+09:00', layout: { numbered: { count: 5, price: 1 } } });
  const kim = await app.customer('Kim Minji');
  const staff = await openPage(browser, app, { path: null });
  t.after(() => staff.context().close());
  await signIn(staff, app);
  const news = (words, about) => staff.locator('.news li', { hasText: words }).filter({ hasText: about }).waitFor();
  const day = /Summer · \w+ \d+ \w+/;
  await app.staff('PATCH', `/schedules/${scheduleId}`, { refundUntilHours: 24 });
  await news('A date was changed.', day);
  await app.staff('DELETE', `/schedules/${mistaken}`);
  await news('A date was deleted.', /Summer · .*2099/);
  await kim.call('POST', '/reservations', { scheduleId, seats: ['3'] });
  await news('1 seat held: seat 3', day);
  await app.staff('PATCH', `/concerts/${concertId}`, { title: 'Summer Night' });
  await news('What is said of a concert was changed.', 'Summer Night');
  await app.staff('PUT', `/users/${kim.userId}/ban`, { banned: true });
  await news('A customer was banned.', 'Kim Minji');
  await mustBeSound(staff, 'news that name what they are about');
});

test('two on-sales: a concert with a line of its own stops nobody who comes for another', async (t) => {
  const app = await openApp(t);
  const summer = await app.concert({ title: 'Summer', layout: { numbered: { count: 20, price: 40_000 } } });
  const staff = await openPage(browser, app, { path: null });
  const kim = await openPage(browser, app, { size: PHONE });
  t.after(() => Promise.all([kim.context().close(), staff.context().close()]));
  await signIn(staff, app, app.staffKey, `#concerts/${summer.concertId}`);
  await (await button(staff, 'ownLine.make.begin')).click();
  await agree(staff, 'ownLine.make.do');
  await (await link(staff, 'ownLine.steer')).click();
  const ofSummer = staff.locator('tr', { hasText: 'Summer' }).first();
  await ofSummer.getByRole('button').click();
  await (await button(staff, 'letting.pause.do')).click();
  await ofSummer.getByText(await text(staff, 'lines.paused')).waitFor();

  await joinLine(kim, app, { concertId: summer.concertId });
  await kim.locator('.note.warn').waitFor();
  await ofSummer.locator('td', { hasText: '1' }).first().waitFor();
  await toSeats(kim, app); // the line that all others share is open
  await kim.goto(`${app.url}/#/concerts/${summer.concertId}/dates/${summer.scheduleId}`);
  await kim.locator('.note.warn').waitFor(); // the place there is kept
  await (await button(staff, 'letting.resume.do')).click();
  await agree(staff, 'letting.resume.do');
  await letIn(kim);
  await mustBeSound(staff, 'the lines beside each other');
  assert.deepEqual([...kim.errors, ...staff.errors], []);
});
