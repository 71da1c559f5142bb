// The pictures of the README and of the handbook, made from the pages as they are:
// scripts/screenshots --pictures writes them to src/web/handbook/.

import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { Ends, PHONE, openApp, openBrowser, openPage } from './rig.mjs';
import { customerPages } from './screenshots/customer.mjs';
import { staffPages } from './screenshots/staff.mjs';
import { staffCounterPages } from './screenshots/staff_counter.mjs';

const WIDE = { width: 1200, height: 740 };
const LAPTOP = { width: 960, height: 700 };
const HAND = { width: 400, height: 600 };

const ends = new Ends();
const browser = await openBrowser(ends);

/** What is in the window of a page. */
async function taken(bring, size, language) {
  const own = new Ends();
  let shot;
  await bring(async (flags, more = {}) => {
    const app = await openApp(own, flags);
    const page = await openPage(browser, app, { path: null, size, language, ...more });
    own.after(() => page.context().close());
    return { app, page, language };
  }, async (page) => {
    await page.evaluate(() => scrollTo(0, 0));
    shot = await page.screenshot({ animations: 'disabled' });
  });
  await own.end();
  return { size, url: `data:image/png;base64,${shot.toString('base64')}` };
}

/** Writes a picture of windows side by side. */
async function write(name, ...shots) {
  const page = await browser.newPage();
  const images = shots.map(({ size, url }) => `<img src="${url}" width="${size.width}" height="${size.height}" alt="">`);
  await page.setContent(`<style>
    body { margin: 0; padding: 24px; display: inline-flex; gap: 24px; background: #e9e6df; }
    img { display: block; border-radius: 14px; }
  </style>${images.join('')}`);
  await page.locator('img').last().waitFor();
  const file = fileURLToPath(new URL(`../../src/web/handbook/${name}.png`, import.meta.url));
  writeFileSync(file, await page.locator('body').screenshot());
  await page.close();
  console.log(file);
}

await write('pages', await taken(customerPages.seatsSections, PHONE, 'ko'), await taken(customerPages.ticketsBought, PHONE, 'ko'),
  await taken(staffPages.staffEvening, WIDE, 'en'));
for (const language of ['en', 'ko']) {
  await write(`evening-${language}`, await taken(staffPages.staffEvening, LAPTOP, language));
  await write(`counter-${language}`, await taken(staffCounterPages.staffCustomer, LAPTOP, language));
  await write(`door-${language}`, await taken(staffPages.staffDoorYes, HAND, language), await taken(staffPages.staffDoorNo, HAND, language));
}
await ends.end();
