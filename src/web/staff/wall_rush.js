// A rush from the page, on servers for tests: how many customers for how many seats, how fast; and what the audit says
// of it in the end.

import { Refused, pause } from '../shared/api.js';
import { el, fill, tell } from '../shared/dom.js';
import { say } from '../shared/language.js';
import { field, form, numberOf } from './forms.js';
import { act, read } from './session.js';
import { doIt } from './sure.js';

const LOOK_MS = 1_000;
const PATH = '/staff/test/rush';
/** What the page offers of each speed: how many times faster than the clock customers think. */
const SPEEDS = [2, 10, 50];

/** The card; null on a server that is not for tests. */
export async function rushPanel(signal) {
  let now;
  try {
    now = (await read(PATH, { signal })).body;
  } catch (error) {
    if (error instanceof Refused && error.code === 'TEST_SERVER_ONLY') return null;
    throw error;
  }
  const customers = field('customers', say('rush.customers'), { type: 'number', min: 1, max: 100_000, required: true, value: now.customers || 300 });
  const seats = field('seats', say('rush.seats'), { type: 'number', min: 1, max: 20_000, required: true, value: now.seats || 120 });
  const speed = field('speed', say('rush.speed'), { kind: 'select' }, SPEEDS.map((value) => el('option', { value }, say(`rush.speed.${value}`))));
  speed.input.value = SPEEDS.includes(now.speed) ? now.speed : SPEEDS[0];
  const verdict = el('div', { role: 'status' });
  const end = el('button', { type: 'button', on: { click: () => doIt(() => act('DELETE', PATH), say('rush.ended')) } }, say('rush.end'));
  const send = async () => {
    show((await act('PUT', PATH, { customers: numberOf(customers), seats: numberOf(seats), speed: Number(speed.input.value) })).body);
  };
  const start = form([el('div', { class: 'pair' }, customers.node, seats.node, speed.node)], { label: say('rush.begin'), send });
  start.querySelector('.bar').append(end);
  let said = '';
  const show = (rush) => {
    end.hidden = rush.state !== 'RUNNING';
    start.querySelector('button.main').disabled = rush.state === 'RUNNING';
    const text = JSON.stringify(rush);
    if (text === said) return; // a screen reader is told once
    said = text;
    fill(verdict, told(rush));
  };
  show(now);
  follow(show, signal).catch((error) => { if (!signal.aborted) throw error; });
  const title = el('h2', {}, say('rush.title'));
  return el('section', { class: 'card rush' }, title, verdict, start);
}

async function follow(show, signal) {
  for (;;) {
    await pause(LOOK_MS, signal);
    if (!document.hidden) show((await read(PATH, { signal })).body);
  }
}

/** What a rush came to, in words that can be read across a hall. */
function told({ state, clean, checks, failure, customers, seats }) {
  if (state === 'RUNNING') return el('p', { class: 'note' }, say('rush.runs', { customers, seats }));
  if (state === 'FAILED') return el('p', { class: 'note bad' }, say('rush.failed', { why: failure }));
  if (state !== 'DONE') return null;
  const head = el('p', { class: `verdict ${clean ? 'good' : 'bad'}` });
  tell(head, say(clean ? 'rush.clean' : 'rush.notClean'));
  return [head, el('ul', { class: 'checks' }, checks.map(({ name, clean: sound, faults }) =>
    el('li', {}, el('span', { 'aria-hidden': 'true' }, sound ? '✓ ' : '✗ '), say(`rush.check.${name}`), !sound && el('p', { class: 'fault' }, faults.join(' · ')))))];
}
