// What staff type is not lost: in another language, elsewhere and back, in a tab that is loaded anew. And a new date in
// few steps: aisles, rows that begin elsewhere, a copy with further days.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { Ends, PHONE, mustBeSound, openApp, openBrowser, openPage } from './rig.mjs';
import { button, choice, field, goTo, link, settled, signIn, text } from './staff_steps.mjs';

const ends = new Ends();
const browser = await openBrowser(ends);
after(() => ends.end());

async function office(t, part, options = {}) {
  const app = await openApp(t);
  const page = await openPage(browser, app, { path: null, expected: /status of 4\d\d/, ...options });
  t.after(() => page.context().close());
  await signIn(page, app, app.staffKey, part);
  return { app, page };
}

const datesOf = async (app, concertId = 1) => (await app.staff('GET', `/concerts/${concertId}/schedules`)).schedules;
const seatsOf = async (app, scheduleId) => (await app.staff('GET', `/schedules/${scheduleId}/seats`)).seats;

test('a draft of a date survives the other language, other pages and a reload, and goes once it is sent', async (t) => {
  const { app, page } = await office(t, '#dates/new/1', { language: 'ko', size: PHONE });
  await (await field(page, 'date.startsAt')).fill('2099-04-03T19:00');
  await (await choice(page, 'layout.sections')).check();
  await (await button(page, 'layout.addSection')).click();
  await page.locator('.map .seat').first().focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Space');
  const mustBeThere = async () => {
    await page.locator('.note', { hasText: await text(page, 'form.draft').then(({ source }) => new RegExp(source.slice(1, -1))) }).waitFor();
    assert.equal(await (await field(page, 'date.startsAt')).inputValue(), '2099-04-03T19:00');
    assert.equal(await page.locator('fieldset.block').count(), 2);
    await (await button(page, 'date.make', { n: 99 })).waitFor();
  };
  await page.getByRole('button', { name: 'English' }).click();
  await mustBeThere();
  await mustBeSound(page, 'a draft');
  await goTo(page, 'counter');
  await page.goto(`${app.url}/staff#dates/new/1`);
  await settled(page);
  await mustBeThere();
  const asked = new Promise((resolve) => { page.once('dialog', (dialog) => { resolve(dialog.type()); dialog.accept(); }); });
  await page.locator('h1').click();
  await page.reload();
  assert.equal(await asked, 'beforeunload', 'the browser asks before a changed form is closed');
  await settled(page);
  await mustBeThere();
  await (await button(page, 'date.make', { n: 99 })).click();
  await page.locator('main h1', { hasText: '2099' }).waitFor();
  await page.goto(`${app.url}/staff#dates/new/1`);
  await (await button(page, 'date.make', { n: 50 })).waitFor();
  assert.equal(await page.locator('form.changed').count(), 0);
});

test('a draft of a concert is kept, can be thrown away, and does not outlive signing out', async (t) => {
  const { page } = await office(t, '#concerts/new');
  await (await field(page, 'concert.title')).fill('Winter');
  await page.getByRole('button', { name: '한국어' }).click();
  assert.equal(await (await field(page, 'concert.title')).inputValue(), 'Winter');
  await (await button(page, 'form.anew')).click();
  await page.locator('form:not(.changed)').waitFor();
  assert.equal(await (await field(page, 'concert.title')).inputValue(), '');
  await (await field(page, 'concert.title')).fill('Winter');
  await (await button(page, 'staff.signOut')).click();
  assert.equal(await page.evaluate(() => sessionStorage.getItem('boxoffice.drafts')), null);
});

test('an aisle: 400 seats with two aisles in seven acts, and the numbers go on without a gap', async (t) => {
  const { app, page } = await office(t, '#dates/new/1', { size: { width: 1366, height: 768 } });
  let acts = 0;
  const act = async (name, value) => { acts += 1; await page.locator('input:not([type=radio])').and(await field(page, name)).fill(value); };
  await act('date.startsAt', '2099-04-03T19:00');
  await act('layout.rowCount', '20');
  await act('layout.seatCount', '20');
  await act('layout.price', '30000');
  await act('layout.aisles', '5, 15');
  acts += 1;
  await (await button(page, 'date.make', { n: 400 })).click();
  await page.locator('main h1', { hasText: '2099' }).waitFor();
  assert.ok(acts < 10);
  const { scheduleId } = (await datesOf(app)).at(-1);
  const row = (await seatsOf(app, scheduleId)).slice(0, 20);
  assert.deepEqual(row.map(({ number }) => number), Array.from({ length: 20 }, (_, at) => String(at + 1)));
  assert.deepEqual(row.slice(1).map(({ x }, at) => x - row[at].x), Array.from({ length: 19 }, (_, at) => ([4, 14].includes(at) ? 2 : 1)));
});

test('rows begin elsewhere, and none that nobody named is called as a section is', async (t) => {
  const { app, page } = await office(t, '#dates/new/1');
  await (await field(page, 'date.startsAt')).fill('2099-04-03T19:00');
  await (await choice(page, 'layout.sections')).check();
  await (await button(page, 'layout.addSection')).click();
  const block = (n) => page.getByRole('group', { name: `Section ${n}` });
  const fill = async (n, key, value) => block(n).getByLabel(await text(page, key)).fill(value);
  await fill(1, 'layout.rowCount', '20');
  await fill(1, 'layout.seatCount', '2');
  await fill(2, 'layout.first', '?');
  await block(2).locator('.fault:visible').waitFor();
  await fill(2, 'layout.first', '가');
  await fill(2, 'layout.rowCount', '2');
  await fill(2, 'layout.from', '101');
  await mustBeSound(page, 'rows that begin elsewhere');
  await (await button(page, 'date.make', { n: 60 })).click();
  await page.locator('main h1', { hasText: '2099' }).waitFor();
  const all = await seatsOf(app, (await datesOf(app)).at(-1).scheduleId);
  const rows = (section) => [...new Set(all.filter((seat) => seat.section === section).map(({ row }) => row))].join('');
  assert.equal(rows('R'), 'ABCDEFGHIJKLMNOPQTUV');
  assert.equal(rows('S'), '가나');
  assert.equal(all.at(-1).seat, '나-110');
});

test('a copied date takes seats, prices and times along, on several days at once', async (t) => {
  const { app, page } = await office(t, '#concerts', { language: 'ko', size: PHONE });
  const { concertId, scheduleId } = await app.concert({
    title: '봄', startsAt: '2099-05-02T10:00:00.000Z', saleClosesAt: '2099-05-02T09:00:00.000Z', refundUntilHours: 24,
    layout: { seats: [{ seat: 'A-1', section: 'R', row: 'A', number: '1', price: 9000, x: 1, y: 1 }, { seat: 'A-2', section: 'R', row: 'A', number: '2', price: 9000, x: 3, y: 1 }, { seat: 'B-1', section: 'S', row: 'B', number: '1', price: 5000, x: 1, y: 2 }] },
  });
  await page.goto(`${app.url}/staff#dates/${scheduleId}`);
  await settled(page);
  await (await link(page, 'date.copy')).click();
  await page.getByRole('heading', { name: await text(page, 'date.copyOf') }).waitFor();
  assert.equal(await (await field(page, 'date.startsAt')).inputValue(), '2099-05-03T19:00');
  await page.getByLabel('S', { exact: true }).fill('6000');
  await (await button(page, 'date.addDay')).click();
  await (await button(page, 'date.addDay')).click();
  await page.getByRole('button', { name: await text(page, 'date.dropDay') }).last().click();
  await (await field(page, 'date.day', { n: 2 })).fill('2099-05-10');
  await mustBeSound(page, 'a copy');
  await (await button(page, 'date.makeMore', { n: 3, days: 2 })).click();
  await page.locator('main h1', { hasText: '봄' }).waitFor();
  const made = (await datesOf(app, concertId)).filter((date) => date.scheduleId !== scheduleId);
  assert.deepEqual(made.map(({ startsAt, saleClosesAt, refundUntilHours }) => [startsAt, saleClosesAt, refundUntilHours]),
    [['2099-05-03T10:00:00.000Z', '2099-05-03T09:00:00.000Z', 24], ['2099-05-10T10:00:00.000Z', '2099-05-10T09:00:00.000Z', 24]]);
  const strip = ({ seat, section, row, number, price, x, y }) => ({ seat, section, row, number, price, x, y });
  const first = (await seatsOf(app, scheduleId)).map(strip);
  first[2].price = 6000;
  for (const { scheduleId: id } of made) assert.deepEqual((await seatsOf(app, id)).map(strip), first);

  // Another concert with the same seats, and the times that were typed here.
  await page.goto(`${app.url}/staff#dates/new/${app.concertId}`);
  await settled(page);
  await (await field(page, 'date.startsAt')).fill('2099-07-01T19:00');
  await (await field(page, 'date.like')).selectOption('봄 · Main Hall');
  await page.getByRole('heading', { name: await text(page, 'date.newOf') }).waitFor();
  await (await button(page, 'date.make', { n: 3 })).click();
  await page.locator('main h1', { hasText: '2099' }).waitFor();
  const alike = (await datesOf(app)).find(({ startsAt }) => startsAt === '2099-07-01T10:00:00.000Z');
  assert.deepEqual((await seatsOf(app, alike.scheduleId)).map(({ seat }) => seat), ['A-1', 'A-2', 'B-1']);
});
