// The levers of the line: pause, limits, the opening with its draw, letting in by hand, a word to those who wait. Each
// says what it will do before it is done, and most can be taken back.

import { el, tell } from '../shared/dom.js';
import { dateTime, number } from '../shared/format.js';
import { say } from '../shared/language.js';
import { serverNow } from '../shared/venue.js';
import { AtField, field, form, numberOf } from './forms.js';
import { act } from './session.js';
import { doIt, sure } from './sure.js';
import { localOf, momentOf } from './venue_time.js';

const LIMIT_MAX = 10_000_000;

/** The line that the cards are about: the concert whose own it is, or null for the shared line. */
let line = null;
const change = (rules) => (line === null ? act('PATCH', '/staff/queue', rules) : act('PUT', `/staff/concerts/${line}/line`, rules));

/** The cards of a line; `show(queue)` shows them as the line stands, without disturbing what somebody is typing. */
export function levers(concertId, timeZone, look) {
  line = concertId;
  const cards = [pauseCard, letInCard, messageCard, limitsCard, openingCard].map((card) => card(timeZone, look));
  return { node: el('div', {}, cards.map(({ node }) => node)), show: (queue) => cards.forEach((card) => card.show(queue)) };
}

/** A field follows what is in force until somebody types in it. */
function followed(one) {
  one.input.addEventListener('input', () => { one.typed = true; });
  return { ...one, isTyped: () => one.typed === true, follow: (value) => { if (!one.typed && document.activeElement !== one.input) one.input.value = value ?? ''; }, done: () => { one.typed = false; } };
}

function pauseCard(timeZone, look) {
  let queue = {};
  const hint = el('p', { class: 'soft' });
  const turn = async () => {
    const { paused, waiting } = queue;
    const to = paused ? 'resume' : 'pause';
    // Whoever pauses is in a hurry, and a pause is taken back without a trace; who is admitted is not.
    if (paused && !await sure({ title: say('letting.resume.title'), says: [say('letting.resume.says', { n: waiting })], label: say('letting.resume.do') })) return;
    await doIt(() => change({ paused: !paused }), say(`letting.${to}.done`), async () => { await change({ paused }); await look(); });
    await look();
  };
  const button = el('button', { type: 'button', on: { click: turn } });
  const node = el('section', { class: 'card' }, el('h2', {}, say('letting.pause.card')), hint, button);
  const show = (now) => {
    queue = now;
    button.className = queue.paused ? 'main' : 'danger';
    tell(button, say(queue.paused ? 'letting.resume.do' : 'letting.pause.do'));
    tell(hint, say(queue.paused ? 'letting.resume.hint' : 'letting.pause.hint'));
  };
  return { node, show };
}

function letInCard(timeZone, look) {
  let queue = {};
  const count = field('count', say('letIn.count'), { type: 'number', min: 1, max: 100_000, step: 1, value: 10, required: true });
  const send = async () => {
    const n = Math.min(numberOf(count), queue.waiting);
    const limit = queue.maxActive ? say('letIn.limit', { active: queue.active, after: queue.active + n, limit: queue.maxActive }) : say('letIn.noLimit');
    if (!await sure({ title: say('letIn.title', { n: numberOf(count) }), says: [say('letIn.says', { n, waiting: queue.waiting }), limit], label: say('letIn.do', { n: numberOf(count) }) })) return;
    let admitted = 0;
    await doIt(async () => { ({ admitted } = (await act('POST', '/staff/queue/admissions', { count: numberOf(count), concertId: line ?? undefined })).body); });
    await doIt(look, say('letIn.done', { n: admitted }));
  };
  const node = el('section', { class: 'card' }, el('h2', {}, say('letIn.card')), el('p', { class: 'soft' }, say('letIn.hint')), form([count], { label: say('letIn.begin'), kind: '', send }));
  return { node, show: (now) => { queue = now; } };
}

function messageCard(timeZone, look) {
  let queue = {};
  const ko = followed(field('message', say('message.ko'), { kind: 'textarea', rows: 2, maxlength: 500, lang: 'ko' }));
  const en = followed(field('message', say('message.en'), { kind: 'textarea', rows: 2, maxlength: 500, lang: 'en', hint: say('message.hint') }));
  const put = async (message, done) => {
    const before = queue.message;
    if (await doIt(() => change({ message }), done, async () => { await change({ message: before }); await look(); })) { ko.done(); en.done(); }
    await look();
  };
  const send = async () => {
    const [inKorean, inEnglish] = [ko, en].map(({ input }) => input.value.trim());
    if (!inKorean && !inEnglish) throw new AtField(ko, say('form.missing'));
    const said = { ko: inKorean || inEnglish, en: inEnglish || inKorean };
    if (await sure({ title: say('message.title'), says: [say('message.says', { n: queue.waiting }), el('blockquote', {}, said.ko, said.en !== said.ko && [el('br'), said.en])], label: say('message.do') })) await put(said, say('message.done'));
  };
  const drop = el('button', { type: 'button', class: 'danger', on: { click: () => put(null, say('message.dropped')) } }, say('message.drop'));
  const node = el('section', { class: 'card' }, el('h2', {}, say('message.card')), form([ko, en], { label: say('message.begin'), kind: '', send, beside: [drop] }));
  return { node, show: (now) => { queue = now; drop.hidden = !queue.message; ko.follow(queue.message?.ko); en.follow(queue.message?.en); } };
}

function limitsCard(timeZone, look) {
  let queue = {};
  const names = ['maxActive', 'admitPerMinute', 'visitSeconds', 'abandonSeconds', 'claimSeconds', 'graceSeconds'];
  const ranges = { maxActive: [0, LIMIT_MAX], admitPerMinute: [0, LIMIT_MAX], visitSeconds: [1, 86_400], abandonSeconds: [3, 86_400], claimSeconds: [0, 86_400], graceSeconds: [0, 86_400] };
  const fields = names.map((name) => followed(field(name, say(`limits.${name}`), {
    type: 'number', min: ranges[name][0], max: ranges[name][1], step: 1, required: true, hint: say(`limitsHint.${name}`),
  })));
  const shown = (name, value) => (value === 0 && name !== 'visitSeconds' ? say('limits.none') : number(value));
  const send = async () => {
    const said = Object.fromEntries(fields.map((one) => [one.name, numberOf(one)]).filter(([name, value]) => value !== queue[name]));
    const before = Object.fromEntries(Object.keys(said).map((name) => [name, queue[name]]));
    if (!Object.keys(said).length) return void await doIt(look, say('limits.same'));
    const lines = Object.entries(said).map(([name, value]) => el('li', {}, say('limits.change', { name: say(`limits.${name}`), before: shown(name, before[name]), after: shown(name, value) })));
    const room = said.maxActive === 0 ? queue.waiting : Math.max(0, Math.min(queue.waiting, (said.maxActive ?? 0) - queue.active));
    const more = said.maxActive !== undefined && room > 0 && !queue.paused && say('limits.more', { n: room });
    if (!await sure({ title: say('limits.title'), says: [el('ul', {}, lines), more, say('limits.stay')], label: say('limits.do') })) return;
    if (await doIt(() => change(said), say('limits.done'), async () => { await change(before); await look(); })) fields.forEach((one) => one.done());
    await look();
  };
  const node = el('section', { class: 'card' }, el('h2', {}, say('limits.card')),
    form([...fields.slice(0, 2), el('details', {}, el('summary', {}, say('limits.times')), fields.slice(2).map((one) => one.node)), ...fields.slice(2).map((one) => ({ ...one, node: '' }))],
      { label: say('limits.begin'), kind: '', send }));
  return { node, show: (now) => { queue = now; fields.forEach((one) => one.follow(queue[one.name])); } };
}

function openingCard(timeZone, look) {
  let queue = {};
  const at = followed(field('opensAt', say('opening.at'), { type: 'datetime-local', required: true, max: '9999-12-31T23:59' }));
  const now = el('p', { class: 'soft' });
  const put = async (opensAt, done) => {
    const before = queue.opensAt;
    const later = before && Date.parse(before) > serverNow();
    if (await doIt(() => change({ opensAt }), done, later || !before ? async () => { await change({ opensAt: before }); await look(); } : undefined)) at.done();
    await look();
  };
  const send = async () => {
    if (!at.isTyped()) return void await doIt(look, say('limits.same'));
    const { instant } = await momentOf(at, timeZone);
    if (instant <= serverNow()) throw new AtField(at, say('opening.notAhead'));
    const says = say('opening.says', { when: dateTime(instant, timeZone) });
    if (await sure({ title: say('opening.title'), says: [says, say('opening.draw')], label: say('opening.do') })) await put(new Date(instant).toISOString(), say('opening.done'));
  };
  const drop = async () => {
    if (await sure({ title: say('opening.dropTitle'), says: [say('opening.dropSays', { n: queue.waiting })], label: say('opening.drop'), danger: true })) await put(null, say('opening.dropped'));
  };
  const away = el('button', { type: 'button', class: 'danger', on: { click: drop } }, say('opening.drop'));
  const node = el('section', { class: 'card' }, el('h2', {}, say('opening.card')), el('p', { class: 'soft' }, say('opening.hint')), now, form([at], { label: say('opening.begin'), kind: '', send, beside: [away] }));
  const show = (queueNow) => {
    queue = queueNow;
    const ahead = queue.opensAt && Date.parse(queue.opensAt) > serverNow();
    away.hidden = !ahead;
    tell(now, ahead ? say('opening.is', { when: dateTime(queue.opensAt, timeZone) }) : '');
    at.follow(ahead ? localOf(queue.opensAt, timeZone) : '');
  };
  return { node, show };
}
