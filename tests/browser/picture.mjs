// The picture of the README: a customer's seats and tickets on a phone and the staff's evening on a desk, as they are, side by
// side. scripts/screenshots --picture writes it to src/web/handbook/.

import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { Ends, PHONE, openBrowser, openHall, openPage } from './rig.mjs';
import { customerPages } from './screenshots/customer.mjs';
import { staffPages } from './screenshots/staff.mjs';

const file = fileURLToPath(new URL('../../src/web/handbook/pages.png', import.meta.url));
const DESK = { width: 1200, height: 740 };
const SCALE = 1;

const ends = new Ends();
const browser = await openBrowser(ends);

/** What is in the window of a page, as a data URL. */
async function taken(bring, options) {
  const own = new Ends();
  let shot;
  await bring(async (flags, more = {}) => {
    const hall = await openHall(own, flags);
    const page = await openPage(browser, hall, { path: null, deviceScaleFactor: SCALE, ...options, ...more });
    own.after(() => page.context().close());
    return { hall, page };
  }, async (page) => { shot = await page.screenshot({ animations: 'disabled' }); });
  await own.end();
  return `data:image/png;base64,${shot.toString('base64')}`;
}

const shots = [
  [PHONE, await taken(customerPages.seatsSections, { language: 'ko', size: PHONE })],
  [PHONE, await taken(customerPages.ticketsBought, { language: 'ko', size: PHONE })],
  [DESK, await taken(staffPages.staffEvening, { language: 'en', size: DESK })],
];
const context = await browser.newContext({ deviceScaleFactor: SCALE });
const page = await context.newPage();
const images = shots.map(([{ width, height }, url]) => `<img src="${url}" width="${width}" height="${height}" alt="">`);
await page.setContent(`<style>
  body { margin: 0; padding: 24px; display: inline-flex; gap: 24px; background: #e9e6df; }
  img { display: block; border-radius: 14px; box-shadow: 0 2px 18px rgb(30 25 60 / 22%); }
</style>${images.join('')}`);
await page.locator('img').last().waitFor();
writeFileSync(file, await page.locator('body').screenshot());
await ends.end();
console.log(file);
