// What the map of many seats costs, on the customer's page and on the staff's: the time to the first picture, the time
// of the main thread for a step of a drag, from afar and near by, and for a seat that changes, how many pictures a
// second a drag has with a processor four times slower, and what comes over the wire. It prints a table with each
// figure beside its limit, and fails when one is over it: `node large_map.mjs [SEATS…]`, with BOXOFFICE for another
// program than the one of debugging. It is meant for a quiet machine.

import { request } from 'node:http';

import { Ends, openApp, openBrowser, openPage } from './rig.mjs';
import { signIn } from './staff_steps.mjs';
import { planOf, toSeats } from './steps.mjs';

const STEPS = 40;
/** In milliseconds: until the map is there, and for a step of a drag, so that 60 pictures a second have their time. */
const FIRST_MS = 1_000;
const STEP_MS = 16;
/** A drag has 60 pictures a second where the map is small; the last of them may come a moment late. */
const PICTURES = { seats: 400, least: 55, slowness: 4 };
/** A seat that changes is told in so many bytes, however many there are. */
const CHANGE_BYTES = 2_000;
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

/** One step of a drag, in the middle of many: its time of the main thread, and how many there are in a second. */
async function dragStep(page, zooms) {
  await page.evaluate(async (times) => {
    document.querySelector('.zoom button:last-child').click();
    for (let n = 0; n < times; n += 1) document.querySelector('.zoom button').click();
    await new Promise((resolve) => { setTimeout(resolve, 300); });
  }, zooms);
  const { ms, busyMs } = await cost(page, () => page.evaluate(async (steps) => {
    const frame = document.querySelector('.sight');
    const { x, y, width, height } = frame.getBoundingClientRect();
    const at = (n) => ({ clientX: x + width / 2 + 3 * n, clientY: y + height / 2 + n, bubbles: true, pointerId: 1, isPrimary: true, pointerType: 'mouse', button: 0, buttons: 1 });
    frame.setPointerCapture = () => {};
    frame.dispatchEvent(new PointerEvent('pointerdown', at(0)));
    const begin = performance.now();
    for (let n = 4; n < steps + 4; n += 1) {
      frame.dispatchEvent(new PointerEvent('pointermove', at(n)));
      await new Promise(requestAnimationFrame);
    }
    const took = performance.now() - begin;
    frame.dispatchEvent(new PointerEvent('pointerup', at(steps + 4)));
    return took;
  }, STEPS));
  return { stepMs: busyMs / STEPS, aSecond: STEPS * 1000 / ms };
}

/** The same while the processor is slower, as that of a phone is. */
async function slowly(page, act) {
  const session = await page.context().newCDPSession(page);
  await session.send('Emulation.setCPUThrottlingRate', { rate: PICTURES.slowness });
  const result = await act();
  await session.send('Emulation.setCPUThrottlingRate', { rate: 1 });
  await session.detach();
  return result;
}

/** How many bytes of an answer come, compressed as browsers ask for it. */
const wireBytes = (app, path, authorization) => new Promise((resolve, reject) => {
  request(`${app.url}/api/v1${path}`, { headers: { authorization, 'accept-encoding': 'gzip' } }, (answer) => {
    let bytes = 0;
    answer.on('data', (part) => { bytes += part.length; });
    answer.on('end', () => resolve(bytes));
  }).on('error', reject).end();
});

/** A seat that somebody holds, until the page shows it. */
const change = async (page, hold) => cost(page, async () => {
  const shown = () => page.evaluate(() => document.querySelectorAll('.map .is-held').length);
  const before = await shown();
  await hold();
  await page.waitForFunction((count) => document.querySelectorAll('.map .is-held').length > count, before);
});

const over = [];
/** A figure beside its limit; what is over it is told in the end. */
function beside(what, value, limit, isSound = value < limit) {
  if (!isSound) over.push(`${what}: ${value.toFixed(1)}, the limit is ${limit}`);
  return `${value.toFixed(value < 100 ? 1 : 0)}${isSound ? '' : ' !'} / ${limit}`;
}

console.log('| page | seats | first picture, ms / limit | step of a drag, ms of the main thread / limit: all of it | zoomed | near | pictures a second / least, slow processor | a seat changes, ms | the map, bytes on the wire | a change, bytes / limit |');
console.log(`|${' --- |'.repeat(10)}`);
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
    const what = `${name}, ${seats} seats`;
    const steps = [];
    for (const zooms of [1, 3, 7]) steps.push(beside(`${what}, a step of a drag after ${zooms} zooms`, (await dragStep(page, zooms)).stepMs, STEP_MS));
    const { aSecond } = await slowly(page, () => dragStep(page, 3));
    const pictures = seats > PICTURES.seats ? aSecond.toFixed(0) : beside(`${what}, pictures a second`, aSecond, PICTURES.least, aSecond >= PICTURES.least);
    await page.locator('.zoom button').last().click();
    const other = await app.customer('Other');
    const path = `${name === 'staff' ? '/staff' : ''}/schedules/${scheduleId}/seats`;
    const key = `Bearer ${name === 'staff' ? app.staffKey : other.token}`;
    const { version } = await app.call('GET', path, undefined, key);
    const changed = await change(page, () => other.call('POST', '/reservations', { scheduleId, seats: [labels.at(name === 'staff' ? -1 : 0)] }));
    const [whole, part] = [await wireBytes(app, path, key), await wireBytes(app, `${path}?since=${version}`, key)];
    console.log(`| ${[name, seats, beside(`${what}, first picture`, first.ms, FIRST_MS), ...steps, pictures, changed.busyMs.toFixed(1), whole, beside(`${what}, bytes of a change`, part, CHANGE_BYTES)].join(' | ')} |`);
  }
  await own.end();
}
await ends.end();
if (over.length) {
  console.error(over.join('\n'));
  process.exitCode = 1;
}
