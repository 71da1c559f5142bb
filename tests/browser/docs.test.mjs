// `/docs`: every call to read and to try, in both languages; its examples are run as they stand there; keys stay in the
// page.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';

import { PHONE, mustBeSound, openApp, openBrowser, openPage } from './rig.mjs';

const WIDE = { width: 1366, height: 768 };
/** What a browser writes down of an answer that the test wants. */
const REFUSED = /the server responded with a status of 4\d\d/;

const openDocs = async (browser, app, options = {}) => {
  const page = await openPage(browser, app, { size: WIDE, ...options, path: `/docs${options.hash ?? ''}` });
  await page.locator('details.call').first().waitFor();
  return page;
};

/** Opens a call and gives its element. */
async function openCall(page, id) {
  const call = page.locator(`details[id="${id}"]`);
  if (await call.getAttribute('open') === null) await call.locator('summary').first().click();
  await call.locator('form.try').waitFor();
  return call;
}

/** Sends the form of a call with these fields, and gives the status that it shows. */
async function send(call, fields = {}) {
  for (const [label, value] of Object.entries(fields)) await call.getByLabel(label, { exact: true }).fill(value);
  const before = await call.locator('.answer').textContent();
  await call.getByRole('button', { name: 'Send' }).click();
  const note = call.locator('.answer .note');
  await note.waitFor();
  await call.page().waitForFunction(([id, old]) => document.querySelector(`[id="${id}"] .answer`).textContent !== old, [await call.getAttribute('id'), before]);
  return Number((await note.textContent()).slice(0, 3));
}

test('docs: sound in both languages, on a phone and on a laptop, light and dark, with a call and all that is folded in it open', async (t) => {
  const [app, browser] = [await openApp(t), await openBrowser(t)];
  for (const [language, size, dark, opens] of [['ko', PHONE, false, ['reserve']], ['en', WIDE, true, ['setFaults', 'addWebhook']], ['ko', WIDE, false, []], ['en', PHONE, true, []]]) {
    const page = await openDocs(browser, app, { language, size, dark });
    assert.equal(await page.locator('html').getAttribute('lang'), language);
    await mustBeSound(page, `docs in ${language} at ${size.width}`);
    await page.evaluate((ids) => { for (const one of document.querySelectorAll(['.every', ...ids.map((id) => `#${id}`)])) one.open = ids.length > 0; }, opens);
    for (let folded = 1; folded;) { // one layer after the other
      folded = await page.evaluate(() => {
        const all = [...document.querySelectorAll('details.call[open] details:not([open])')];
        all.forEach((one) => { one.open = true; });
        return all.length;
      });
      await page.evaluate(() => new Promise((resolve) => { requestAnimationFrame(() => setTimeout(resolve)); }));
    }
    if (opens.length) await mustBeSound(page, `open calls in ${language} at ${size.width}`);
    await page.context().close();
  }
});

test('docs: every call says who may, what it takes and how it refuses, in the language that is chosen', async (t) => {
  const [app, browser] = [await openApp(t), await openBrowser(t)];
  const page = await openDocs(browser, app, { language: 'ko' });
  for (const language of ['ko', 'en']) {
    if (language === 'en') await page.getByRole('button', { name: 'English' }).click();
    await page.locator(`html[lang=${language}] #reserve`).waitFor();
    const told = await (await fetch(`${app.url}/api/v1/openapi.json`, { headers: { 'Accept-Language': language } })).json();
    const calls = Object.entries(told.paths).flatMap(([path, item]) => Object.entries(item).map(([method, call]) => ({ ...call, path, method })));
    assert.equal(await page.locator('details.call').count(), calls.length);
    await page.evaluate(() => { document.querySelectorAll('details.call').forEach((one) => { one.open = true; }); });
    await page.waitForFunction(() => document.querySelectorAll('form.try').length === document.querySelectorAll('details.call').length);
    const shown = await page.evaluate(() => Object.fromEntries([...document.querySelectorAll('details.call')].map((one) => [one.id, one.textContent])));
    for (const { operationId, path, method, summary, description, parameters = [], ...call } of calls) {
      const names = parameters.map((one) => (one.$ref ? told.components.parameters[one.$ref.split('/').pop()] : one).name);
      const codes = Object.values(call.responses).filter((one) => one.content?.['application/problem+json'])
        .flatMap((one) => [...one.description.matchAll(/`([A-Z_]+)`: /g)].map((match) => match[1]));
      for (const text of [path, method.toUpperCase(), summary, description.split('`')[0].split('\n')[0], ...names, ...codes, ...(call['x-roles'] ?? [])]) {
        assert.ok(shown[operationId].includes(text), `${operationId} in ${language}: ${text}`);
      }
      for (const scheme of call.security.flatMap(Object.keys)) {
        assert.ok(shown[operationId].includes(told.components.securitySchemes[scheme].description.split('`')[0]), `${operationId}: ${scheme}`);
      }
    }
    const callback = told.paths['/api/v1/staff/webhooks'].post.callbacks.event['{$request.body#/url}'].post;
    const folded = page.locator('#addWebhook .told', { hasText: callback.summary });
    await folded.locator('summary').first().click();
    const sent = await folded.textContent();
    for (const text of ['{$request.body#/url}', 'webhook-signature', 'timestamp', '410', callback.responses[410].description]) assert.ok(sent.includes(text), text);
    const problem = told.components.schemas.SeatUnavailable;
    assert.ok(shown.reserve.includes(problem.description) && shown.reserve.includes(problem.examples[0].title));
  }
  assert.deepEqual(page.errors, []);
});

test('docs: the examples in curl and in JavaScript are run as they stand, for every call, and come to the same', async (t) => {
  const [app, other, browser] = [await openApp(t), await openApp(t), await openBrowser(t)];
  const page = await openDocs(browser, app);
  await page.evaluate(() => { document.querySelectorAll('details.call').forEach((one) => { one.open = true; }); });
  await page.waitForFunction(() => document.querySelectorAll('form.try').length === document.querySelectorAll('details.call').length);
  const examples = await page.evaluate(() => [...document.querySelectorAll('details.call')].map((one) => ({
    id: one.id, curl: one.querySelector('pre[aria-label=curl]').textContent, script: one.querySelector('pre[aria-label=JavaScript]').textContent,
  })));
  const [one, two] = [await app.customer(), await other.customer()];
  const tokenOf = (server, { userId, userKey }) => server.call('POST', '/queue/tokens', { userId, userKey });
  // What others need stays until they had it.
  const last = [/^(leave|revoke|cancel|delete|setFaults)/, /^reset/];
  const rank = ({ id }) => last.findIndex((names) => names.test(id));
  examples.sort((a, b) => rank(a) - rank(b));
  const AsyncFunction = (async () => {}).constructor;
  let carriedOut = 0;
  for (const { id, curl, script } of examples) {
    const [{ token }, { token: otherToken }] = [await tokenOf(app, one), await tokenOf(other, two)];
    const env = { ...process.env, TOKEN: token, USER_ID: one.userId, USER_KEY: one.userKey, STAFF_KEY: app.staffKey };
    const said = execFileSync('bash', ['-c', `${curl} -s`], { env, encoding: 'utf8', timeout: 15_000 });
    const status = Number(said.split(' ')[1]);
    const lines = [];
    const run = new AsyncFunction('console', 'token', 'userId', 'userKey', 'staffKey', script.replaceAll(app.url, other.url));
    await run({ log: (...values) => lines.push(values) }, otherToken, two.userId, two.userKey, other.staffKey);
    assert.equal(lines[0][0], status, `${id}: ${curl}\n${said}\n${script}`);
    assert.ok(![400, 401, 403, 405, 415].includes(status) || said.includes('"code":"NOT_YOURS"') || id === 'issueToken', `${id}: ${curl}\n${said}`);
    carriedOut += status < 400 ? 1 : 0;
  }
  assert.ok(examples.length > 80 && carriedOut > 50, `${carriedOut} of ${examples.length}`);
});

test('docs: a ticket is bought with the forms alone, which know the keys of the answers before and put them nowhere else', async (t) => {
  const [app, browser] = [await openApp(t), await openBrowser(t)];
  const page = await openDocs(browser, app, { expected: REFUSED });
  assert.equal(await send(await openCall(page, 'registerUser'), { 'Body (JSON)': '{"name": "Kim"}' }), 201);
  assert.equal(await send(await openCall(page, 'issueToken')), 201);
  const reserve = await openCall(page, 'reserve');
  assert.equal(await send(reserve, { 'Idempotency-Key': 'one' }), 201);
  assert.equal(await send(reserve, { 'Body (JSON)': '{"scheduleId": 1, "seats": ["14"]}' }), 422);
  assert.match(await reserve.locator('.answer').textContent(), /IDEMPOTENCY_KEY_REUSED/);
  const pay = await openCall(page, 'pay');
  assert.equal(await send(pay), 402);
  await (await openCall(page, 'reserve')).getByLabel('Idempotency-Key').fill('');
  assert.equal(await send(await openCall(page, 'topUpBalance'), { 'Body (JSON)': '{"amount": 100000}' }), 201);
  assert.equal(await send(await openCall(page, 'reserve'), { 'Body (JSON)': '{"scheduleId": 1, "seats": ["12", "13"]}' }), 201);
  assert.equal(await send(pay), 201);
  const answer = pay.locator('.answer');
  assert.match(await answer.textContent(), /"status": "COMPLETED"/);
  await answer.locator('summary').click();
  await answer.getByText(/^x-request-id: /m).waitFor();
  const keys = await page.locator('#issueToken .answer pre').last().textContent();
  const { token } = JSON.parse(keys);
  const userKey = JSON.parse(await page.locator('#registerUser .answer pre').last().textContent()).userKey;
  const kept = await page.evaluate(() => JSON.stringify([location.href, history.state, { ...localStorage }, { ...sessionStorage }, document.cookie]));
  for (const key of [token, userKey]) assert.ok(key.length === 32 && !kept.includes(key), kept);
  // The code below a form says what the form says, and no key.
  const code = await pay.locator('pre[aria-label=curl]').textContent();
  assert.ok(code.includes('$TOKEN') && !code.includes(token));
  await page.reload();
  assert.equal(await (await openCall(page, 'pay')).getByLabel('Queue token').inputValue(), '');
  await mustBeSound(page);
});

test('docs: a staff key that is typed opens staff calls, without it they are refused, and a call that waits can be stopped', async (t) => {
  const [app, browser] = [await openApp(t), await openBrowser(t)];
  const page = await openDocs(browser, app, { expected: REFUSED, hash: '#readQueue' });
  const line = await openCall(page, 'readQueue');
  assert.equal(await send(line), 401);
  assert.equal(await send(line, { 'Staff key': app.staffKey }), 200);
  const feed = await openCall(page, 'listEvents');
  assert.equal(await feed.getByLabel('Staff key').inputValue(), app.staffKey);
  await feed.getByLabel('after', { exact: true }).fill('1000000');
  await feed.getByLabel('Prefer').fill('wait=30');
  await feed.getByRole('button', { name: 'Send' }).click();
  await feed.getByRole('button', { name: 'Stop waiting' }).click();
  await feed.getByRole('alert').waitFor();
  assert.equal(await send(feed, { Prefer: '' }), 200);
  await mustBeSound(page);
});

test('docs: the search finds by path, word and refusal, and each call has an address, by keyboard too', async (t) => {
  const [app, browser] = [await openApp(t), await openBrowser(t)];
  const page = await openDocs(browser, app, { hash: '#pay' });
  await page.locator('#pay form.try').waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.closest('details').id), 'pay');
  const visible = () => page.locator('details.call').evaluateAll((all) => all.filter((one) => one.offsetParent).map((one) => one.id));
  await page.getByLabel('Search').fill('post /users/{userId}/key');
  assert.deepEqual(await visible(), ['renewUserKey']);
  await page.getByLabel('Search').fill('venue RULES');
  assert.ok((await visible()).includes('readVenue') && !(await visible()).includes('pay'));
  await page.getByLabel('Search').fill('insufficient_balance /api/v1/payments');
  assert.deepEqual(await visible(), ['pay']);
  assert.equal(await page.locator('aside [role=status]').textContent(), '1 call found.');
  await page.getByLabel('Search').fill('');
  await page.keyboard.press('Tab'); // the first room
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Users');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'room-users');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.locator('#registerUser form.try').waitFor();
  assert.equal(new URL(page.url()).hash, '#registerUser');
  await page.goto(`${app.url}/docs#reserve`);
  await page.locator('#reserve form.try').waitFor();
  assert.deepEqual(page.errors, []);
});
