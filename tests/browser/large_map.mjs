// What the map of many seats costs, on the customer's page and on the staff's: the time to the first picture, and the
// time of the main thread for a step of a drag, from afar and near by, and for a seat that changes. It prints a table
// and holds no limit: `node large_map.mjs [SEATS…]`, with BOXOFFICE for another program than the one of debugging.

import { Ends, openApp, openBrowser, openPage } from './rig.mjs';
import { signIn } from './staff_steps.mjs';
import { planOf, toSeats } from './steps.mjs';

const STEPS = 40;
const sizes = process.argv.slice(2).map(Number);
const ends = new Ends();
const browser = await openBrowser(ends);

/** What a page does meanwhile: `{ms, busyMs}` of the clock, and of the processor in its main thread. */
async function cost(page, act) {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const busy = async () => (await session.send('Performance.getMetrics')).metrics.find(({ name }) => name === 'TaskDuration').value * 1000;
  const before = await busy();
  const ms = await act();
  const busyMs = await busy() - before;
  await session.detach();
  return { ms, busyMs };
}

/** Goes to another page of the same document, until its map is painted. */
const firstPicture = (page, hash) => cost(page, () => page.evaluate((to) => new Promise((resolve) => {
  const begin = performance.now();
  const isThere = () => document.querySelector('.map .seat') && document.querySelector('.map').getBoundingClientRect().width > 0;
  const look = () => (isThere() ? requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - begin))) : requestAnimationFrame(look));
  location.hash = to;
  look();
}), hash));

/** One step of a drag, in the middle of many. */
async function dragStep(page, zooms) {
  await page.evaluate(async (times) => {
    document.querySelector('.zoom button:last-child').click();
    for (let n = 0; n < times; n += 1) document.querySelector('.zoom button').click();
    await new Promise((resolve) => { setTimeout(resolve, 300); });
  }, zooms);
  const { busyMs } = await cost(page, () => page.evaluate(async (steps) => {
    const frame = document.querySelector('.sight');
    const { x, y, width, height } = frame.getBoundingClientRect();
    const at = (n) => ({ clientX: x + width / 2 + 3 * n, clientY: y + height / 2 + n, bubbles: true, pointerId: 1, isPrimary: true, pointerType: 'mouse', button: 0, buttons: 1 });
    frame.setPointerCapture = () => {};
    frame.dispatchEvent(new PointerEvent('pointerdown', at(0)));
    for (let n = 4; n < steps + 4; n += 1) {
      frame.dispatchEvent(new PointerEvent('pointermove', at(n)));
      await new Promise(requestAnimationFrame);
    }
    frame.dispatchEvent(new PointerEvent('pointerup', at(steps + 4)));
  }, STEPS));
  return busyMs / STEPS;
}

/** A seat that somebody holds, until the page shows it. */
const change = async (page, hold) => cost(page, async () => {
  const shown = () => page.evaluate(() => document.querySelectorAll('.map .is-held').length);
  const before = await shown();
  await hold();
  await page.waitForFunction((count) => document.querySelectorAll('.map .is-held').length > count, before);
});

console.log('| page | seats | first picture, ms | of it main thread, ms | step of a drag, ms: all of it | zoomed | near | a seat changes, ms |');
console.log('| --- | --- | --- | --- | --- | --- | --- | --- |');
for (const seats of sizes.length ? sizes : [400, 2_000, 20_000]) {
  const own = new Ends();
  const app = await openApp(own);
  const { concertId, scheduleId } = await app.concert({ title: `${seats} seats`, layout: planOf(seats) });
  const labels = (await app.staff('GET', `/schedules/${scheduleId}/seats`)).seats.map(({ seat }) => seat);
  const customer = await openPage(browser, app);
  await toSeats(customer, app); // into the visit, by a small date of the demo
  const staff = await openPage(browser, app, { path: null });
  await signIn(staff, app);
  for (const [name, page, hash] of [['customer', customer, `#/concerts/${concertId}/dates/${scheduleId}`], ['staff', staff, `#dates/${scheduleId}`]]) {
    await page.bringToFront();
    await page.evaluate(() => { location.hash = document.querySelector('header .brand').hash || '#/'; });
    await page.locator('.map').waitFor({ state: 'detached' });
    const first = await firstPicture(page, hash);
    const steps = [];
    for (const zooms of [1, 3, 7]) steps.push(await dragStep(page, zooms));
    await page.locator('.zoom button').last().click();
    const other = await app.customer('Other');
    const changed = await change(page, () => other.call('POST', '/reservations', { scheduleId, seats: [labels.at(name === 'staff' ? -1 : 0)] }));
    console.log(`| ${[name, seats, first.ms, first.busyMs, ...steps, changed.busyMs].map((value) => (typeof value === 'number' ? value.toFixed(value < 100 ? 1 : 0) : value)).join(' | ')} |`);
  }
  await own.end();
}
await ends.end();
