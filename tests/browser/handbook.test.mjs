// The handbook: readable on a phone and on a laptop, light and dark, in both
// languages, and one press away from the staff's pages.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { LAPTOP, PHONE, mustBeSound, openApp, openBrowser, openPage } from './rig.mjs';
import { link, signIn } from './staff_steps.mjs';

test('handbook: every page is sound in both languages, on a phone and on a laptop', async (t) => {
  const [app, browser] = [await openApp(t), await openBrowser(t)];
  for (const [language, size, dark] of [['ko', PHONE, false], ['en', PHONE, true], ['ko', LAPTOP, true], ['en', LAPTOP, false]]) {
    for (const name of ['', '/venue', '/security', '/clients', '/course']) {
      const page = await openPage(browser, app, { language, size, dark, path: `/handbook${name}` });
      assert.equal(await page.locator('html').getAttribute('lang'), language);
      const plain = await page.evaluate(() => [...document.querySelectorAll('article :not(pre, code)')].flatMap((one) => [...one.childNodes]).filter((one) => one.nodeType === 3).map((one) => one.data));
      assert.deepEqual(plain.filter((text) => text.includes('**')), [], 'signs of Markdown that a reader sees');
      await mustBeSound(page, `handbook${name} in ${language} at ${size.width}`);
      await page.context().close();
    }
  }
});

test('handbook: staff open it at the part that they are at, and change its language by a link', async (t) => {
  const [app, browser] = [await openApp(t), await openBrowser(t)];
  const page = await openPage(browser, app, { language: 'ko', path: null });
  await signIn(page, app, app.staffKey, '#counter');
  const opened = page.waitForEvent('popup');
  await (await link(page, 'staff.handbook')).click();
  const handbook = await opened;
  await handbook.locator('#counter').waitFor({ state: 'attached' });
  assert.equal(new URL(handbook.url()).pathname + new URL(handbook.url()).hash, '/handbook/ko#counter');
  await handbook.getByRole('link', { name: 'English' }).click();
  await handbook.locator('html[lang=en] h1').waitFor();
  await page.locator('header .part[aria-current]').waitFor(); // the page that was open is as it was
});
