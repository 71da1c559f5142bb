// What a screen reader is told: the browser's accessibility tree on the way of a purchase and on the staff's parts.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { PHONE, openApp, openBrowser, openPage } from './rig.mjs';
import { settled, signIn } from './staff_steps.mjs';
import { hold, seat, toSeats, topUpAndPay } from './steps.mjs';

/** The nodes that assistive technology sees: role, name, and what else is known of each. */
async function treeOf(page) {
  const session = await page.context().newCDPSession(page);
  const { nodes } = await session.send('Accessibility.getFullAXTree');
  await session.detach();
  return nodes.filter((node) => !node.ignored).map(({ role, name, properties = [] }) => ({
    role: role?.value, name: (name?.value ?? '').trim(), ...Object.fromEntries(properties.map((one) => [one.name, one.value.value])),
  }));
}

/** One head, one main part, one first heading, no level that is skipped, and a name for all that can have the focus. */
async function mustBeTold(page, what) {
  const tree = await treeOf(page);
  const count = (role) => tree.filter((node) => node.role === role).length;
  assert.deepEqual([count('banner'), count('main')], [1, 1], `${what}: landmarks`);
  const levels = tree.filter(({ role }) => role === 'heading').map(({ level }) => level);
  assert.equal(levels.filter((level) => level === 1).length, 1, `${what}: headings of the first level: ${levels}`);
  const skips = levels.filter((level, at) => level > (levels[at - 1] ?? 0) + 1);
  assert.deepEqual(skips, [], `${what}: headings skip a level: ${levels}`);
  const nameless = tree.filter(({ role, name, focusable }) => focusable && !name && !['RootWebArea', 'main', 'generic'].includes(role));
  assert.deepEqual(nameless, [], `${what}: what can have the focus has no name`);
  const buttons = tree.filter(({ role }) => role === 'button' || role === 'link').map(({ name }) => name);
  assert.deepEqual(buttons.filter((name) => !/[\p{L}\d]/u.test(name)), [], `${what}: names without a word`);
  return tree;
}

for (const language of ['ko', 'en']) {
  test(`screen reader: every page of a purchase has its landmarks, headings and names (${language})`, async (t) => {
    const [app, browser] = [await openApp(t), await openBrowser(t)];
    const page = await openPage(browser, app, { language, size: PHONE });
    await page.locator('main article').first().waitFor();
    await mustBeTold(page, 'concerts');
    await page.goto(`${app.url}/#/concerts/${app.concertId}`);
    await page.locator('article.date').first().waitFor();
    await mustBeTold(page, 'dates');
    await toSeats(page, app);
    const seats = (await mustBeTold(page, 'seats')).filter(({ role }) => role === 'checkbox');
    assert.ok(seats.length > 10, `seats are told as what can be chosen: ${seats.length}`);
    await seat(page, '12').click();
    const chosen = (await treeOf(page)).filter(({ role, checked }) => role === 'checkbox' && checked === 'true');
    assert.deepEqual(chosen.map(({ name }) => /12.*50,000/.test(name)), [true], 'the seat that is chosen is told so');
    await seat(page, '12').click();
    await hold(page, '12');
    await page.locator('#amount').waitFor();
    const held = await mustBeTold(page, 'paying');
    assert.ok(held.some(({ role, name }) => role === 'spinbutton' || (role === 'textbox' && name)), 'the amount is a field with a name');
    await topUpAndPay(page);
    const paid = await mustBeTold(page, 'tickets');
    assert.ok(paid.some(({ role, name }) => role === 'image' && /QR/.test(name)), 'the code is told to be one');
  });
}

test('screen reader: every part of the staff has its landmarks, headings and names', async (t) => {
  const [app, browser] = [await openApp(t), await openBrowser(t)];
  const page = await openPage(browser, app, { path: '/staff' });
  await signIn(page, app);
  for (const part of ['evening', 'wall', 'concerts', 'concerts/1', 'concerts/new', 'dates/1', 'dates/new/1', 'counter', 'door', 'door/1', 'keys', 'webhooks']) {
    await page.goto(`${app.url}/staff#${part}`);
    await settled(page);
    await mustBeTold(page, part);
  }
});
