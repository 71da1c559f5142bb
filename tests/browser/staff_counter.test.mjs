// The counter, by clicks and keys: somebody found or made, points sold once however the network is, refunds, a new key.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { Ends, PHONE, mustBeSound, openApp, openBrowser, openPage } from './rig.mjs';
import { agree, button, field, goTo, link, settled, signIn, text } from './staff_steps.mjs';

const HOSTILE = '<img src=x onerror=alert(1)>"\'&';
const ends = new Ends();
const browser = await openBrowser(ends);
after(() => ends.end());

async function counter(t, { flags = [], ...options } = {}) {
  const app = await openApp(t, flags);
  const page = await openPage(browser, app, { path: null, expected: /ERR_FAILED|ERR_INTERNET/, ...options });
  t.after(() => page.context().close());
  const { key } = await app.staff('POST', '/keys', { name: 'Counter 1', role: 'counter' });
  await signIn(page, app, key);
  return { app, page };
}

async function sold(app, name, seats = ['3', '4']) {
  const buyer = await app.customer(name);
  await buyer.call('POST', `/users/${buyer.userId}/balance/top-ups`, { amount: 200_000 });
  const held = await buyer.call('POST', '/reservations', { scheduleId: app.scheduleIds[0], seats });
  await buyer.call('POST', '/payments', { reservationId: held.reservationId, amount: held.amount });
  return { ...buyer, reservationId: held.reservationId };
}

/** The id and the key that are shown this once. */
async function shownKey(page) {
  await page.locator('dialog code').nth(1).waitFor();
  return page.locator('dialog code').allTextContents();
}

async function openUser(page, user) {
  await (await field(page, 'counter.who')).fill(user.userId);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: user.name }).waitFor();
  await settled(page);
}

test('somebody without a phone gets a name, a key shown once, points and a receipt', async (t) => {
  const { app, page } = await counter(t, { language: 'ko', size: PHONE, flags: ['--top-up-policy', 'staff'] });
  await page.getByText(await text(page, 'counter.policy.staff')).waitFor();
  await mustBeSound(page, 'the counter');
  await (await field(page, 'counter.name')).fill(HOSTILE);
  await (await button(page, 'counter.make')).click();
  const [userId, userKey] = await shownKey(page);
  await mustBeSound(page, 'the key, shown once');
  await agree(page, 'userKey.given');
  await page.getByRole('heading', { level: 1, name: HOSTILE }).waitFor();
  const basic = `Basic ${Buffer.from(`${userId}:${userKey}`).toString('base64')}`;
  const balance = async () => (await app.call('GET', `/users/${userId}/balance`, undefined, basic)).balance;
  assert.equal(await balance(), 0);
  await page.getByRole('button', { name: '50,000포인트' }).click();
  await (await button(page, 'sell.begin')).click();
  assert.match(await page.getByRole('dialog').textContent(), /먼저 50,000원을 받으세요/);
  await agree(page, 'sell.do', { amount: '50,000포인트', price: '50,000' });
  await page.locator('.receipt').waitFor();
  await mustBeSound(page, 'the receipt');
  assert.match(await page.locator('.receipt').textContent(), /Counter 1.*50,000포인트/);
  assert.equal(await balance(), 50_000);
  await page.keyboard.press('Enter');
  await page.locator('.big', { hasText: '50,000포인트' }).waitFor();
});

test('a sale whose answer was lost is repeated, over a reload, and sold once', async (t) => {
  const { app, page } = await counter(t);
  const kim = await app.customer('Kim');
  await openUser(page, kim);
  let lost = 0;
  await page.route('**/balance/top-ups', async (route) => {
    await route.fetch().catch(() => {}); // it is done there, and nobody hears of it
    lost += 1;
    await route.abort().catch(() => {});
  });
  await (await field(page, 'sell.amount')).fill('70000');
  await (await button(page, 'sell.begin')).click();
  await agree(page, 'sell.do', { amount: '70,000 points', price: '70,000' });
  await page.getByText(await text(page, 'staff.unreached')).waitFor();
  await page.unroute('**/balance/top-ups');
  await page.reload();
  await page.getByText('A sale of 70,000 points had no answer').waitFor();
  await (await button(page, 'sell.begin')).click();
  await agree(page, 'sell.do', { amount: '70,000 points', price: '70,000' });
  await page.locator('.receipt').waitFor();
  assert.equal(lost, 1);
  assert.equal((await kim.call('GET', `/users/${kim.userId}/balance`)).balance, 70_000);
});

test('a refund says what it costs, gives the points back, frees the seats, and tickets are printed until then', async (t) => {
  const { app, page } = await counter(t, { dark: true });
  const kim = await sold(app, `Kim ${HOSTILE}`);
  await (await field(page, 'counter.who')).fill('onerror');
  await page.keyboard.press('Enter');
  await (await link(page, 'counter.openOne', { name: kim.name })).click();
  await (await link(page, 'user.tickets', { n: 2 })).click();
  await page.locator('.stub img').nth(1).waitFor();
  assert.ok(await page.locator('.stub img').first().evaluate((image) => image.decode().then(() => image.naturalWidth > 0)));
  await mustBeSound(page, 'the tickets');
  await page.emulateMedia({ media: 'print' });
  assert.equal(await page.locator('header').isVisible(), false);
  assert.equal(await page.locator('.stub').first().isVisible(), true);
  await page.emulateMedia({ media: 'screen' });
  await page.goBack();
  await (await button(page, 'giveBack.begin')).click();
  assert.match(await page.getByRole('dialog').textContent(), /gives Kim .* 100,000 points back, makes 2 tickets void and their seats free/);
  await mustBeSound(page, 'the question before a refund');
  await page.keyboard.press('Escape');
  assert.equal((await app.staff('GET', `/reservations/${kim.reservationId}`)).status, 'CONFIRMED', 'asked is not done');
  await (await button(page, 'giveBack.begin')).click();
  await agree(page, 'giveBack.do', { amount: '100,000 points' });
  await page.locator('.big', { hasText: '200,000 points' }).waitFor();
  await page.getByText(await text(page, 'booking.REFUNDED')).waitFor();
  assert.equal((await app.staff('GET', `/schedules/${app.scheduleIds[0]}`)).seatsAvailable, 50);
  await mustBeSound(page, 'after the refund');
});

test('a new key ends the old one; corrections are for who runs the venue, and can be taken back', async (t) => {
  const { app, page } = await counter(t);
  const kim = await app.customer('Kim');
  await openUser(page, kim);
  assert.equal(await page.getByText(await text(page, 'correct.open')).count(), 0, 'not for the counter');
  await (await button(page, 'renew.begin')).click();
  await agree(page, 'renew.do');
  const [, userKey] = await shownKey(page);
  await agree(page, 'userKey.given');
  const token = (key) => app.call('POST', '/queue/tokens', { userId: kim.userId, userKey: key });
  await assert.rejects(token(kim.userKey), /401/);
  await token(userKey);

  await (await button(page, 'staff.signOut')).click();
  await signIn(page, app);
  await goTo(page, 'counter');
  await openUser(page, kim);
  await page.getByText(await text(page, 'correct.open')).click();
  await (await field(page, 'correct.amount')).fill('300');
  await (await field(page, 'correct.reason')).fill('counted wrong');
  await (await button(page, 'correct.do')).click();
  await agree(page, 'correct.do');
  await page.locator('.big', { hasText: '300 points' }).waitFor();
  await (await button(page, 'sure.undo')).click();
  await page.locator('.big', { hasText: /^0 points/ }).waitFor();
});

test('a correction whose answer was lost is booked once, however often it is pressed', async (t) => {
  const { app, page } = await counter(t);
  const kim = await app.customer('Kim');
  await (await button(page, 'staff.signOut')).click();
  await signIn(page, app);
  await goTo(page, 'counter');
  await openUser(page, kim);
  await page.route('**/balance/corrections', async (route) => {
    await route.fetch().catch(() => {}); // it is done there, and nobody hears of it
    await route.abort().catch(() => {});
  });
  const press = async () => {
    await (await field(page, 'correct.amount')).fill('300');
    await (await field(page, 'correct.reason')).fill('counted wrong');
    await (await button(page, 'correct.do')).click();
    await agree(page, 'correct.do');
  };
  await page.getByText(await text(page, 'correct.open')).click();
  await press();
  await page.getByText(await text(page, 'staff.unreached')).waitFor();
  await page.unroute('**/balance/corrections');
  await page.reload();
  await page.getByText(await text(page, 'correct.open')).click();
  await press();
  await (await button(page, 'sure.undo')).waitFor();
  assert.equal((await kim.call('GET', `/users/${kim.userId}/balance`)).balance, 300);
});
