// Ten tasks of somebody who helps out for the first time, each from the page after signing in, by the pages alone.
// Every press, every field and every choice is counted; README.md beside this has the table, and how many they were
// before.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { mustBeSound, openApp, openBrowser, openPage } from './rig.mjs';
import { button, field, link, settled, signIn, text } from './staff_steps.mjs';

const SOON_MS = 3 * 3_600_000;
const ROWS = { sections: [{ name: 'R', price: 50_000, rows: ['A', 'B', 'C'].map((row) => ({ row, count: 12 })) }] };

/** The steps of a person on a page, counted. */
class Steps {
  constructor(page) {
    Object.assign(this, { page, n: 0 });
  }

  async press(place) {
    this.n += 1;
    await (await place).click();
  }

  async pressIn(place, key, values) {
    await this.press(place.getByRole('button', { name: await text(this.page, key, values) }));
  }

  async type(place, value) {
    this.n += 1;
    await (await place).fill(value);
  }

  async enter() {
    this.n += 1;
    await this.page.keyboard.press('Enter');
  }

  async part(name) {
    await this.press(link(this.page, `part.${name}`));
    await settled(this.page);
  }
}

/** What a task needs: a venue with a date this evening, and tickets that Kim has for B-7 and B-8. */
async function venueOf(app) {
  const startsAt = new Date(Date.now() + SOON_MS).toISOString();
  const made = await app.concert({ title: 'Voices', layout: ROWS, startsAt });
  const kim = await app.customer('Kim Minji');
  await kim.call('POST', `/users/${kim.userId}/balance/top-ups`, { amount: 200_000 });
  const held = await kim.call('POST', '/reservations', { scheduleId: made.scheduleId, seats: ['B-7', 'B-8'] });
  const paid = await kim.call('POST', '/payments', { reservationId: held.reservationId, amount: held.amount });
  const lost = await app.staff('POST', '/keys', { name: 'Lost phone', role: 'door' });
  return { ...made, number: paid.tickets[1].number, lost, reservationId: held.reservationId };
}

const dialog = (page) => page.getByRole('dialog');
const typed = async (page, key) => page.locator('input:not([type=radio])').and(await field(page, key));
const toDate = async (s, page) => {
  await s.press(page.locator('.wide-table').getByRole('link', { name: 'Voices' }).first());
  await page.locator('.map .seat').first().waitFor();
};

/** The page of a date that was made: the form before it draws its seats too, but cancels nothing. */
const toCancel = async (page) => field(page, 'cancel.type', { word: await wordOf(page) });
const onDate = async (page, seats) => {
  await (await toCancel(page)).waitFor();
  await page.locator('.map .seat').nth(seats - 1).waitFor();
};

/** Each task, and after how many steps it is done. */
const TASKS = [
  ['a concert with 400 seats and two aisles', async (s, page, app) => {
    await s.part('concerts');
    await s.press(link(page, 'concert.new'));
    await s.type(field(page, 'concert.title'), 'Autumn');
    await s.press(button(page, 'concert.make'));
    await s.type(field(page, 'date.startsAt'), '2099-04-03T19:00');
    for (const [key, value] of [['layout.rowCount', '20'], ['layout.seatCount', '20'], ['layout.aisles', '5, 15']]) await s.type(typed(page, key), value);
    await s.press(button(page, 'date.make', { n: 400 }));
    await onDate(page, 400);
    assert.equal((await app.staff('GET', '/concerts')).concerts.at(-1).title, 'Autumn');
  }],
  ['a second date', async (s, page, app, { concertId }) => {
    await toDate(s, page);
    await s.press(link(page, 'date.copy'));
    await s.press(button(page, 'date.make', { n: 36 }));
    await onDate(page, 36);
    assert.equal((await app.staff('GET', `/concerts/${concertId}/schedules`)).schedules.length, 2);
  }],
  ['selling to a walk-up', async (s, page) => {
    await s.part('counter');
    await s.press(link(page, 'seatSale.begin'));
    await s.press((await link(page, 'seatSale.chooseOne')).first());
    await s.press(page.locator('.map .seat[data-seat="A-5"]'));
    await s.press(button(page, 'seatSale.do'));
    await page.locator('.stub img').first().waitFor();
    await page.evaluate(() => { globalThis.print = () => { globalThis.printed = true; }; });
    await s.enter(); // the button that prints has the focus
    await page.waitForFunction(() => globalThis.printed);
  }],
  ['who sits on B-7', async (s, page) => {
    await toDate(s, page);
    await s.press(page.locator('.map .seat[data-seat="B-7"]'));
    await dialog(page).getByText('Kim Minji').waitFor();
  }],
  ['refunding one of two seats', async (s, page, app, { reservationId }) => {
    await toDate(s, page);
    await s.press(page.locator('.map .seat[data-seat="B-7"]'));
    await s.pressIn(dialog(page), 'seatSale.toHolder');
    await s.press(button(page, 'giveBack.begin'));
    await s.press(dialog(page).locator('[data-seat="B-8"]'));
    await s.pressIn(dialog(page), 'giveBack.do');
    await page.locator('.big', { hasText: '150,000' }).waitFor();
    assert.deepEqual((await app.staff('GET', `/reservations/${reservationId}`)).seats.map(({ seat }) => seat), ['B-8']);
  }],
  ['pausing the line', async (s, page, app) => {
    await s.press(button(page, 'letting.pause.do'));
    await button(page, 'letting.resume.do').then((resume) => resume.waitFor());
    assert.equal((await app.staff('GET', '/queue')).paused, true);
  }],
  ['a message to those who wait', async (s, page, app) => {
    await s.type(field(page, 'message.en'), 'Back in five minutes.');
    await s.press(button(page, 'message.begin'));
    await s.pressIn(dialog(page), 'message.do');
    await button(page, 'message.drop').then((drop) => drop.waitFor());
    assert.equal((await app.staff('GET', '/queue')).message.en, 'Back in five minutes.');
  }],
  ['checking a ticket', async (s, page, app, { number }) => {
    await s.part('door');
    await page.locator('.answer.none').waitFor();
    s.n += 1;
    await page.keyboard.type(number);
    await s.enter();
    await page.locator('.answer.yes').waitFor();
  }],
  ['ending a lost key', async (s, page, app, { lost }) => {
    await s.press(button(page, 'keys.revokeOne', { name: 'Lost phone' }));
    await s.pressIn(dialog(page), 'keys.revoke');
    await page.getByText(await text(page, 'keys.revoked', { name: 'Lost phone' })).waitFor();
    assert.ok((await app.staff('GET', '/keys')).keys.find(({ keyId }) => keyId === lost.keyId).revokedAt);
  }],
  ['cancelling a date', async (s, page, app, { scheduleId }) => {
    await toDate(s, page);
    await s.type(toCancel(page), await wordOf(page));
    await s.press(button(page, 'cancel.do', { n: 1 }));
    await page.getByText(await text(page, 'cancel.settled', { n: 1 })).waitFor();
    assert.ok((await app.staff('GET', `/schedules/${scheduleId}`)).cancelledAt);
  }],
];

const wordOf = async (page) => (await text(page, 'cancel.word')).source.slice(1, -1);

/** The table of README.md: the steps of each task now and before. */
const TABLE = readFileSync(new URL('README.md', import.meta.url), 'utf8').split('\n').flatMap((line) => {
  const [, task, steps, before] = /^\| ([^|]+) \| (\d+) \| (\d+) \|$/.exec(line) ?? [];
  return task ? [{ task, steps: Number(steps), before: Number(before) }] : [];
});

test('ten tasks of a first evening are done by the pages alone, each in as many steps as the table says and fewer than before', async (t) => {
  const browser = await openBrowser(t);
  const app = await openApp(t);
  const venue = await venueOf(app);
  const page = await openPage(browser, app, { path: null, size: { width: 1366, height: 768 } });
  await signIn(page, app);
  const counted = new Map();
  for (const [task, act] of TASKS) {
    await page.goto(`${app.url}/staff`);
    await page.locator('header .part').first().waitFor();
    await settled(page);
    const steps = new Steps(page);
    await act(steps, page, app, venue);
    counted.set(task, steps.n);
    t.diagnostic(`${task}: ${steps.n} steps`);
  }
  await mustBeSound(page, 'after ten tasks');
  assert.deepEqual(new Map(TABLE.map(({ task, steps }) => [task, steps])), counted);
  assert.deepEqual(TABLE.filter(({ steps, before }) => steps >= before), []);
});
