// A phone at the door of a hall without a domain: https by the venue's own authority, and a camera that sees a ticket.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { after, test } from 'node:test';

import { Ends, PHONE, mustBeSound, openApp, openBrowser, openPage } from './rig.mjs';
import { button, link, settled, signIn } from './staff_steps.mjs';

// This process asks the server as one that has yet to trust it; the profile of Chromium below trusts its authority.
process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
const ends = new Ends();
after(() => ends.end());
const folder = mkdtempSync(`${tmpdir()}/boxoffice-camera-`);
ends.after(() => rmSync(folder, { recursive: true }));

/** Has the profile of this folder trust an authority, as somebody does who opens its file on a phone. */
async function trust(authority) {
  const [database, file] = [`${folder}/.pki/nssdb`, `${folder}/authority.crt`];
  mkdirSync(database, { recursive: true });
  writeFileSync(file, Buffer.from(await authority.arrayBuffer()));
  execFileSync('certutil', ['-N', '-d', `sql:${database}`, '--empty-password']);
  execFileSync('certutil', ['-A', '-d', `sql:${database}`, '-n', 'venue', '-t', 'C,,', '-i', file]);
}

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
  await trust(await fetch(`${app.url}/trust/authority.crt`));
  const camera = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', `--use-file-for-fake-video-capture=${folder}/ticket.y4m`];
  const browser = await openBrowser(ends, camera, { home: folder });
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
