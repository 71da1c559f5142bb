// Korean and English. A table of texts has one row a text, so that both are read and changed together:
//   'seats.free': ['빈 좌석', 'Free seat'],
// `{name}` is filled in. An English text with ` | ` has a form for one and a form for more, chosen by `n`; a row whose
// key ends in `.zero` is said in place of the one without, for an `n` of 0.

import { inBrowser } from './store.js';

const KEPT = 'boxoffice.language';
const LANGUAGES = ['ko', 'en'];
const texts = new Map();
let current = null;

/** Adds a table of texts. A key that is there already is a mistake. */
export function addWords(table) {
  for (const [key, row] of Object.entries(table)) {
    if (texts.has(key)) throw new Error(`the text ${key} is there twice`);
    texts.set(key, row);
  }
}

/** The language of the page: as chosen here before, else as the server answered the browser. */
export function language() {
  if (!current) {
    const kept = inBrowser.get(KEPT);
    setLanguage(LANGUAGES.includes(kept) ? kept : document.documentElement.lang);
  }
  return current;
}

function setLanguage(chosen) {
  current = LANGUAGES.includes(chosen) ? chosen : 'en';
  document.documentElement.lang = current;
}

/** Changes the language and keeps it in this browser; the page is told by the event `language` on the window. */
export function chooseLanguage(chosen) {
  setLanguage(chosen);
  inBrowser.set(KEPT, current);
  window.dispatchEvent(new Event('language'));
}

/** What somebody wrote by language: in that of the page, or else in the other; null when it is in neither. */
export const inOwn = (byLanguage) => byLanguage?.[language()] ?? LANGUAGES.map((other) => byLanguage?.[other]).find(Boolean) ?? null;

/** Whether there is such a text. */
export const has = (key) => texts.has(key);

/** A text in the language of the page. */
export function say(key, values = {}) {
  const row = (values.n === 0 && texts.get(`${key}.zero`)) || texts.get(key);
  if (!row) throw new Error(`there is no text ${key}`);
  return filled(row[LANGUAGES.indexOf(language())], values);
}

/** The text with its values filled in, in the form for one or for more. */
export function filled(text, values) {
  const forms = text.split(' | ');
  const form = forms.length > 1 && values.n !== 1 ? forms[1] : forms[0];
  return form.replace(/\{(\w+)\}/g, (whole, name) => {
    const value = values[name];
    if (value === undefined) return whole;
    return typeof value === 'number' ? value.toLocaleString(current ?? 'en') : value;
  });
}
