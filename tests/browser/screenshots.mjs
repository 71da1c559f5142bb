// Every page in both widths, light and dark, Korean and English, into screenshots/. `node screenshots.mjs PART…` takes
// only the pages whose name has one of the parts; `--more` takes the other windows instead: a projector, a phone held
// sideways, a laptop at 200 %, and a phone with text of twice the size. Each page is a function that brings a browser
// to it.

import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { Ends, openApp, openBrowser, openEmptyApp, openPage } from './rig.mjs';
import { customerPages } from './screenshots/customer.mjs';
import { customerChanges } from './screenshots/customer_changes.mjs';
import { staffPages } from './screenshots/staff.mjs';
import { staffCounterPages } from './screenshots/staff_counter.mjs';

const WINDOWS = [['360', 360, 780], ['1366', 1366, 768]];
const MORE = [['1920', 1920, 1080], ['sideways', 780, 360], ['zoom200', 683, 384], ['text200', 360, 780]];
const folder = fileURLToPath(new URL('../../screenshots/', import.meta.url));
const isMore = process.argv.includes('--more');
const parts = process.argv.slice(2).filter((word) => word !== '--more');
const pages = { ...customerPages, ...customerChanges, ...staffPages, ...staffCounterPages };
const wanted = Object.entries(pages).filter(([name]) => !parts.length || parts.some((part) => name.includes(part)));

mkdirSync(folder, { recursive: true });
const ends = new Ends();
const browser = await openBrowser(ends);
for (const [name, bring] of wanted) {
  for (const language of ['ko', 'en']) {
    for (const [called, width, height] of isMore ? MORE : WINDOWS) {
      const own = new Ends();
      await bring(async (flags, { empty = false, ...options } = {}) => {
        const app = await (empty ? openEmptyApp : openApp)(own, flags);
        const page = await openPage(browser, app, { language, size: { width, height }, path: null, ...options });
        own.after(() => page.context().close());
        return { app, page, language };
      }, async (page, { full = true } = {}) => {
        if (called === 'text200') await page.evaluate(() => { document.documentElement.style.fontSize = '200%'; });
        for (const colorScheme of isMore ? ['light'] : ['light', 'dark']) {
          await page.emulateMedia({ colorScheme });
          await page.screenshot({ path: `${folder}${name}-${called}-${colorScheme}-${language}.png`, fullPage: full, animations: 'disabled' });
        }
      });
      await own.end();
    }
  }
  console.log(name);
}
await ends.end();
