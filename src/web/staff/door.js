// The door: which date is let in, tickets checked by scanner, by hand or by camera, and who is in.

import './door_words.js';
import { pause } from '../shared/api.js';
import { el, fill, tell } from '../shared/dom.js';
import { dateTime, number } from '../shared/format.js';
import { say } from '../shared/language.js';
import { inTab } from '../shared/store.js';
import { serverNow, venue } from '../shared/venue.js';
import { NoCamera, mayHaveCamera, readPhotograph, watchCamera } from './camera.js';
import { DoorAnswers } from './door_answers.js';
import { field, form } from './forms.js';
import { ScanQueue } from './scan_queue.js';
import { act, me, read } from './session.js';
import { allowSound, isMuted, mute } from './sound.js';

const KEPT_DOOR = 'boxoffice.door';
const KEPT_SCANS = 'boxoffice.scans';
const COUNT_MS = 3_000;
/** A date stays in the list so long after its start. */
const PAST_MS = 12 * 3_600_000;
/** The only date that begins or began within so long is the one that is meant. */
const NEAR_MS = 6 * 3_600_000;

const doorName = () => inTab.get(KEPT_DOOR) || me().name;

export async function open({ main, rest: [scheduleId], signal }) {
  const { timeZone } = await venue({ fresh: true, signal });
  if (scheduleId && scheduleId !== 'all') return checking(main, (await read(`/staff/schedules/${encodeURIComponent(scheduleId)}`, { signal })).body, timeZone, signal);
  const ahead = (await dates(signal)).filter(({ startsAt, cancelledAt }) => !cancelledAt && Date.parse(startsAt) > serverNow() - PAST_MS);
  const near = ahead.filter(({ startsAt }) => Math.abs(Date.parse(startsAt) - serverNow()) < NEAR_MS);
  if (!scheduleId && near.length === 1) return void location.replace(`#door/${near[0].scheduleId}`);
  return choosing(main, ahead, timeZone);
}

async function dates(signal) {
  const { concerts } = (await read('/staff/concerts', { signal })).body;
  const lists = await Promise.all(concerts.filter(({ schedules }) => schedules).map(async ({ concertId, title }) => {
    const { body } = await read(`/staff/concerts/${concertId}/schedules`, { signal });
    return body.schedules.map((schedule) => ({ ...schedule, title }));
  }));
  return lists.flat().sort((one, other) => Date.parse(one.startsAt) - Date.parse(other.startsAt));
}

function choosing(main, ahead, timeZone) {
  const door = field('door', say('door.name'), { value: doorName(), maxlength: 80, hint: say('door.nameHint') });
  door.input.addEventListener('input', () => inTab.set(KEPT_DOOR, door.input.value.trim()));
  fill(main, el('h1', { tabindex: '-1' }, say('part.door')), el('p', { class: 'soft' }, say('door.choose')),
    el('div', { class: 'card' }, door.node),
    !ahead.length && el('p', { class: 'note' }, say('door.noDates')),
    el('div', { class: 'rows' }, ahead.map(({ scheduleId, title, startsAt }) => {
      const when = dateTime(startsAt, timeZone);
      return el('article', { class: 'card line' }, el('div', {}, el('h2', {}, title), el('p', {}, when)),
        el('a', { class: 'button main', href: `#door/${scheduleId}`, 'aria-label': say('door.openOne', { title, when }) }, say('door.open')));
    })));
}

async function checking(main, schedule, timeZone, signal) {
  const { scheduleId, concertId, startsAt } = schedule;
  const [{ concerts }, { body: first }] = await Promise.all([read('/staff/concerts', { signal }).then(({ body }) => body), read(`/staff/schedules/${scheduleId}/checkins`, { signal })]);
  const { title } = concerts.find((concert) => concert.concertId === concertId);
  const counts = el('div', {});
  const look = async () => showCounts(counts, (await read(`/staff/schedules/${scheduleId}/checkins`, { signal })).body);
  const answers = new DoorAnswers(timeZone, () => { input.focus(); return look(); });
  const waiting = el('p', { class: 'note warn', role: 'alert', hidden: true });
  const queue = new ScanQueue({
    kept: KEPT_SCANS, signal, send,
    answered: (scan, answer, error) => { answers.show(scan, answer?.body, error); look().catch(() => {}); },
    waiting: (n, lost) => {
      waiting.hidden = !n || !lost;
      tell(waiting, waiting.hidden ? '' : say('door.lost', { n }));
      if (lost && n) answers.unknown();
    },
  });
  const scan = field('ticket', say('door.scan'), {
    required: true, maxlength: 1_000, hint: say('door.scanHint'), autocapitalize: 'characters', spellcheck: 'false', enterkeyhint: 'go',
  });
  const { input } = scan;
  withoutKeyboard(input);
  const take = (typed) => queue.add({ text: typed, scheduleId, door: doorName() });
  const entry = form([scan], {
    label: say('door.check'), beside: [muteButton(input)], send: () => { const typed = input.value; input.value = ''; take(typed); },
  });
  fill(main, el('p', {}, el('a', { href: '#door/all' }, `← ${say('door.others')}`)),
    el('h1', { tabindex: '-1' }, title), el('p', { class: 'soft' }, dateTime(startsAt, timeZone), ' · ', say('door.here', { door: doorName() })),
    el('div', { class: 'gate' },
      el('div', {}, answers.node, waiting, el('section', { class: 'card' }, entry), cameraCard(take, signal)),
      el('div', {}, el('section', { class: 'card' }, el('h2', {}, say('door.counts')), counts), answers.log)));
  showCounts(counts, first);
  input.focus();
  listen(input, signal);
  counting(look, signal).catch((error) => { if (!signal.aborted) throw error; });
}

function send({ text, key, scheduleId, door }) {
  // As it was typed or read: the server knows every form of a code or a number.
  return act('POST', '/staff/checkins', { code: text, scheduleId, ...(door && { door }) }, { key });
}

/** What a scanner types goes into the field wherever the focus is, and never presses a button. */
function listen(input, signal) {
  document.addEventListener('keydown', (event) => {
    allowSound();
    const typing = event.target === input || event.ctrlKey || event.altKey || event.metaKey || document.querySelector('dialog[open]');
    if (!typing && event.key.length === 1 && event.key !== ' ') input.focus();
  }, { signal });
  document.addEventListener('pointerdown', allowSound, { signal });
  document.addEventListener('click', () => { if (document.activeElement === document.body) input.focus(); }, { signal });
}

/** On a device of touch the field takes scans without a keyboard over the camera; whoever taps it types. */
function withoutKeyboard(input) {
  if (!window.matchMedia('(pointer: coarse)').matches) return;
  input.inputMode = 'none';
  input.addEventListener('blur', () => { input.inputMode = 'none'; });
  input.addEventListener('pointerdown', () => {
    if (input.inputMode !== 'none') return;
    input.blur(); // the tap gives the focus anew, and with it the keyboard
    input.inputMode = 'text';
  });
}

function muteButton(input) {
  const button = el('button', { type: 'button', class: 'small' });
  const show = () => {
    button.setAttribute('aria-pressed', String(isMuted()));
    tell(button, say(isMuted() ? 'door.muted' : 'door.mute'));
  };
  button.addEventListener('click', () => { mute(!isMuted()); show(); input.focus(); });
  show();
  return button;
}

function cameraCard(take, signal) {
  const video = el('video', { hidden: true, muted: true, playsinline: true, 'aria-label': say('camera.picture') });
  const note = el('p', { class: 'note warn', role: 'alert', hidden: true });
  let running = null;
  const button = el('button', { type: 'button' }, say('camera.start'));
  const stop = () => {
    running?.abort();
    running = null;
    video.hidden = true;
    tell(button, say('camera.start'));
  };
  const turn = async () => {
    note.hidden = true;
    if (running) return stop();
    running = new AbortController();
    signal.addEventListener('abort', stop, { once: true });
    tell(button, say('camera.stop'));
    video.hidden = false;
    try {
      return await watchCamera(video, take, running.signal);
    } catch (error) {
      stop();
      if (!(error instanceof NoCamera)) throw error;
      tell(note, say(`camera.${error.message}`));
      note.hidden = false;
      photograph.hidden = false;
      return undefined;
    }
  };
  const photograph = photographField(take, note);
  button.addEventListener('click', turn);
  return el('section', { class: 'card' }, el('h2', {}, say('camera.title')), el('p', { class: 'soft small' }, say('camera.hint')), note, video, button, photograph);
}

/** Where the browser gives no camera, a photograph of the code is read in its place. */
function photographField(take, note) {
  const input = el('input', { type: 'file', accept: 'image/*', capture: 'environment' });
  input.addEventListener('change', async () => {
    const [file] = input.files;
    if (!file) return;
    const text = await readPhotograph(file);
    input.value = '';
    note.hidden = Boolean(text);
    if (text) take(text);
    else tell(note, say('camera.noCode'));
  });
  return el('label', { class: 'field', hidden: mayHaveCamera() }, el('span', {}, say('camera.photograph')), input);
}

function showCounts(place, { expected, in: inside, sections }) {
  const line = (name, one) => el('tr', {}, el('th', { scope: 'row' }, name),
    el('td', { class: 'number' }, number(one.in)), el('td', { class: 'number' }, number(one.expected)));
  fill(place, el('p', { class: 'big' }, say('door.inside', { in: inside, expected })),
    sections.length > 1 && el('div', { class: 'wide-table', role: 'region', 'aria-label': say('door.section'), tabindex: '0' }, el('table', {}, el('thead', {}, el('tr', {}, [['door.section', ''], ['door.in', 'number'], ['door.expected', 'number']].map(([key, kind]) =>
      el('th', { scope: 'col', class: kind }, say(key))))), el('tbody', {}, sections.map((one) => line(one.section ?? '–', one))))));
}

async function counting(look, signal) {
  for (;;) {
    await pause(COUNT_MS, signal);
    if (!document.hidden) await look();
  }
}
