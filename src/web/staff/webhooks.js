// Webhooks: other programs that get the events of the venue, how each stands, what it gets and from where, its secret.

import './webhooks_words.js';
import { el, fill } from '../shared/dom.js';
import { dateTime, number } from '../shared/format.js';
import { say } from '../shared/language.js';
import { ask } from '../shared/notice.js';
import { venue } from '../shared/venue.js';
import { field, form, numberOf } from './forms.js';
import { act, read } from './session.js';
import { doIt, sure } from './sure.js';

const TEST_WAIT_SECONDS = 25;
/** How long an old secret signs too, as people choose it, in seconds. */
const OVERLAPS = [86_400, 604_800, 3_600, 0];
/** What people choose from, beside single types. */
const KINDS = {
  all: null,
  sales: ['SEATS_SOLD', 'PAYMENT_COMPLETED', 'RESERVATION_REFUNDED', 'SCHEDULE_CANCELLED'],
  door: ['TICKET_CHECKED_IN', 'CHECK_IN_UNDONE', 'TICKET_CONFLICT'],
};

export async function open({ main, signal }) {
  const { timeZone } = await venue({ fresh: true, signal });
  const list = el('div', { class: 'rows' });
  const types = (await read('/openapi.json', { signal })).body.components.schemas.EventType.enum;
  const url = field('url', say('hooks.url'), { type: 'url', required: true, maxlength: 2000 });
  const wanted = typesField(types, null);
  const signature = field('signature', say('hooks.signature'), { kind: 'select' }, ['v1', 'v1a'].map((one) => el('option', { value: one }, say(`hooks.signature.${one}`))));

  const refresh = async () => {
    const { webhooks, lastSequence } = (await read('/staff/webhooks', { signal })).body;
    fill(list, webhooks.map((one) => webhookLine(one, { timeZone, types, lastSequence, refresh })));
  };
  const add = async () => {
    const { body } = await act('POST', '/staff/webhooks', { url: url.input.value.trim(), eventTypes: wanted.value(), signature: signature.input.value });
    await showSecret(say('hooks.added'), body);
    url.input.value = '';
    await refresh();
  };
  await refresh();
  fill(main, el('h1', { tabindex: '-1' }, say('part.webhooks')), el('p', { class: 'soft' }, say('hooks.hint')),
    el('section', { class: 'card' }, el('h2', {}, say('hooks.new')), form([url, wanted, signature], { label: say('hooks.add'), send: add })), list,
    el('p', { class: 'soft small' }, el('a', { href: '#keys' }, say('part.keys')), ' · ', el('a', { href: '/docs' }, say('part.docs'))));
}

/** The choice of what is sent: everything, one of the kinds, or single types; `value()` is what the API takes. */
function typesField(types, now) {
  const kind = Object.keys(KINDS).find((one) => String(KINDS[one]) === String(now)) ?? 'single';
  const boxes = types.map((type) => el('input', { type: 'checkbox', value: type, checked: now?.includes(type) ?? false }));
  const single = el('fieldset', { class: 'checks', hidden: kind !== 'single' }, el('legend', {}, say('hooks.types')),
    types.map((type, at) => el('label', { class: 'check' }, boxes[at], ' ', el('code', {}, type))));
  const kinds = field('eventTypes', say('hooks.kinds'), { kind: 'select', value: kind, on: { change: () => { single.hidden = kinds.input.value !== 'single'; } } },
    [...Object.keys(KINDS), 'single'].map((one) => el('option', { value: one }, say(`hooks.kinds.${one}`))));
  const value = () => (kinds.input.value === 'single' ? boxes.filter(({ checked }) => checked).map((box) => box.value) : KINDS[kinds.input.value]);
  return { fields: [kinds], node: el('div', {}, kinds.node, single), value };
}

/** What the receiver must be given: a secret, shown this once, or a public key. */
function showSecret(title, { secret, publicKey }) {
  return ask({
    title,
    body: el('div', {}, el('p', {}, say(secret ? 'hooks.once' : 'hooks.publicKey')), el('p', {}, el('code', { class: 'key' }, secret ?? publicKey))),
    choices: [{ label: say('hooks.given'), value: true, kind: 'main' }],
  });
}

function webhookLine(webhook, page) {
  const { url, enabled } = webhook;
  const named = ([key, on, kind]) => el('button', { type: 'button', class: kind, 'aria-label': `${say(key)}: ${url}`, on: { click: on } }, say(key));
  return el('article', { class: 'card line' },
    el('div', {},
      el('h3', {}, url, ' ', el('span', { class: `tag ${enabled ? 'good' : ''}` }, say(enabled ? 'hooks.isOn' : `hooks.isOff.${webhook.disabledReason}`))),
      standing(webhook, page.timeZone).map((text) => el('p', { class: 'soft small' }, text))),
    el('div', { class: 'bar' }, leversOf(webhook, page).map(named)));
}

/** What can be done with a webhook: the key of its words, what is done, its kind. */
function leversOf({ webhookId, url, enabled, eventTypes, deliveredSequence }, { types, lastSequence, refresh }) {
  const path = `/staff/webhooks/${webhookId}`;
  const change = async (body, done) => { if (await doIt(() => act('PATCH', path, body), say(done))) await refresh(); };
  const test = async () => {
    let tested;
    const done = await doIt(async () => { tested = (await act('POST', `${path}/test`, {}, { waitSeconds: TEST_WAIT_SECONDS })).body; });
    if (done) await ask({ title: say('hooks.tested'), body: tested.lastTest ? outcome(tested.lastTest) : say('hooks.testing') });
    if (done) await refresh();
  };
  const chooseTypes = async () => {
    const wanted = typesField(types, eventTypes);
    if (await sure({ title: say('hooks.kinds'), says: [url, wanted.node], label: say('hooks.save') })) await change({ eventTypes: wanted.value() }, 'hooks.changed');
  };
  const replay = async () => {
    const after = field('after', say('hooks.after'), { type: 'number', min: 0, max: lastSequence, value: deliveredSequence, hint: say('hooks.afterHint', { last: lastSequence }) });
    const agreed = await sure({ title: say('hooks.replayTitle'), says: [url, after.node, say('hooks.replaySays')], label: say('hooks.replay') });
    if (agreed && await doIt(() => act('POST', `${path}/replay`, { after: numberOf(after) }), say('hooks.replayed'))) await refresh();
  };
  const rotate = async () => {
    const overlap = field('overlapSeconds', say('hooks.overlap'), { kind: 'select' }, OVERLAPS.map((one) => el('option', { value: one }, say(`hooks.overlap.${one}`))));
    const agreed = await sure({ title: say('hooks.rotateTitle'), says: [url, say('hooks.rotateSays'), overlap.node], label: say('hooks.rotate') });
    let made;
    if (!agreed || !await doIt(async () => { made = (await act('POST', `${path}/secret`, { overlapSeconds: Number(overlap.input.value) })).body; })) return;
    await showSecret(say('hooks.rotated'), made);
    await refresh();
  };
  const remove = async () => {
    const agreed = await sure({ title: say('hooks.removeTitle'), danger: true, says: [url, say('hooks.removeSays')], label: say('hooks.remove') });
    if (agreed && await doIt(() => act('DELETE', path), say('hooks.removed'))) await refresh();
  };
  const onOff = enabled ? ['hooks.turnOff', () => change({ enabled: false }, 'hooks.off'), 'danger'] : ['hooks.turnOn', () => change({ enabled: true }, 'hooks.on')];
  return [['hooks.test', test], onOff, ['hooks.typesBegin', chooseTypes], ['hooks.replayBegin', replay], ['hooks.rotateBegin', rotate], ['hooks.removeBegin', remove, 'danger']];
}

/** How a webhook stands, in sentences. */
function standing({ waitingEvents, waitingSince, lastAttempt, nextAttemptAt, oldSecretUntil }, timeZone) {
  const when = (instant) => dateTime(instant, timeZone);
  return [
    waitingEvents ? say('hooks.waiting', { n: number(waitingEvents), when: when(waitingSince) }) : say('hooks.upToDate'),
    lastAttempt && say('hooks.last', { when: when(lastAttempt.at), outcome: outcome(lastAttempt) }),
    nextAttemptAt && say('hooks.next', { when: when(nextAttemptAt) }),
    oldSecretUntil && say('hooks.oldUntil', { when: when(oldSecretUntil) }),
  ].filter(Boolean);
}

const outcome = ({ outcome: word, status }) => say(`hooks.outcome.${word}`, { status: status ?? '' });
