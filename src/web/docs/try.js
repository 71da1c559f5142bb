// The form that tries a call. Keys and ids stay in this page: they are never put into the address or into storage.

import { el, fill, tell } from '../shared/dom.js';
import { language, say } from '../shared/language.js';
import { exampleOf, pretty } from './document.js';
import { curlOf, javascriptOf, requestOf, variablesOf } from './examples.js';
import { fold } from './schema.js';

/** So much of a body is shown. */
const SHOWN_MAX = 100_000;
/** The keys of each credential, by their names in answers. */
const KEYS = { queueToken: ['token'], userKey: ['userId', 'userKey'], staffKey: ['staffKey'] };
/** What answers said and readers typed: keys and ids by their names, until the page is left. */
const known = new Map();
const changed = new EventTarget();

function learn(name, value) {
  known.set(name, value);
  changed.dispatchEvent(new Event('known'));
}

/** Keys and ids of an answer, for the calls that follow; gives their names. */
function learnFrom(body) {
  const names = Object.keys(body ?? {}).filter((name) => typeof body[name] !== 'object' && /^(token|userKey|\w+Id)$/.test(name));
  names.forEach((name) => learn(name, String(body[name])));
  return names;
}

/** The form of a call, and below it the request in curl and JavaScript, as the form says it. */
export function tryView(document, call) {
  const types = [...new Set(call.answers.flatMap(({ content }) => content.map(({ type }) => type)))];
  const fields = fieldsOf(document, call, types);
  const scheme = schemeOf(call);
  const [curl, script] = [el('code'), el('code')];
  const variables = el('p', { class: 'soft small' });
  const request = () => requestOf(call, valuesOf(fields));
  function update() {
    for (const one of fields) one.refresh?.();
    const chosen = scheme.value();
    const accepted = valuesOf(fields).accept || types[0] || '';
    tell(curl, curlOf(request(), chosen));
    tell(script, javascriptOf(request(), chosen, /^application\/(.+\+)?json$/.test(accepted)));
    fill(variables, variablesOf(chosen));
  }
  const answer = el('div', { class: 'answer' });
  const form = el('form', { class: 'try', autocomplete: 'off', novalidate: true, on: { input: update, change: update } },
    scheme.nodes, fields.map(({ node }) => node), call.method !== 'GET' && el('p', { class: 'soft small' }, say('try.real')));
  const send = sender(form, () => ({ ...request(), authorization: scheme.authorization() }), answer);
  form.append(send);
  changed.addEventListener('known', update);
  update();
  return [
    el('h4', {}, say('try.title')), form, answer,
    el('h4', {}, say('examples.title')), variables, listing('curl', curl), listing('JavaScript', script),
  ];
}

/** A text to copy, with its name. */
export function listing(name, code) {
  return el('figure', { class: 'listing' }, el('figcaption', {}, name), el('pre', { tabindex: '0', 'aria-label': name }, code));
}

let fieldsMade = 0;

/** A field with its label. `known` is the name by which a value is known; what the reader changed is left as it is. */
function field(label, { kind = 'input', value = '', options, known: by, ...attributes }) {
  const id = `field-${fieldsMade += 1}`;
  const input = el(kind, { id, spellcheck: 'false', autocapitalize: 'off', ...attributes }, options);
  let isTyped = false;
  const refresh = () => { if (!isTyped) input.value = (by && known.get(by)) || (typeof value === 'function' ? value() : value); };
  input.addEventListener('input', () => { isTyped = true; });
  refresh();
  return { input, refresh, reset: () => { isTyped = false; refresh(); }, node: el('div', { class: 'field' }, el('label', { for: id }, label), input) };
}

/** The choice of the credential, and fields for its keys: they are one and the same in all forms of the page. */
function schemeOf(call) {
  const schemes = call.schemes;
  if (!schemes.length) return { nodes: null, value: () => null, authorization: () => null };
  const options = schemes.map((one) => el('option', { value: one }, say(`credential.${one}`)));
  const select = field(say('try.as'), { kind: 'select', options, value: schemes[0] });
  const place = el('div', { class: 'keys' });
  const keyOf = (name) => {
    const one = field(say(`key.${name}`), { autocomplete: 'off', 'data-key': name, known: name });
    one.input.addEventListener('change', () => learn(name, one.input.value.trim()));
    changed.addEventListener('known', () => { if (document.activeElement !== one.input) one.reset(); });
    return one;
  };
  const all = new Map(schemes.map((one) => [one, KEYS[one].map(keyOf)]));
  const show = () => fill(place, all.get(select.input.value).map(({ node }) => node));
  select.input.addEventListener('change', show);
  show();
  const authorization = () => {
    const [first, second] = all.get(select.input.value).map(({ input }) => input.value.trim());
    if (!first && !second) return null;
    return second === undefined ? `Bearer ${first}` : `Basic ${btoa(`${first}:${second}`)}`;
  };
  return { nodes: [schemes.length > 1 && select.node, place], value: () => select.input.value, authorization };
}

/** The fields of a call: parameters, the media type where there are several, the body with its examples. */
function fieldsOf(document, call, types) {
  const fields = call.parameters.map((parameter) => {
    const example = exampleOf(document, parameter);
    const isText = parameter.name === 'Accept-Language' && language() === 'ko';
    const one = field(parameter.name, {
      value: parameter.required ? example : isText ? 'ko' : '', placeholder: example, known: parameter.in === 'path' && parameter.name,
    });
    one.node.classList.add('short');
    return { ...one, where: parameter.in, name: parameter.name };
  });
  if (types.length > 1) {
    const options = types.map((type) => el('option', { value: type }, type));
    fields.push({ ...field('Accept', { kind: 'select', options, value: types[0] }), where: 'accept' });
  }
  if (call.body) fields.push(...bodyFields(call.body));
  return fields;
}

function bodyFields({ examples }) {
  const [, first] = examples[0] ?? ['', {}];
  let chosen = first;
  const text = () => pretty(withKnown(chosen));
  const rows = Math.min(16, text().split('\n').length + 1);
  const body = { ...field(say('try.body'), { kind: 'textarea', rows, value: text }), where: 'body' };
  if (examples.length < 2) return [body];
  const options = examples.map(([name]) => el('option', { value: name }, name));
  const choice = field(say('try.example'), { kind: 'select', options, value: examples[0][0] });
  choice.input.addEventListener('change', () => {
    chosen = examples.find(([name]) => name === choice.input.value)[1];
    body.reset();
  });
  return [choice, body];
}

/** An example in which keys and ids are those that are known. */
function withKnown(example) {
  if (typeof example !== 'object' || !example) return example;
  const own = Object.entries(example).filter(([name, value]) => known.has(name) && typeof value !== 'object');
  return { ...example, ...Object.fromEntries(own.map(([name, value]) => [name, typeof value === 'number' ? Number(known.get(name)) : known.get(name)])) };
}

function valuesOf(fields) {
  const values = { path: {}, query: {}, header: {}, accept: '', body: '' };
  for (const { where, name, input } of fields) {
    if (where === 'body' || where === 'accept') values[where] = input.value;
    else if (where) values[where][name] = input.value;
  }
  return values;
}

/** The button that sends, and ends a call that waits. */
function sender(form, request, answer) {
  const send = el('button', { type: 'submit', class: 'main' }, say('try.send'));
  const stop = el('button', { type: 'button', class: 'quiet', hidden: true }, say('try.stop'));
  let under_way = null;
  stop.addEventListener('click', () => under_way?.abort());
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (under_way) return;
    under_way = new AbortController();
    send.setAttribute('aria-disabled', 'true');
    stop.hidden = false;
    fill(answer, el('p', { class: 'soft', role: 'status' }, say('try.sending')));
    fill(answer, await answered(request(), under_way.signal));
    under_way = null;
    send.removeAttribute('aria-disabled');
    stop.hidden = true;
  });
  return el('div', { class: 'bar' }, send, stop);
}

/** Sends a request and shows what comes of it. */
async function answered({ method, url, headers, body, authorization }, signal) {
  const began = performance.now();
  const sent = Object.fromEntries(authorization ? [...headers, ['Authorization', authorization]] : headers);
  try {
    const response = await fetch(url, { method, headers: sent, body: body || undefined, signal, cache: 'no-store', credentials: 'omit' });
    const text = await response.text();
    return answerView(response, text, Math.round(performance.now() - began));
  } catch (error) {
    return el('p', { class: 'note bad', role: 'alert' }, signal.aborted ? say('try.stopped') : say('try.failed', { why: error.message }));
  }
}

function answerView(response, text, ms) {
  const isJson = (response.headers.get('Content-Type') ?? '').includes('json');
  let parsed = null;
  try {
    if (isJson) parsed = JSON.parse(text);
  } catch {
    // shown as it came
  }
  const learnt = response.ok ? learnFrom(parsed) : [];
  const whole = parsed === null ? text : pretty(parsed);
  const kind = response.ok ? 'good' : response.status < 400 ? '' : 'bad';
  return [
    el('p', { class: `note ${kind}`, role: 'status' },
      el('strong', {}, `${response.status} ${response.statusText}`), ' ', el('span', { class: 'figures' }, say('try.took', { n: ms })),
      parsed?.code && response.status >= 400 && [' · ', el('code', {}, parsed.code)]),
    learnt.length > 0 && el('p', { class: 'soft small' }, say('try.learnt', { names: learnt.join(', ') })),
    fold(say('try.headers'), () => el('pre', { tabindex: '0', 'aria-label': say('try.headers') }, [...response.headers].map(([name, value]) => `${name}: ${value}\n`).join(''))),
    whole && listing(say('try.answer'), el('code', {}, whole.slice(0, SHOWN_MAX))),
    whole.length > SHOWN_MAX && el('p', { class: 'soft small' }, say('try.cut', { n: SHOWN_MAX })),
  ];
}
