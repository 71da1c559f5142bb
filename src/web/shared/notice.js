// What is said beside the page: passing notices, questions in a dialog,
// the banner of a lost network, the language switch.

import { connection } from './api.js';
import { el, fill } from './dom.js';
import { chooseLanguage, language, say } from './language.js';

const PASSING_MS = 6000;
const JUST_NOW_MS = 1000;
/** One with a button stays so long, for those who are slow to reach it. */
const WITH_BUTTON_MS = 15_000;
const passing = el('div', { class: 'passing no-print', role: 'status', 'aria-live': 'polite' });
const spoken = el('div', { class: 'unseen', role: 'status', 'aria-live': 'polite' });
let shown = { at: 0, undoes: false, timer: 0 };
const lost = el('div', { class: 'lost no-print', role: 'alert', hidden: true });

/** Puts the places for notices on the page; once, at its start. */
export function openNotices() {
  document.body.prepend(lost);
  document.body.append(passing, spoken);
  window.addEventListener('hashchange', clearOld);
  window.addEventListener('language', clearToast);
  // What the page itself does wrong is said as that, and never as a lost network.
  const ours = () => toast(say('page.fault'), { label: say('page.reload'), act: () => location.reload() });
  window.addEventListener('error', ({ error }) => error && ours());
  window.addEventListener('unhandledrejection', (event) => {
    if (event.reason?.name === 'AbortError') event.preventDefault(); // what a page that was left had begun is no fault
    else ours();
  });
  const show = (key) => { lost.textContent = say(key); lost.hidden = false; };
  connection.addEventListener('lost', () => show('network.lost'));
  connection.addEventListener('busy', () => show('network.busy'));
  connection.addEventListener('back', () => {
    if (!lost.hidden) toast(say('network.back'));
    lost.hidden = true;
  });
}

/**
 * A sentence that is shown for a moment and read aloud, in place of the one before;
 * `action`, `{label, act}`, puts a button beside it.
 */
export function toast(text, action) {
  clearTimeout(shown.timer);
  const press = () => { clearToast(); action.act(); };
  if (action || passing.textContent !== text) {
    fill(passing, el('p', {}, text, action && el('button', { type: 'button', class: 'small', on: { click: press } }, action.label)));
  }
  shown = { at: performance.now(), undoes: Boolean(action), timer: setTimeout(clearToast, action ? WITH_BUTTON_MS : PASSING_MS) };
}

function clearToast() {
  clearTimeout(shown.timer);
  fill(passing);
}

/** What was said before another page was opened goes; what announces that page itself, said just now, stays. */
function clearOld() {
  if (shown.undoes || performance.now() - shown.at > JUST_NOW_MS) clearToast();
}

/** A sentence that is only read aloud. */
export function announce(text) {
  spoken.textContent = text;
}

/**
 * Asks in a dialog. `body` is a text or nodes; `choices` are `{label, value, kind}`; the first field has the focus,
 * else the first choice; Enter in a field of text is the choice of kind `main`. `kind` is a class of the dialog; the
 * signal closes it. Gives the value of the choice, or null when the dialog was closed.
 */
export function ask({ title, body, choices = [{ label: say('close'), value: null }], kind = '', signal }) {
  return new Promise((resolve) => {
    const name = el('h2', { id: 'dialog-title' }, title);
    const buttons = choices.map(({ label, value, kind }) =>
      el('button', { type: 'button', class: kind ?? '', on: { click: () => end(value) } }, label));
    const dialog = el('dialog', { class: kind, 'aria-labelledby': 'dialog-title' }, name,
      typeof body === 'string' ? el('p', {}, body) : body, el('div', { class: 'choices' }, buttons));
    const end = (value) => {
      dialog.close();
      dialog.remove();
      document.body.classList.toggle('asking', document.querySelector('dialog') !== null);
      signal?.removeEventListener('abort', drop);
      resolve(value);
    };
    const drop = () => end(null);
    if (signal?.aborted) return resolve(null);
    signal?.addEventListener('abort', drop);
    dialog.addEventListener('keydown', (event) => {
      const { target } = event;
      if (event.key !== 'Enter' || event.isComposing || target.form || !/^(text|number)$/.test(target.type)) return;
      event.preventDefault();
      dialog.querySelector('.choices .main')?.click();
    });
    dialog.addEventListener('cancel', (event) => { event.preventDefault(); end(null); });
    document.body.append(dialog);
    document.body.classList.add('asking');
    dialog.showModal();
    return (dialog.querySelector('input, select, textarea') ?? buttons[0])?.focus();
  });
}

/** The switch to the other language, in that language. */
export function languageSwitch() {
  const [tag, name] = language() === 'ko' ? ['en', 'English'] : ['ko', '한국어'];
  return el('button', { type: 'button', class: 'small quiet', lang: tag, on: { click: () => chooseLanguage(tag) } }, name);
}
