// The steps of staff in a browser, by what a person reads, in either language.

const words = await Promise.all(['words', 'concerts_words', 'layout_words', 'counter_words', 'counter_seats_words', 'evening_words', 'keys_words', 'webhooks_words', 'refusals', 'door_words']
  .map((name) => tableOf(name)));

/** A table of texts, read from the file as it is served. */
async function tableOf(name) {
  globalThis.localStorage ??= { getItem: () => null };
  const module = await import(new URL(`../../src/web/staff/${name}.js`, import.meta.url));
  return Object.values(module).find((one) => typeof one === 'object');
}

const texts = Object.assign({}, ...words);

/**
 * A text of the staff's pages in the language of a page, with its places filled; what is not filled may be anything.
 */
export async function text(page, key, values = {}) {
  const row = texts[key];
  if (!row) throw new Error(`there is no text ${key}`);
  const language = await page.locator('html').getAttribute('lang');
  const forms = row[language === 'ko' ? 0 : 1].split(' | ');
  const form = forms.length > 1 && values.n !== 1 ? forms[1] : forms[0];
  const filled = form.replace(/\{(\w+)\}/g, (_, name) => (values[name] ?? `\u0000`).toString());
  return new RegExp(`^${filled.split('\u0000').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.*')}$`);
}

export const button = async (page, key, values) => page.getByRole('button', { name: await text(page, key, values) });
export const link = async (page, key, values) => page.getByRole('link', { name: await text(page, key, values) });
export const field = async (page, key, values) => page.getByLabel(await text(page, key, values));

export const choice = async (page, key) => page.getByRole('radio', { name: await text(page, key) });

/** Signs in with a key and waits for the first part. */
export async function signIn(page, app, key = app.staffKey, part = '') {
  await page.goto(`${app.url}/staff${part}`);
  await (await field(page, 'staff.key')).fill(key);
  await page.keyboard.press('Enter');
  await page.locator('header .part').first().waitFor();
  await settled(page);
}

/** Waits until a part is drawn. */
export async function settled(page) {
  await page.locator('main:not([aria-busy]) h1').first().waitFor();
}

/** Goes to a part by its place in the top. */
export async function goTo(page, part) {
  await (await link(page, `part.${part}`)).click();
  await page.locator(`header .part[aria-current]`).filter({ hasText: await text(page, `part.${part}`) }).waitFor();
  await settled(page);
}

/** Agrees in the dialog that is open, by the button of this text, and waits until that dialog is gone. */
export async function agree(page, key, values) {
  const dialog = await page.getByRole('dialog').elementHandle();
  await page.getByRole('dialog').getByRole('button', { name: await text(page, key, values) }).click();
  await dialog.waitForElementState('hidden');
}
