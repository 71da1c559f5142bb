// A phone at the door of a hall without a domain: https by the venue's own authority, and a camera that sees a ticket.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { after, test } from 'node:test';
import { connect } from 'node:tls';

import { Ends, PHONE, mustBeSound, openApp, openBrowser, openPage } from './rig.mjs';
import { button, link, settled, signIn } from './staff_steps.mjs';

// This process asks the server as one that has yet to trust it; Chromium below trusts one key alone.
process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
const ends = new Ends();
after(() => ends.end());
const folder = mkdtempSync(`${tmpdir()}/boxoffice-camera-`);
ends.after(() => rmSync(folder, { recursive: true }));

/** The hash of the server's public key, by which Chromium is told to trust it. */
const keyHash = (url) => new Promise((resolve, reject) => {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port, rejectUnauthorized: false }, () => {
    const key = socket.getPeerX509Certificate().publicKey.export({ type: 'spki', format: 'der' });
    socket.destroy();
    resolve(createHash('sha256').update(key).digest('base64'));
  });
  socket.on('error', reject);
});

/** What a camera shows that sees this picture: a film of 640 by 480 pixels without colours. */
async function film(page, svg) {
  const bright = await page.evaluate(async (text) => {
    const image = new Image();
    image.src = URL.createObjectURL(new Blob([text], { type: 'image/svg+xml' }));
    await image.decode();
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [640, 480];
    const drawing = canvas.getContext('2d');
    drawing.fillStyle = '#bbb';
    drawing.fillRect(0, 0, 640, 480);
    drawing.drawImage(image, 120, 40, 400, 400);
    return [...drawing.getImageData(0, 0, 640, 480).data.filter((_, at) => at % 4 === 0)];
  }, svg);
  const frame = Buffer.concat([Buffer.from('FRAME\n'), Buffer.from(bright), Buffer.alloc(640 * 480 / 2, 128)]);
  return Buffer.concat([Buffer.from('YUV4MPEG2 W640 H480 F10:1 Ip A1:1 C420jpeg\n'), frame, frame]);
}

test('a phone that trusts the venue opens the door page by https and its camera reads a ticket', async (t) => {
  const app = await openApp(t, ['--tls-local']);
  assert.match(app.url, /^https:/);
  const browser = await openBrowser(ends, [
    `--ignore-certificate-errors-spki-list=${await keyHash(app.url)}`, '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream',
    `--use-file-for-fake-video-capture=${folder}/ticket.y4m`,
  ]);
  const { scheduleId } = await app.concert({ title: 'Voices', layout: { numbered: { count: 4, price: 1_000 } } });
  const buyer = await app.customer();
  await buyer.call('POST', `/users/${buyer.userId}/balance/top-ups`, { amount: 1_000 });
  const held = await buyer.call('POST', '/reservations', { scheduleId, seats: ['2'] });
  const { tickets: [ticket] } = await buyer.call('POST', '/payments', { reservationId: held.reservationId, amount: held.amount });
  const picture = await fetch(`${app.url}/api/v1/staff/tickets/${ticket.ticketId}.svg`, { headers: { Authorization: `Bearer ${app.staffKey}` } });
  const { key } = await app.staff('POST', '/keys', { name: 'East gate', role: 'door' });
  const page = await openPage(browser, app, { path: null, size: PHONE });
  writeFileSync(`${folder}/ticket.y4m`, await film(page, await picture.text()));
  await signIn(page, app, key);
  await (await link(page, 'door.openOne', { title: 'Voices' })).click();
  await settled(page);
  assert.equal(await page.evaluate(() => window.isSecureContext), true);
  assert.equal(await page.locator('input[type=file]').isVisible(), false, 'no photograph is needed');
  await (await button(page, 'camera.start')).click();
  await page.locator('.answer.yes').waitFor();
  const counts = await app.staff('GET', `/schedules/${scheduleId}/checkins`);
  assert.equal(counts.in, 1);
  await page.goto(`${app.url}/trust`);
  await page.getByText('Certificate Trust Settings').waitFor();
  await mustBeSound(page, 'the page that has a phone trust the venue');
});
