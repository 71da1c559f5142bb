// What every page has: the language of the browser and the switch, no
// error, no request to another host, nothing for axe.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { LAPTOP, PHONE, mustBeSound, openApp, openBrowser, openPage } from './rig.mjs';

const PAGES = ['/', '/staff', '/problems/seat_unavailable', '/nowhere'];

test('every first page is sound in both languages, light and dark, on a phone and on a laptop', async (t) => {
  const [app, browser] = [await openApp(t), await openBrowser(t)];
  for (const path of PAGES) {
    for (const [language, size, dark] of [['ko', PHONE, false], ['en', PHONE, true], ['ko', LAPTOP, true], ['en', LAPTOP, false]]) {
      const page = await openPage(browser, app, { language, size, dark, path, expected: /404/ });
      assert.equal(await page.locator('html').getAttribute('lang'), language);
      await page.locator('main h1:visible').first().waitFor();
      await mustBeSound(page, `${path} ${language} ${size.width} ${dark ? 'dark' : 'light'}`);
      await page.context().close();
    }
  }
});

test('the language follows the browser until it is chosen, and the choice is kept', async (t) => {
  const [app, browser] = [await openApp(t), await openBrowser(t)];
  for (const path of ['/', '/staff', '/problems/seat_unavailable', '/nowhere']) {
    const page = await openPage(browser, app, { language: 'ko', path, expected: /404/ });
    const heading = page.locator('main h1:visible').first();
    await page.locator('header .brand').waitFor();
    assert.match(await heading.textContent(), /[가-힣]/);
    await page.getByRole('button', { name: 'English' }).click();
    const inEnglish = page.locator('html[lang=en] main h1:visible', { hasNotText: /[가-힣]/ }).first();
    await inEnglish.waitFor();
    await page.reload();
    await inEnglish.waitFor();
    await page.context().close();
  }
});

test('the rig itself sees an error, a foreign request and a violation', async (t) => {
  const [app, browser] = [await openApp(t), await openBrowser(t)];
  const page = await openPage(browser, app);
  await page.locator('main h1').first().waitFor();
  await page.evaluate(() => { console.error('planted'); new Image().src = 'http://127.0.0.9:9/x.png'; });
  await page.waitForFunction(() => document.readyState === 'complete');
  await assert.rejects(mustBeSound(page), /planted/);
  assert.ok(page.errors.some((error) => error.includes('127.0.0.9')), String(page.errors));
  page.errors.length = 0;
  await page.evaluate(() => document.querySelector('main').append(document.createElement('input')));
  await assert.rejects(mustBeSound(page), /label/);
});
