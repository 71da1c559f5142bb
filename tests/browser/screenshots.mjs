// Every page in both widths, light and dark, Korean and English, into screenshots/. `node screenshots.mjs PART…` takes
// only the pages whose name has one of the parts. Each page is a function that brings a browser to it.

import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { Ends, openApp, openBrowser, openPage } from './rig.mjs';
import { customerPages } from './screenshots/customer.mjs';
import { staffPages } from './screenshots/staff.mjs';

const folder = fileURLToPath(new URL('../../screenshots/', import.meta.url));
const parts = process.argv.slice(2);
const pages = { ...customerPages, ...staffPages };
const wanted = Object.entries(pages).filter(([name]) => !parts.length || parts.some((part) => name.includes(part)));

mkdirSync(folder, { recursive: true });
const ends = new Ends();
const browser = await openBrowser(ends);
for (const [name, bring] of wanted) {
  for (const language of ['ko', 'en']) {
    for (const [width, height] of [[360, 780], [1366, 768]]) {
      const own = new Ends();
      await bring(async (flags, options = {}) => {
        const app = await openApp(own, flags);
        const page = await openPage(browser, app, { language, size: { width, height }, path: null, ...options });
        own.after(() => page.context().close());
        return { app, page, language };
      }, async (page, { full = true } = {}) => {
        for (const colorScheme of ['light', 'dark']) {
          await page.emulateMedia({ colorScheme });
          await page.screenshot({ path: `${folder}${name}-${width}-${colorScheme}-${language}.png`, fullPage: full, animations: 'disabled' });
        }
      });
      await own.end();
    }
  }
  console.log(name);
}
await ends.end();
