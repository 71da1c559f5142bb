// The seat map: 2,000 seats that stay smooth, zoom and pan by every means,
// plans with positions, names for a screen reader.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { PHONE, mustBeSound, openApp, openBrowser, openPage } from './rig.mjs';
import { LARGE, SECTIONS, quarterCircle, seat, toSeats } from './steps.mjs';
import { placesOf } from '../../src/web/shared/seat_plan.js';

const COUNT = 2_000;
const FRAME_MS = 34; // thirty pictures a second, on a machine without a graphics card

async function atMap(t, layout, { tariffs = [], ...options } = {}) {
  const [app, browser] = [await openApp(t), await openBrowser(t)];
  const made = await app.concert({ layout, tariffs });
  const page = await openPage(browser, app, options);
  await toSeats(page, app, made);
  return { app, page, browser, ...made };
}

const box = (page) => page.locator('.map').evaluate((map) => map.getAttribute('viewBox').split(' ').map(Number));

/**
 * What a picture takes in milliseconds while the wheel turns over the map of a page. A quarter of the pictures is
 * enough to know what one costs: the others may have waited for whatever else runs here.
 */
const pictureMs = (page) => page.evaluate(async () => {
  const map = document.querySelector('svg.map');
  const { x, y, width, height } = map.getBoundingClientRect();
  const at = { clientX: x + width / 2, clientY: y + height / 2, bubbles: true, pointerId: 1, cancelable: true };
  const times = [];
  let before = performance.now();
  for (let n = 0; n < 40; n += 1) {
    map.dispatchEvent(new WheelEvent('wheel', { ...at, ctrlKey: true, deltaY: n < 20 ? -60 : 40 }));
    await new Promise(requestAnimationFrame);
    times.push(performance.now() - before);
    before = performance.now();
  }
  return times.sort((a, b) => a - b)[times.length / 4];
});

/** A page that has nothing but as many squares with their numbers, and the least code that follows the wheel. */
async function bareMap(browser) {
  const page = await browser.newPage();
  const squares = Array.from({ length: COUNT }, (_, n) => {
    const [x, y] = [20 * (n % 50), 20 * Math.floor(n / 50)];
    return `<g><rect x="${x}" y="${y}" width="16" height="16"/><text x="${x}" y="${y + 10}" font-size="8">${n}</text></g>`;
  });
  await page.setContent(`<svg class="map" viewBox="0 0 1000 800" width="1000" height="600">${squares.join('')}</svg>`);
  await page.evaluate(() => {
    const map = document.querySelector('.map');
    let width = 1000;
    map.addEventListener('wheel', ({ deltaY }) => {
      width *= Math.exp(deltaY / 500);
      map.setAttribute('viewBox', `0 0 ${width} ${0.8 * width}`);
    });
  });
  return page;
}

test('2,000 seats are drawn soon, panned and zoomed smoothly, and sound', async (t) => {
  const { page, browser } = await atMap(t, LARGE);
  assert.equal(await page.locator('.map .seat').count(), COUNT);
  const [ours, bare] = [await pictureMs(page), await pictureMs(await bareMap(browser))];
  t.diagnostic(`2,000 seats: a picture takes ${ours.toFixed(1)} ms, without any of our code ${bare.toFixed(1)} ms`);
  // Where the browser alone cannot draw so many, the map must not be what makes it much slower.
  assert.ok(ours < Math.max(FRAME_MS, 1.5 * bare), `${ours} ms a picture, ${bare} ms without our code`);
  await mustBeSound(page, 'a large hall');
  await page.getByRole('button', { name: 'All', exact: true }).click();
  await movesBySmallMap(page);
});

test('a change of one seat touches one seat', async (t) => {
  const { page, app, scheduleId } = await atMap(t, LARGE);
  await page.evaluate(() => {
    globalThis.touched = new Set();
    new MutationObserver((records) => records.forEach(({ target }) => globalThis.touched.add(target.closest('.seat')?.dataset.seat)))
      .observe(document.querySelector('.map'), { subtree: true, attributes: true, childList: true });
  });
  const other = await app.customer('Other');
  await other.call('POST', '/reservations', { scheduleId, seats: ['R3-7'] });
  await page.locator('.map .seat.is-held').waitFor();
  assert.deepEqual(await page.evaluate(() => [...globalThis.touched]), ['R3-7']);
});

test('zoom and pan by buttons, wheel, mouse and keyboard, and back to all of it', async (t) => {
  const { page } = await atMap(t, SECTIONS);
  const all = await box(page);
  await page.getByRole('button', { name: 'Zoom in' }).click();
  const nearer = await box(page);
  assert.ok(nearer[2] < all[2]);
  const { x, y, width, height } = await page.locator('.map').boundingBox();
  await page.mouse.move(x + width / 2, y + height / 2);
  await page.mouse.wheel(0, -40);
  assert.deepEqual(await box(page), nearer, 'the wheel turns the page');
  await page.keyboard.down('Control');
  await page.mouse.wheel(0, -300);
  await page.keyboard.up('Control');
  await page.waitForFunction((before) => Number(document.querySelector('.map').getAttribute('viewBox').split(' ')[2]) < before, nearer[2]);
  const before = await box(page);
  await page.mouse.down();
  await page.mouse.move(x + width / 2 + 60, y + height / 2 + 20, { steps: 5 });
  await page.mouse.up();
  assert.ok((await box(page))[0] < before[0], 'pulled to the right');
  assert.equal(await page.locator('.chosen li').count(), 0, 'pulling is not choosing');
  await page.getByRole('button', { name: 'All', exact: true }).click();
  assert.deepEqual(await box(page), all);
  await seat(page, 'A-1').focus();
  for (const key of ['+', '+', '+', '+']) await page.keyboard.press(key);
  await page.keyboard.press('End');
  const focused = await page.evaluate(() => document.activeElement.dataset.seat);
  assert.equal(focused, 'A-14');
  const [left, , wide] = await box(page);
  const { place } = await page.evaluate(() => ({ place: document.activeElement.transform.baseVal[0].matrix.e }));
  assert.ok(place > left && place < left + wide, 'the seat in focus is in sight');
  await page.keyboard.press('0');
  assert.deepEqual(await box(page), all);
});

test('two fingers zoom, and one finger pulls', async (t) => {
  const { page } = await atMap(t, SECTIONS, { size: PHONE, hasTouch: true });
  const all = await box(page);
  const { x, y, width, height } = await page.locator('.map').boundingBox();
  const middle = { x: x + width / 2, y: y + height / 2 };
  const touch = await page.context().newCDPSession(page);
  const send = (type, ...points) => touch.send('Input.dispatchTouchEvent', { type, touchPoints: points.map(([dx, dy], id) => ({ x: middle.x + dx, y: middle.y + dy, id })) });
  await send('touchStart', [-20, 0], [20, 0]);
  for (const far of [30, 45, 60, 80]) await send('touchMove', [-far, 0], [far, 0]);
  await send('touchEnd');
  const nearer = await box(page);
  assert.ok(nearer[2] < all[2] / 2, `${nearer} of ${all}`);
  await send('touchStart', [0, 0]);
  for (const far of [10, 30, 50]) await send('touchMove', [far, 0]);
  await send('touchEnd');
  assert.ok((await box(page))[0] < nearer[0]);
  assert.equal(await page.locator('.chosen li').count(), 0);
  await mustBeSound(page);
});

/** Zooms in, and moves the map by its picture in small, which lies beside the seats and says nothing to a reader. */
async function movesBySmallMap(page) {
  const small = page.locator('.minimap');
  assert.equal(await small.isVisible(), false, 'all of it needs no hint');
  for (let n = 0; n < 3; n += 1) await page.getByRole('button', { name: 'Zoom in' }).click();
  await small.waitFor();
  const before = await box(page);
  const { x, y, width, height } = await small.boundingBox();
  await page.mouse.click(x + width - 4, y + height - 4);
  const after = await box(page);
  assert.ok(after[0] > before[0] && after[1] > before[1] && after[2] === before[2], `from ${before} to ${after}`);
  await page.mouse.move(x + width - 4, y + height - 4);
  await page.mouse.down();
  await page.mouse.move(x + 3, y + 3, { steps: 4 });
  await page.mouse.up();
  const pulled = await box(page);
  assert.ok(pulled[0] < before[0] && pulled[1] < before[1], `pulled to ${pulled}`);
  const shown = await page.evaluate(() => {
    const [small, part, sight] = ['.minimap', '.minimap .part', '.sight'].map((one) => document.querySelector(one).getBoundingClientRect());
    return { inside: part.left >= small.left - 3 && part.right <= small.right + 3 && part.width < small.width, below: small.top >= sight.bottom, hidden: document.querySelector('.minimap').getAttribute('aria-hidden') };
  });
  assert.deepEqual(shown, { inside: true, below: true, hidden: 'true' });
  assert.equal(await page.locator('.chosen li').count(), 0);
  await page.getByRole('button', { name: 'All', exact: true }).click();
  await small.waitFor({ state: 'hidden' });
}

test('minimap: on a phone it shows the part in view below the seats, and moves it', async (t) => {
  const { page } = await atMap(t, SECTIONS, { size: { width: 360, height: 780 } });
  await movesBySmallMap(page);
  for (let n = 0; n < 3; n += 1) await page.getByRole('button', { name: 'Zoom in' }).click();
  await mustBeSound(page, 'a minimap');
});

test('a finger on a small seat zooms in first, and then chooses', async (t) => {
  const { page } = await atMap(t, SECTIONS, { size: PHONE, hasTouch: true });
  const all = await box(page);
  await seat(page, 'E-10').tap();
  assert.equal(await page.locator('.chosen li').count(), 0);
  assert.ok((await box(page))[2] < all[2]);
  await seat(page, 'E-10').tap();
  assert.equal(await page.locator('.chosen li').count(), 1);
  await mustBeSound(page);
});

test('seats stand where the plan puts them, and the arrows go by what is seen', async (t) => {
  const { page } = await atMap(t, { pretixPlan: quarterCircle(), prices: { R: 120_000, S: 90_000 } });
  const places = await page.locator('.map .seat').evaluateAll((nodes) => nodes.slice(0, 20).map((node) => {
    const { e, f } = node.transform.baseVal[0].matrix;
    return [e, f];
  }));
  assert.equal(await page.locator('.map .seat').count(), 60);
  assert.ok(places[0][0] > places[19][0] && places[0][1] < places[19][1], 'from the right above to the left below');
  const gap = Math.hypot(places[1][0] - places[0][0], places[1][1] - places[0][1]);
  assert.ok(gap > 0.5 && gap < 1.5, `neighbours are ${gap} apart`);
  assert.equal(await page.locator('.map .stage').count(), 1, 'where the curve of the rows faces');
  await page.locator('.map .seat').first().focus();
  await page.keyboard.press('ArrowDown');
  assert.equal(await page.evaluate(() => Number(document.activeElement.dataset.index)), 1);
  await mustBeSound(page, 'a plan');
});

test('each seat says its name, its price and its state, and not by colour alone', async (t) => {
  const { page, app, scheduleId } = await atMap(t, SECTIONS);
  const other = await app.customer('Other');
  await other.call('POST', '/reservations', { scheduleId, seats: ['A-12'] });
  await app.staff('PUT', `/schedules/${scheduleId}/seats/D-1`, { blocked: true });
  await page.locator('.map .seat.is-blocked').waitFor();
  const name = (label) => seat(page, label).getAttribute('aria-label');
  assert.equal(await name('A-11'), 'R, row A, seat 11, 150,000 points, free');
  assert.equal(await name('A-12'), 'R, row A, seat 12, 150,000 points, being paid for');
  assert.equal(await name('D-1'), 'S, row D, seat 1, 110,000 points, not for sale');
  const shape = (label) => seat(page, label).locator('.shape').getAttribute('d');
  const shapes = await Promise.all(['A-11', 'D-2', 'H-1'].map(shape));
  assert.equal(new Set(shapes).size, 3, 'a shape for each price');
  const mark = (label) => seat(page, label).evaluate((node) => node.querySelector('.mark')?.getAttribute('d'));
  assert.equal(new Set(await Promise.all(['A-11', 'A-12', 'D-1'].map(mark))).size, 3, 'a mark for each state');
  assert.equal(await page.locator('.map .seat[tabindex="0"]').count(), 1, 'one place for the tab key');
});

test('the best seats for three are held at once; where there are too few it is said so', async (t) => {
  const { page } = await atMap(t, { sections: [{ name: 'R', price: 1000, rows: [{ row: 'A', count: 3 }] }, { name: 'S', price: 900, rows: [{ row: 'B', count: 2 }] }] },
    { expected: /status of 409/ });
  await page.getByLabel('How many').selectOption('3');
  await page.getByLabel('Section').selectOption('S');
  await page.getByRole('button', { name: 'Choose the best seats' }).click();
  await page.locator('.note.bad', { hasText: 'not enough free seats' }).waitFor();
  await page.getByLabel('Section').selectOption('R');
  await page.getByRole('button', { name: 'Choose the best seats' }).click();
  await page.locator('main .countdown').waitFor();
  assert.match(await page.locator('.facts').first().textContent(), /R, row A, seat 1.*R, row A, seat 2.*R, row A, seat 3/);
});

test('20,000 seats: drawn from afar in a few paths, dragged as one picture, near by with nodes, one of them for the keyboard', async (t) => {
  const rows = (name) => Array.from({ length: 100 }, (_, n) => ({ row: `${name}${n + 1}`, count: 100 }));
  const { page, app, scheduleId } = await atMap(t, { sections: ['R', 'S'].map((name, n) => ({ name, price: 90_000 - 10_000 * n, rows: rows(name) })) });
  assert.ok(await page.locator('.map *').count() < 2_000, 'from afar');
  const dragged = await page.evaluate(async () => {
    const frame = document.querySelector('.sight');
    const { x, y, width, height } = frame.getBoundingClientRect();
    const at = (dx) => ({ clientX: x + width / 2 + dx, clientY: y + height / 2, bubbles: true, pointerId: 1, isPrimary: true, pointerType: 'mouse', button: 0, buttons: 1 });
    for (let n = 0; n < 6; n += 1) document.querySelector('.zoom button').click();
    frame.setPointerCapture = () => {}; // no pointer of a device is down
    frame.dispatchEvent(new PointerEvent('pointerdown', at(0)));
    const times = [];
    for (let n = 1; n <= 20; n += 1) {
      const before = performance.now();
      frame.dispatchEvent(new PointerEvent('pointermove', at(10 + 2 * n)));
      await new Promise(requestAnimationFrame);
      document.body.getBoundingClientRect(); // what the browser would lay out now
      times.push(performance.now() - before);
    }
    frame.dispatchEvent(new PointerEvent('pointerup', at(60)));
    return { step: times.sort((a, b) => a - b)[5], numbers: document.querySelectorAll('.map .seat text').length };
  });
  t.diagnostic(`20,000 seats: a step of a drag with its picture takes ${dragged.step.toFixed(1)} ms; ${dragged.numbers} numbers are drawn`);
  assert.ok(dragged.step < FRAME_MS, `${dragged.step} ms`);
  assert.ok(dragged.numbers > 0 && dragged.numbers < 2_000, `${dragged.numbers} numbers`);
  await page.getByRole('button', { name: 'All', exact: true }).click();
  await movesBySmallMap(page);
  assert.ok(await page.locator('.minimap *').count() < 10);
  await seat(page, 'R1-1').focus();
  await page.keyboard.press('ArrowDown');
  assert.match(await page.evaluate(() => document.activeElement.getAttribute('aria-label')), /^R, row R2, seat 1, 90,000 points, free$/);
  await page.keyboard.press('Space');
  await page.locator('.chosen li', { hasText: 'row R2, seat 1' }).waitFor();
  const other = await app.customer('Other');
  await other.call('POST', '/reservations', { scheduleId, seats: ['S50-50'] });
  await page.locator('.map .far.is-held').waitFor();
  await mustBeSound(page, 'a hall of 20,000');
});

test('what is special about seats is said in words, shown alone by the legend, and given by the best seats when asked', async (t) => {
  const row = { row: 'A', count: 8, attributes: { WHEELCHAIR: [1], COMPANION: [2], RESTRICTED_VIEW: [8] } };
  const { page } = await atMap(t, { sections: [{ name: 'R', price: 50_000, rows: [row, { row: 'B', count: 8 }] }, { name: 'S', price: null, rows: [{ row: 'C', count: 2 }] }] },
    { tariffs: [{ name: 'With a friend', amount: 0 }] });
  assert.match(await seat(page, 'A-1').getAttribute('aria-label'), /wheelchair space|휠체어석/);
  assert.match(await seat(page, 'C-1').getAttribute('aria-label'), /no price|가격 없음/);
  assert.equal(await seat(page, 'A-8').locator('.sign').count(), 1);
  const only = page.locator('.legend button', { hasText: /wheelchair space|휠체어석/ });
  await only.click();
  assert.equal(await only.getAttribute('aria-pressed'), 'true');
  assert.equal(await page.locator('.map').getAttribute('data-sign'), 'WHEELCHAIR');
  await mustBeSound(page, 'the legend of special seats');
  await only.click();
  assert.equal(await page.locator('.map').getAttribute('data-sign'), null);
  await page.locator('#special-WHEELCHAIR').selectOption('1');
  await page.locator('#special-COMPANION').selectOption('1');
  await page.locator('#price-COMPANION').selectOption('With a friend');
  await mustBeSound(page, 'the best seats with what they are for and what they cost');
  await page.locator('.best button').click();
  await page.waitForURL(/#\/pay\//);
  await page.locator('.map').waitFor({ state: 'detached' });
  assert.match(await page.locator('main').innerText(), /A.*1.*2.*With a friend.*50,000/s);
});

test('a hall with an aisle keeps its stage, and row names stay at the edge of what is seen', async (t) => {
  const seats = ['A', 'B', 'C', 'D', 'E', 'F'].flatMap((row, y) => [1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14].map((number) => ({ seat: `${row}-${number}`, row, number: String(number), price: 1000, x: number, y })));
  const { page } = await atMap(t, { seats }, { size: PHONE });
  assert.equal(await page.locator('.map .stage').count(), 1);
  for (let n = 0; n < 4; n += 1) await page.getByRole('button', { name: 'Zoom in' }).click();
  const edge = await page.evaluate(() => {
    const { left, right } = document.querySelector('.sight').getBoundingClientRect();
    return [...document.querySelectorAll('.names .row-label')].map((node) => node.getBoundingClientRect()).map((one) => one.left >= left && one.right <= right);
  });
  assert.ok(edge.length > 0 && edge.every(Boolean), `${edge}`);
  await mustBeSound(page, 'rows by their names');
});

test('a hall with an aisle keeps its stage when only what changed comes', async (t) => {
  const seats = Array.from({ length: 12 }, (_, at) => ({ seat: `A-${at + 1}`, section: 'R', row: 'A', number: String(at + 1), price: 1000, x: at + (at > 5 ? 2 : 1), y: 1 }));
  const { app, page, scheduleId } = await atMap(t, { seats });
  const stage = await page.locator('svg.map .stage').first().evaluate((node) => { node.dataset.first = 'yes'; return node.outerHTML; });
  const buyer = await app.customer('Buyer');
  await buyer.call('POST', '/reservations', { scheduleId, seats: ['A-7'] });
  await page.locator('.seat.is-held[data-seat="A-7"]').waitFor();
  assert.equal(await page.locator('svg.map .stage').first().evaluate((node) => node.outerHTML), stage, 'it was not even drawn anew');
});

test('a map without a stream is looked at again, takes only the seats that changed, and comes whole after the date was changed', async (t) => {
  const [app, browser] = [await openApp(t), await openBrowser(t)];
  const page = await openPage(browser, app, { expected: /503/ });
  await page.route('**/seats*', (route, request) => (request.headers().accept === 'text/event-stream'
    ? route.fulfill({ status: 503, contentType: 'application/problem+json', body: '{"code":"OVERLOADED"}' }) : route.fallback()));
  const answers = [];
  page.on('response', async (answer) => {
    if (/\/schedules\/1\/seats/.test(answer.url()) && answer.status() === 200) answers.push({ asked: new URL(answer.url()).search, ...await answer.json() });
  });
  await toSeats(page, app);
  const buyer = await app.customer('Buyer');
  await buyer.call('POST', '/reservations', { scheduleId: 1, seats: ['20', '21'] });
  await page.locator('.seat.is-held[data-seat="21"]').waitFor();
  await page.locator('.seat.is-free[data-seat="22"]').waitFor();
  const part = answers.find(({ since }) => since !== undefined);
  assert.deepEqual(part.seats.map(({ seat }) => seat), ['20', '21']);
  assert.equal(part.asked, `?since=${part.since}`);
  await app.staff('PATCH', '/schedules/1', { price: 70_000 });
  await page.locator('.seat[data-seat="22"][aria-label*="70,000"]').waitFor();
  assert.equal(answers.at(-1).seats.length, 50);
  assert.deepEqual(page.errors, []);
});

test('the map follows by a stream of changes, after one look', async (t) => {
  const [app, browser] = [await openApp(t), await openBrowser(t)];
  const page = await openPage(browser, app);
  const asked = [];
  page.on('request', (request) => { if (request.url().includes('/1/seats')) asked.push(request.headers().accept); });
  await toSeats(page, app);
  const buyer = await app.customer('Buyer');
  const { reservationId } = await buyer.call('POST', '/reservations', { scheduleId: 1, seats: ['20', '21'] });
  await page.locator('.seat.is-held[data-seat="21"]').waitFor();
  await buyer.call('DELETE', `/reservations/${reservationId}`);
  await page.locator('.seat.is-free[data-seat="21"]').waitFor();
  await app.staff('PATCH', '/schedules/1', { price: 70_000 });
  await page.locator('.seat[data-seat="22"][aria-label*="70,000"]').waitFor();
  assert.deepEqual(asked, ['application/json', 'text/event-stream']);
  assert.deepEqual(page.errors, []);
});

test('a plan: rows that run up and down have their names above them, and a text that names the stage is not written twice', () => {
  const seats = ['A', 'B'].flatMap((row, nth) => Array.from({ length: 5 }, (_, n) => ({ section: 'Left', row, x: 30 * nth, y: 20 * n })));
  const { labels, box, stage, shapes } = placesOf(seats, { front: { x: 15, y: -80 }, shapes: [{ text: { text: 'Stage', x: 15, y: -80, size: 10 } }] });
  const rows = labels.filter(({ kind }) => kind === 'row');
  assert.deepEqual(rows.map(({ x, y, isTight }) => [x, y, isTight]), [[0, -1, false], [1.5, -1, false]]);
  const section = labels.find(({ kind }) => kind === 'section');
  assert.ok(section.y < -1.5 && section.y > box.y, 'above them, and within the picture');
  assert.ok(stage);
  assert.deepEqual(shapes, []);
  const boxes = ['A', 'B'].flatMap((row, nth) => [0, 1].map((n) => ({ section: 'Boxes', row, x: 0, y: 30 * nth + 12 * n })));
  assert.deepEqual(placesOf(boxes).labels.filter(({ kind }) => kind === 'row').map(({ x }) => x), [-1, -1], 'beside, where above one of them is a seat');
});
