// The door in a browser: a scanner that types fast, answers that nobody can mistake, undo, a lost network, the camera.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { Ends, PHONE, mustBeSound, openApp, openBrowser, openPage } from './rig.mjs';
import { button, field, link, settled, signIn, text } from './staff_steps.mjs';

const REFUSED = /status of 4\d\d|ERR_INTERNET_DISCONNECTED/;
const ends = new Ends();
const browser = await openBrowser(ends);
after(() => ends.end());

/** A door of a date with two sections, whose tickets are sold. */
async function door(t, { init, ...options } = {}) {
  const app = await openApp(t);
  const layout = { sections: [{ name: 'R', price: 10_000, rows: [{ row: 'A', count: 4 }] }, { name: 'S', price: 5_000, rows: [{ row: 'B', count: 4 }] }] };
  const { scheduleId } = await app.concert({ title: '봄 <img src=x onerror=alert(1)>', layout });
  const tickets = await sell(app, scheduleId, ['A-1', 'A-2', 'B-1', 'B-2']);
  const { key } = await app.staff('POST', '/keys', { name: 'East gate', role: 'door' });
  const page = await openPage(browser, app, { path: null, expected: REFUSED, ...options });
  t.after(() => page.context().close());
  if (init) await page.addInitScript(init);
  await page.addInitScript(() => {
    // What is heard: every tone that starts.
    globalThis.tones = [];
    const begin = OscillatorNode.prototype.start;
    OscillatorNode.prototype.start = function start(...at) { globalThis.tones.push(this.frequency.value); return begin.apply(this, at); };
  });
  await signIn(page, app, key);
  await (await link(page, 'door.openOne', { title: '봄 <img src=x onerror=alert(1)>' })).click();
  await settled(page);
  await page.locator('.answer').waitFor();
  return { app, page, tickets, scheduleId };
}

async function sell(app, scheduleId, seats) {
  const buyer = await app.customer('Lee <b>');
  await buyer.call('POST', `/users/${buyer.userId}/balance/top-ups`, { amount: 1_000_000 });
  const held = await buyer.call('POST', '/reservations', { scheduleId, seats });
  const paid = await buyer.call('POST', '/payments', { reservationId: held.reservationId, amount: held.amount });
  return paid.tickets.map((ticket) => ({ ...ticket, reservationId: held.reservationId }));
}

/** Types as a scanner does: all at once, wherever the focus is, and Enter. */
async function scan(page, ...codes) {
  for (const code of codes) {
    await page.keyboard.type(code);
    await page.keyboard.press('Enter');
  }
}

const answer = (page, kind) => page.locator(`.answer.${kind}`);
const word = async (page, key) => page.locator('.answer .word', { hasText: await text(page, key) }).waitFor();
const logged = (page, count) => page.waitForFunction((n) => document.querySelectorAll('.scans li').length >= n, count);

test('yes is green, no is red with when and where, undo opens the ticket again; counts follow', async (t) => {
  const { app, page, tickets } = await door(t, { language: 'ko', size: PHONE });
  await mustBeSound(page, 'the door before the first ticket');
  await scan(page, tickets[0].code);
  await answer(page, 'yes').waitFor();
  assert.match(await answer(page, 'yes').textContent(), /입장 가능R석 A열 1번Lee <b>/);
  await page.getByText('입장 1 / 4명').waitFor();
  await mustBeSound(page, 'yes');
  const high = await page.evaluate(() => globalThis.tones);
  await app.staff('POST', '/checkins', { code: tickets[1].code, door: 'West gate' });
  await scan(page, tickets[1].code);
  await answer(page, 'no').waitFor();
  assert.match(await answer(page, 'no').textContent(), /이미 입장한 티켓.*‘West gate’에서 들어갔습니다/);
  await mustBeSound(page, 'no');
  const low = (await page.evaluate(() => globalThis.tones)).slice(high.length);
  assert.ok(high.length && low.length && Math.min(...high) > 2 * Math.max(...low), `${high} and ${low}`);
  await answer(page, 'no').getByRole('button').click();
  await page.getByText('입장 1 / 4명').waitFor();
  await scan(page, tickets[1].number.toLowerCase());
  await answer(page, 'yes').waitFor();
});

test('a refunded ticket, one of another date and what is no ticket are each said as what they are', async (t) => {
  const { app, page, tickets } = await door(t);
  const [other] = await sell(app, app.scheduleIds[0], ['5']);
  await app.staff('POST', `/reservations/${tickets[0].reservationId}/refund`);
  for (const [shown, key] of [[tickets[1].number, 'door.void'], [other.code, 'door.other'], ['XXXXXXXXXX', 'door.unknownTicket'], [`${other.code}X`, 'door.unknownTicket']]) {
    await scan(page, shown);
    await word(page, key);
    await answer(page, 'no').waitFor();
  }
  assert.equal(await page.locator('.scans .yes').count(), 0);
  await mustBeSound(page, 'four times no');
});

test('a fast scanner loses nothing: every scan has its answer, in order, wherever the focus is', async (t) => {
  const { app, page, tickets } = await door(t);
  await app.staff('POST', '/checkins', { code: tickets[1].code, door: 'West gate' });
  await (await button(page, 'door.mute')).focus();
  await scan(page, tickets[0].code, tickets[1].code, tickets[1].code, tickets[2].number, tickets[3].number);
  await logged(page, 5);
  assert.deepEqual(await page.locator('.scans li').evaluateAll((all) => all.map((one) => one.className)), ['yes', 'yes', 'no', 'no', 'yes']);
  assert.equal(await page.locator('.before').textContent(), `A moment ago, QR code …${tickets[1].code.slice(-4)}: Already in`);
  await page.getByText('4 of 4').waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.name), 'ticket');
});

test('without a network nobody is told yes; the scans are kept, over a reload too, and checked once it is back', async (t) => {
  const { app, page, tickets, scheduleId } = await door(t);
  await page.context().setOffline(true);
  await scan(page, tickets[0].code, tickets[1].code);
  await answer(page, 'unknown').waitFor();
  await page.getByText(await text(page, 'door.lost', { n: 2 })).waitFor();
  assert.equal(await page.locator('.scans li').count(), 0);
  await mustBeSound(page, 'no network at the door');
  await page.context().setOffline(false);
  await logged(page, 2);
  await answer(page, 'yes').waitFor();
  const counts = await app.staff('GET', `/schedules/${scheduleId}/checkins`);
  assert.equal(counts.in, 2);

  let heard = 0;
  await page.route('**/staff/checkins', async (route) => {
    await route.fetch().catch(() => {}); // let in there, but the answer is lost on its way
    heard += 1;
    await route.abort('internetdisconnected').catch(() => {});
  });
  await scan(page, tickets[2].code);
  await answer(page, 'unknown').waitFor();
  await page.reload();
  await page.locator('.answer').waitFor();
  await page.unroute('**/staff/checkins');
  await answer(page, 'yes').waitFor();
  assert.ok(heard > 0, 'the same scan again is the same yes, not a second entry');
});

test('a keyboard set to Korean makes no difference to the scanner', async (t) => {
  const { page, tickets } = await door(t, { language: 'ko' });
  const keys = { Q: 'ㅂ', W: 'ㅈ', E: 'ㄷ', R: 'ㄱ', T: 'ㅅ', Y: 'ㅛ', U: 'ㅕ', I: 'ㅑ', O: 'ㅐ', P: 'ㅔ', A: 'ㅁ', S: 'ㄴ', D: 'ㅇ', F: 'ㄹ', G: 'ㅎ', H: 'ㅗ', J: 'ㅓ', K: 'ㅏ', L: 'ㅣ', Z: 'ㅋ', X: 'ㅌ', C: 'ㅊ', V: 'ㅍ', B: 'ㅠ', N: 'ㅜ', M: 'ㅡ' };
  const typed = [...tickets[0].number].map((one) => keys[one] ?? one).join('').replaceAll('ㄱㅏ', '가').replaceAll('ㅅㅏ', '사');
  await (await field(page, 'door.scan')).fill(typed);
  await page.keyboard.press('Enter');
  await answer(page, 'yes').waitFor();
});

/** A photograph of a ticket, as a phone takes it: larger than the screen, and the code small in it. */
async function photographed(page, app, ticketId) {
  const response = await fetch(`${app.url}/api/v1/staff/tickets/${ticketId}.svg`, { headers: { Authorization: `Bearer ${app.staffKey}` } });
  const taken = await page.evaluate(async (svg) => {
    const image = new Image();
    image.src = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
    await image.decode();
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [3000, 2000];
    const drawing = canvas.getContext('2d');
    drawing.fillStyle = '#8a8';
    drawing.fillRect(0, 0, 3000, 2000);
    drawing.drawImage(image, 1700, 600, 500, 500);
    return canvas.toDataURL('image/jpeg', 0.8);
  }, await response.text());
  return { name: 'photograph.jpg', mimeType: 'image/jpeg', buffer: Buffer.from(taken.split(',')[1], 'base64') };
}

test('where the browser gives no camera, as on plain http, a photograph of a ticket is read', async (t) => {
  const { app, page, tickets } = await door(t, { language: 'ko', size: PHONE, init: () => Object.defineProperty(window, 'isSecureContext', { value: false }) });
  const input = page.getByLabel(await text(page, 'camera.photograph'));
  await input.waitFor();
  assert.deepEqual(await input.evaluate((one) => [one.type, one.accept, one.getAttribute('capture')]), ['file', 'image/*', 'environment']);
  await input.setInputFiles(await photographed(page, app, tickets[0].ticketId));
  await answer(page, 'yes').waitFor();
  await input.setInputFiles({ name: 'wall.txt', mimeType: 'image/png', buffer: Buffer.from('no picture') });
  await page.getByText(await text(page, 'camera.noCode')).waitFor();
  await mustBeSound(page, 'a photograph in place of the camera');
  await input.setInputFiles(await photographed(page, app, tickets[1].ticketId));
  await logged(page, 2);
  assert.equal(await page.getByText(await text(page, 'camera.noCode')).isVisible(), false);
});

test('the camera reads a ticket by the library, which is loaded only then; a refused camera is said', async (t) => {
  const { app, page, tickets } = await door(t);
  const loaded = [];
  page.on('request', (request) => { if (request.url().includes('/qr/')) loaded.push(request.url()); });
  await page.evaluate(() => {
    navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('no', 'NotAllowedError'); };
  });
  await (await button(page, 'camera.start')).click();
  await page.getByText(await text(page, 'camera.refused')).waitFor();
  await mustBeSound(page, 'a refused camera');
  assert.equal(loaded.length, 0);
  const response = await fetch(`${app.url}/api/v1/staff/tickets/${tickets[0].ticketId}.svg`, { headers: { Authorization: `Bearer ${app.staffKey}` } });
  await page.evaluate(async (svg) => {
    // A camera that sees the ticket: what the browser would show of a real one.
    const image = new Image();
    image.src = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
    await image.decode();
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [640, 480];
    const drawing = canvas.getContext('2d');
    const paint = () => {
      drawing.fillStyle = '#ccc';
      drawing.fillRect(0, 0, 640, 480);
      drawing.drawImage(image, 120, 40, 400, 400);
      requestAnimationFrame(paint);
    };
    paint();
    navigator.mediaDevices.getUserMedia = async () => canvas.captureStream();
  }, await response.text());
  await (await button(page, 'camera.start')).click();
  await answer(page, 'yes').waitFor();
  await mustBeSound(page, 'the camera');
  assert.deepEqual(loaded.map((url) => url.split('/').at(-1)).sort(), ['decode.js', 'index.js']);
  await (await button(page, 'camera.stop')).click();
  assert.equal(await page.locator('video').isVisible(), false);
});
