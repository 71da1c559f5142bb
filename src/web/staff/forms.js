// Forms: fields with label, hint and fault; a form that says what is
// wrong at its place and cannot be sent twice at once.

import { Refused } from '../shared/api.js';
import { el, fill, tell } from '../shared/dom.js';
import { say } from '../shared/language.js';
import { draftOf, dropDraft, keepDraft } from './draft.js';
import { sentence } from './session.js';

let fields = 0;

/** What is wrong at one field: said there by the form, in place of a refusal. */
export class AtField extends Error {
  constructor(one, text) {
    super(text);
    this.field = one;
  }
}

/**
 * A field. `name` is the member of the request that it becomes; `kind` is `input`, `select` or
 * `textarea`; `inWords(number)` says a large number as people write it, for number fields have no thousands
 * separators; what else is given becomes an attribute. Gives
 * `{node, input, name, fault(text), changed()}`; the last says whether somebody changed it.
 */
export function field(name, label, { hint, kind = 'input', value, inWords, ...attributes } = {}, ...children) {
  const id = `field-${fields += 1}`;
  const fault = el('p', { class: 'fault', id: `${id}-fault`, hidden: true });
  const words = inWords && el('p', { class: 'hint figures', id: `${id}-words` });
  const input = el(kind, { id, name, 'aria-describedby': `${inWords ? `${id}-words ` : ''}${id}-hint ${id}-fault`, autocomplete: 'off', ...attributes }, children);
  if (value != null) input.value = value;
  if (inWords) {
    const tellWords = () => tell(words, input.value && input.validity.valid ? inWords(Number(input.value)) : '');
    input.addEventListener('input', tellWords);
    tellWords();
  }
  const first = input.value;
  return {
    name,
    input,
    changed: () => input.value !== first,
    node: el('div', { class: 'field' },
      el('label', { for: id }, label), input, words,
      el('p', { class: 'hint', id: `${id}-hint`, hidden: !hint }, hint ?? ''), fault),
    fault(text) {
      fault.textContent = text ?? '';
      fault.hidden = !text;
      if (text) input.setAttribute('aria-invalid', 'true');
      else input.removeAttribute('aria-invalid');
    },
  };
}

/** A number of a field; null when it is empty. */
export const numberOf = ({ input }) => (input.value === '' ? null : Number(input.value));

/** What is wrong with what a field holds, before the server is asked. */
function wrong({ input }) {
  const { validity } = input;
  if (validity.valid) return null;
  if (validity.valueMissing) return say('form.missing');
  if (validity.rangeUnderflow || validity.rangeOverflow) {
    return say('form.range', { min: Number(input.min), max: Number(input.max || Number.MAX_SAFE_INTEGER) });
  }
  return say('form.wrong');
}

/**
 * A form of `parts`: fields, folded ones, or nodes between them. `send` is called when all fields are sound, and gives
 * false when it sent nothing; what the server refuses is said at the field that its pointer names, or under the form.
 * `draft` names what was typed until it is sent; `more` gives what else belongs to it. Gives the node.
 */
export function form(parts, { label, kind = 'main', send, beside = [], draft, more = () => ({}) }) {
  const all = parts.flatMap((part) => part.fields ?? part).filter((part) => part.input);
  const note = el('p', { class: 'note bad', role: 'alert', hidden: true });
  const button = el('button', { class: kind }, label);
  const tellAll = (text) => { note.textContent = text ?? ''; note.hidden = !text; };
  const keep = () => {
    if (!draft) return;
    node.classList.add('changed');
    keepDraft(draft, { fields: Object.fromEntries(all.map(({ name, input }) => [name, input.value])), ...more() });
  };
  const submit = async (event) => {
    event.preventDefault();
    if (button.disabled) return;
    tellAll(null);
    for (const one of all) one.fault(wrong(one));
    const bad = all.find((one) => one.input.getAttribute('aria-invalid'));
    if (bad) return void toField(bad);
    button.disabled = true;
    try {
      forget(draft, node);
      if (await send() === false) keep();
    } catch (error) {
      keep();
      refuse(error, all, tellAll);
    } finally {
      button.disabled = false;
    }
  };
  const restored = draft && draftOf(draft);
  for (const one of restored ? all : []) {
    one.input.value = restored.fields[one.name] ?? one.input.value;
    one.input.dispatchEvent(new Event('input'));
  }
  const node = el('form', { novalidate: true, class: restored && 'changed', on: { submit, input: keep, change: keep } },
    restored && restoredNote(draft), parts.map((part) => part.node ?? part), note, el('div', { class: 'bar' }, button, beside));
  return node;
}

function forget(draft, node) {
  if (draft) dropDraft(draft);
  node.classList.remove('changed');
}

/** Says that this was typed before, with a way back to an empty form. */
function restoredNote(draft) {
  const anew = (event) => {
    forget(draft, event.target.closest('form'));
    window.dispatchEvent(new Event('hashchange'));
  };
  return el('div', { class: 'note bar apart' }, el('span', {}, say('form.draft')), el('button', { type: 'button', class: 'small', on: { click: anew } }, say('form.anew')));
}

function refuse(error, all, tellAll) {
  if (error instanceof AtField) {
    error.field.fault(error.message);
    return void toField(error.field);
  }
  const text = sentence(error);
  const place = error instanceof Refused && error.problem.pointer?.split('/')[1];
  const at = place && all.find((one) => one.name === place);
  if (!at) return tellAll(text);
  at.fault(text);
  toField(at);
}

/** Puts somebody where something is to be done, also where that is folded away. */
function toField({ input }) {
  input.closest('details')?.setAttribute('open', '');
  input.focus();
}

/** Fields of a form beside each other where there is room. */
export const paired = (...fields) => ({ fields, node: el('div', { class: 'pair' }, fields.map(({ node }) => node)) });

/** Fields of a form that are seldom needed, folded away. */
export const folded = (summary, ...fields) => ({ fields, node: el('details', {}, el('summary', {}, summary), fields.map(({ node }) => node)) });

/** A choice between a few, as a row of radio buttons that look like tabs. Calls `chosen(value)` at each change. */
export function tabs(legend, choices, value, chosen) {
  const name = `tabs-${fields += 1}`;
  return el('fieldset', { class: 'tabs' }, el('legend', {}, legend), choices.map(([key, label]) =>
    el('label', {}, el('input', { type: 'radio', name, value: key, checked: key === value, on: { change: () => chosen(key) } }), el('span', {}, label))));
}

/** The text of what was refused, in place of a page that could not be drawn. */
export function refusedPage(main, error) {
  fill(main, el('h1', { tabindex: '-1' }, say('staff.refused')), el('p', { class: 'note bad', role: 'alert' }, sentence(error)));
}
