// Small things that a volunteer meets: a slip with a recovery code, a message in one language, sentences where there is
// nobody, a door field that opens no keyboard, tables that go on beyond the edge.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, test } from 'node:test';

import { Ends, PHONE, mustBeSound, openApp, openBrowser, openPage } from './rig.mjs';
import { agree, button, field, link, settled, signIn, text } from './staff_steps.mjs';

const ends = new Ends();
const browser = await openBrowser(ends);
after(() => ends.end());

async function office(t, part, options = {}) {
  const app = await openApp(t);
  const page = await openPage(browser, app, { path: null, expected: /status of 422/, ...options });
  t.after(() => page.context().close());
  await signIn(page, app, app.staffKey, part);
  return { app, page };
}

/** What the QR code of a picture says, as a camera reads it. */
const readCode = (page, picture) => picture.evaluate(async (img) => {
  await img.decode();
  const canvas = Object.assign(document.createElement('canvas'), { width: 320, height: 320 });
  const on = canvas.getContext('2d');
  on.fillStyle = '#fff';
  on.fillRect(0, 0, 320, 320);
  on.drawImage(img, 20, 20, 280, 280);
  const { default: decode } = await import('/assets/qr/decode.js');
  return decode(on.getImageData(0, 0, 320, 320));
});

for (const [language, size] of [['ko', PHONE], ['en', undefined]]) {
  test(`a slip with a recovery code has the address, and a QR code that fills it in on the customer's phone (${language})`, async (t) => {
    const { app, page } = await office(t, '#counter', { language, size });
    await (await field(page, 'counter.name')).fill('Kim');
    await (await button(page, 'counter.make')).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText(`${new URL(app.url).host}/#/key`).waitFor();
    const [userId, userKey] = await dialog.locator('code').allTextContents();
    const address = await readCode(page, dialog.locator('img'));
    assert.equal(address, `${app.url}/#/key/${userId}.${userKey}`);
    await mustBeSound(page, 'a slip');
    const phone = await openPage(browser, app, { language, path: null, size: PHONE });
    t.after(() => phone.context().close());
    await phone.goto(address);
    await phone.locator('#paste').waitFor();
    assert.equal(await phone.locator('#paste').inputValue(), `${userId} ${userKey}`);
    assert.ok(!phone.url().includes(userKey), 'nobody reads it in the address');
    assert.equal(await phone.evaluate(() => localStorage.getItem('boxoffice.me')), null, 'nothing is taken before it was asked for');
    await mustBeSound(phone, 'a code from a slip');
    await phone.locator('form button.main').click();
    await phone.waitForFunction(() => location.hash === '#/tickets');
  });
}

test('a message in one language is shown to everyone, and nobody is said in words', async (t) => {
  const { app, page } = await office(t, '#evening', { language: 'ko' });
  await (await field(page, 'message.ko')).fill('7시에 시작합니다.');
  await (await button(page, 'message.begin')).click();
  await page.getByRole('dialog').getByText('지금은 기다리는 사람이 없습니다. 이제부터 기다리는 사람의 화면에 보입니다.').waitFor();
  await agree(page, 'message.do');
  await page.locator('main > .note', { hasText: '공지: ‘7시에 시작합니다.’' }).waitFor();
  assert.deepEqual((await app.staff('GET', '/queue')).message, { ko: '7시에 시작합니다.', en: '7시에 시작합니다.' });
  await (await button(page, 'letting.pause.do')).click();
  await page.locator('main > .note', { hasText: '대기열을 멈췄습니다. 기다리는 사람은 없습니다.' }).waitFor();
  await mustBeSound(page, 'nobody waits');
});

test('the last hour shows the most that waited in a minute, not those who were left at its end', async (t) => {
  const { app, page } = await office(t, '#keys');
  await app.staff('PATCH', '/queue', { maxActive: 1 });
  const customers = [];
  for (let n = 0; n < 6; n += 1) customers.push(await app.customer(`Customer ${n}`));
  await app.turn(1);
  for (const one of customers.slice(2)) await one.call('DELETE', '/queue/token');
  await page.goto(`${app.url}/staff#evening`);
  await settled(page);
  await page.locator('figcaption', { hasText: /People waiting.* 5 at most/ }).waitFor();
});

test('the door field takes scans without a keyboard on a phone, and typing once it is tapped', async (t) => {
  const { page } = await office(t, '#door/1', { size: PHONE, hasTouch: true, isMobile: true });
  const scan = await field(page, 'door.scan');
  await scan.and(page.locator(':focus')).waitFor();
  assert.equal(await scan.evaluate((input) => input.inputMode), 'none');
  await scan.tap();
  assert.equal(await scan.evaluate((input) => input.inputMode), 'text');
  await scan.and(page.locator(':focus')).waitFor();
  await page.keyboard.type('NOTHING');
  await page.keyboard.press('Enter');
  await page.locator('.answer:not(.none)').waitFor();
  await mustBeSound(page, 'the door on a phone');
});

test('a table that goes on beyond the edge of a phone says so by a shadow and can be moved by keys', async (t) => {
  const { page } = await office(t, '#dates/1', { language: 'ko', size: PHONE });
  const table = page.getByRole('region', { name: await text(page, 'sales.title').then(({ source }) => source.slice(1, -1)) });
  await table.locator('tbody tr').first().waitFor();
  const { wider, shadows } = await table.evaluate((node) => ({ wider: node.scrollWidth > node.clientWidth, shadows: getComputedStyle(node).backgroundAttachment }));
  assert.deepEqual([wider, shadows], [true, 'local, local, scroll, scroll']);
  await table.focus();
  await page.keyboard.press('ArrowRight');
  await page.waitForFunction(() => document.querySelector('.wide-table').scrollLeft > 0);
});

for (const language of ['ko', 'en']) {
  test(`a webhook is added, tested, turned off, changed, sent again and given a new secret, and its page says how it stands (${language})`, async (t) => {
    const receiver = createServer((request, response) => response.writeHead(request.url === '/hooks' ? 204 : 500).end());
    await new Promise((listens) => receiver.listen(0, '127.0.0.1', listens));
    t.after(() => receiver.closeAllConnections() ?? receiver.close());
    const { app, page } = await office(t, '#keys', { language, expected: /status of 4/ });
    await (await link(page, 'keys.webhooks')).click();
    await (await field(page, 'hooks.url')).fill('http://10.0.0.1/');
    await (await button(page, 'hooks.add')).click();
    await page.getByText(await text(page, 'refused.at.url')).waitFor();
    await (await field(page, 'hooks.url')).fill(`http://127.0.0.1:${receiver.address().port}/hooks`);
    await (await button(page, 'hooks.add')).click();
    assert.match(await page.getByRole('dialog').locator('code').textContent(), /^whsec_/);
    await mustBeSound(page, 'a secret of a webhook');
    await agree(page, 'hooks.given');
    const own = page.getByRole('article');
    await own.getByRole('button').first().click();
    await page.getByRole('dialog').getByText(await text(page, 'hooks.outcome.DELIVERED', { status: 204 })).waitFor();
    await page.keyboard.press('Escape');
    await own.getByRole('button').nth(1).click();
    await own.getByText(await text(page, 'hooks.isOff.STAFF')).waitFor();
    await own.getByRole('button').nth(2).click();
    await page.getByRole('dialog').getByRole('combobox').selectOption('single');
    await page.getByRole('checkbox', { name: 'SEATS_SOLD' }).check();
    await page.getByRole('checkbox', { name: 'TICKET_CHECKED_IN' }).check();
    await mustBeSound(page, 'single types of events');
    await agree(page, 'hooks.save');
    await page.getByText(await text(page, 'hooks.changed')).waitFor();
    await own.getByRole('button').nth(3).click();
    await page.getByRole('spinbutton').fill('0');
    await agree(page, 'hooks.replay');
    await page.getByText(await text(page, 'hooks.replayed')).waitFor();
    await own.getByRole('button').nth(4).click();
    await page.getByRole('dialog').getByRole('combobox').selectOption('3600');
    await agree(page, 'hooks.rotate');
    assert.match(await page.getByRole('dialog').locator('code').textContent(), /^whsec_/);
    await agree(page, 'hooks.given');
    const [first] = (await app.staff('GET', '/webhooks')).webhooks;
    assert.deepEqual([[...first.eventTypes].sort(), first.deliveredSequence], [['SEATS_SOLD', 'TICKET_CHECKED_IN'], 0]);
    assert.ok(Date.parse(first.oldSecretUntil) > Date.now());
    await mustBeSound(page, 'webhooks');
  });
}
