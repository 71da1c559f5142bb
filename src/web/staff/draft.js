// What was typed in a form and not sent yet: kept in this tab, so that neither another language nor a slip wipes it.

import { inTab } from '../shared/store.js';

const KEPT = 'boxoffice.drafts';
/** Those of this page, with what cannot be written down: a file that somebody chose. */
const open = new Map();

export const draftOf = (name) => open.get(name) ?? inTab.json(KEPT)?.[name] ?? null;

export function keepDraft(name, draft) {
  open.set(name, draft);
  inTab.setJson(KEPT, { ...inTab.json(KEPT), [name]: { ...draft, file: undefined } });
}

export function dropDraft(name) {
  open.delete(name);
  const { [name]: gone, ...others } = inTab.json(KEPT) ?? {};
  if (gone) inTab.setJson(KEPT, others);
}

/** For whoever signs in next. */
export function dropDrafts() {
  open.clear();
  inTab.drop(KEPT);
}

// A tab that is closed takes its drafts along: the browser asks first.
window.addEventListener('beforeunload', (event) => {
  if (!document.querySelector('form.changed')) return;
  event.preventDefault();
  event.returnValue = ''; // how older browsers are told
});
