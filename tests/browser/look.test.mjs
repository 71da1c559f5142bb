// The venue's own look as staff set it and customers see it; the page of a concert at an address of its own; the wall
// with a rush and its audit.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { PHONE, TestApp, mustBeSound, openApp, openBrowser, openPage } from './rig.mjs';
import { hold, toSeats, topUpAndPay } from './steps.mjs';

const DAY_MS = 86_400_000;

/** A picture, as a browser draws it. */
const drawn = async (page) => Buffer.from(await page.evaluate(() => {
  const canvas = document.createElement('canvas');
  Object.assign(canvas, { width: 1600, height: 2400 });
  canvas.getContext('2d').fillRect(0, 0, 1000, 1000);
  return canvas.toDataURL('image/png').split(',')[1];
}), 'base64');

const signIn = async (page, app) => {
  await page.locator('input').first().fill(app.staffKey);
  await page.keyboard.press('Enter');
};

test('what staff set of the venue and a concert is what customers see, in both languages, on a phone', async (t) => {
  const [app, browser] = [await openApp(t), await openBrowser(t)];
  const staff = await openPage(browser, app, { path: '/staff#look' });
  await signIn(staff, app);
  await staff.getByLabel('Name (Korean)').fill('작은 극장');
  await staff.getByLabel('Name (English)').fill('Small Theatre');
  await staff.getByLabel('Colour').fill('#ffe900');
  await staff.locator('summary').click();
  await staff.getByLabel('Terms (English)').fill('One.\n\nTwo.');
  await staff.getByLabel('Logo').setInputFiles({ name: 'logo.png', mimeType: 'image/png', buffer: await drawn(staff) });
  await staff.locator('.picture img').waitFor();
  await mustBeSound(staff, 'the look');
  await staff.getByRole('button', { name: 'Save' }).click();
  await staff.getByText('Saved. Customers see it now.').waitFor();
  await staff.goto(`${app.url}/staff#concerts/1`);
  await staff.getByText('Change title and description').click();
  await staff.getByLabel('Poster').setInputFiles({ name: 'poster.txt', mimeType: 'text/plain', buffer: Buffer.from('none') });
  await staff.getByText('This picture cannot be read').waitFor();
  await staff.getByLabel('Poster').setInputFiles({ name: 'poster.png', mimeType: 'image/png', buffer: await drawn(staff) });
  await staff.locator('.picture img').waitFor();
  await staff.getByText('Title and description by language').click();
  await staff.getByLabel('Title (Korean)').fill('서울의 밤');
  await staff.getByRole('button', { name: 'Save' }).click();
  await staff.getByText('Saved.').first().waitFor();
  const { concerts: [{ poster }] } = await app.call('GET', '/concerts');
  assert.deepEqual([poster.widthPx, poster.heightPx], [800, 1200], 'made smaller, in its shape');

  const page = await openPage(browser, app, { language: 'ko', size: PHONE });
  await page.locator('.top .brand', { hasText: '작은 극장' }).waitFor();
  assert.equal(await page.title(), '공연 · 작은 극장');
  await page.getByRole('link', { name: /서울의 밤/ }).click();
  await page.waitForURL('**/c/1');
  await page.locator('.about .poster').waitFor();
  await mustBeSound(page, 'a concert with a poster, in a colour that cannot be read on white');
  await page.locator('.foot a', { hasText: '이용약관' }).waitFor();
  await page.getByRole('link', { name: /캘린더에 추가/ }).first().waitFor();
  await page.reload();
  await page.getByRole('heading', { name: '서울의 밤', level: 1 }).waitFor();
  await page.goBack();
  await page.getByRole('heading', { name: '공연', level: 1, exact: true }).waitFor();
  await page.goForward();
  await page.getByRole('heading', { name: '서울의 밤', level: 1 }).waitFor();
  await page.locator('.top .brand').click();
  await page.getByRole('heading', { name: '공연', level: 1, exact: true }).waitFor();
  assert.equal(new URL(page.url()).pathname, '/', 'all else stands at the top');
});

test('tickets say their concert in the language of the reader, on paper with the address of the venue', async (t) => {
  const [local, browser] = [await openApp(t), await openBrowser(t, ['--host-resolver-rules=MAP tickets.example 127.0.0.1'])];
  await local.staff('PATCH', '/concerts/1', { translations: { en: { title: 'A Night', venue: 'Small Theatre', description: '' }, ko: { title: '서울의 밤', venue: '', description: '' } } });
  const app = new TestApp({ ...local, url: local.url.replace('127.0.0.1', 'tickets.example') });
  const page = await openPage(browser, app, { language: 'en', size: PHONE });
  await toSeats(page, app);
  await hold(page, '12');
  await page.getByRole('heading', { name: 'A Night', exact: true }).waitFor();
  await topUpAndPay(page);
  const ticket = page.locator('.ticket');
  await ticket.getByText('Small Theatre').waitFor();
  assert.equal(await page.locator('.only-print').isVisible(), false);
  await page.emulateMedia({ media: 'print' });
  assert.match(await ticket.innerText(), new RegExp(`A Night[^]*Box office: ${app.url}`));
  await page.emulateMedia({ media: 'screen' });
  const reservationId = page.url().split('/').at(-1);
  await page.getByRole('button', { name: '한국어' }).click();
  await ticket.getByRole('heading', { name: '서울의 밤', exact: true }).waitFor();
  await page.goto(`${app.url}/#/tickets`);
  await page.locator('main article h2', { hasText: /^서울의 밤$/ }).waitFor();
  const { userId } = await local.staff('GET', `/reservations/${reservationId}`);
  const staff = await openPage(browser, app, { path: `/staff#counter/${userId}/tickets/${reservationId}` });
  await signIn(staff, app);
  await staff.locator('.stub', { hasText: `Box office: ${app.url}` }).getByRole('heading', { name: 'A Night', exact: true }).waitFor();
  await mustBeSound(staff, 'a ticket on paper');
});

test('home asks once for all concerts, and again only for what changed', async (t) => {
  const [app, browser] = [await openApp(t), await openBrowser(t)];
  for (let days = 1; days < 4; days += 1) {
    await app.concert({ title: `Night ${days}`, layout: { numbered: { count: 2, price: 1_000 } }, startsAt: new Date(Date.now() + days * DAY_MS).toISOString() });
  }
  const page = await openPage(browser, app, { path: null });
  const asked = [];
  page.on('request', (request) => { if (/concerts/.test(request.url()) && /api/.test(request.url())) asked.push(new URL(request.url()).pathname); });
  await page.goto(app.url);
  await page.locator('article', { hasText: 'Night 1' }).waitFor();
  assert.deepEqual(asked, ['/api/v1/concerts']);
  const again = page.waitForResponse('**/api/v1/concerts');
  await page.goto(`${app.url}/#/key`);
  await page.goto(`${app.url}/#/`);
  assert.equal((await again).status(), 304);
  await page.locator('article', { hasText: 'Night 1' }).waitFor();
});

test('the wall shows the seats, three numbers and charts, and says in the end that nobody got a seat twice', async (t) => {
  const [app, browser] = [await openApp(t, ['--hold-seconds', '2']), await openBrowser(t)];
  const page = await openPage(browser, app, { path: '/staff#wall' });
  await signIn(page, app);
  await page.locator('.wall .map .seat').first().waitFor();
  await page.getByLabel('Customers').fill('30');
  await page.getByRole('spinbutton', { name: 'Seats' }).fill('12');
  await page.getByLabel('Speed').selectOption('fast');
  await page.getByRole('button', { name: 'Begin' }).click();
  await page.getByRole('heading', { name: 'boxoffice rush' }).waitFor();
  await page.locator('.tile dd', { hasText: /^12 \/ 12$/ }).waitFor();
  await page.locator('.verdict.good', { hasText: 'Nobody got a seat twice' }).waitFor();
  await page.locator('.checks li', { hasText: 'The file agrees' }).waitFor();
  assert.equal(await page.locator('.map .seat.is-sold').count(), 12);
  await mustBeSound(page, 'the wall');
});
