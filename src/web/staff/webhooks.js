// Webhooks: other programs that get the events of the venue, how each stands, and a test.

import './webhooks_words.js';
import { el, fill } from '../shared/dom.js';
import { dateTime, number } from '../shared/format.js';
import { say } from '../shared/language.js';
import { ask } from '../shared/notice.js';
import { venue } from '../shared/venue.js';
import { field, form } from './forms.js';
import { act, read } from './session.js';
import { doIt, sure } from './sure.js';

const TEST_WAIT_SECONDS = 25;
/** What people choose from; single types are chosen by the API. */
const KINDS = {
  all: undefined,
  sales: ['SEATS_SOLD', 'PAYMENT_COMPLETED', 'RESERVATION_REFUNDED', 'SCHEDULE_CANCELLED'],
  door: ['TICKET_CHECKED_IN', 'CHECK_IN_UNDONE', 'TICKET_CONFLICT'],
};

export async function open({ main, signal }) {
  const { timeZone } = await venue({ fresh: true, signal });
  const list = el('div', { class: 'rows' });
  const url = field('url', say('hooks.url'), { type: 'url', required: true, maxlength: 2000 });
  const kinds = field('eventTypes', say('hooks.kinds'), { kind: 'select' }, Object.keys(KINDS).map((one) => el('option', { value: one }, say(`hooks.kinds.${one}`))));
  const signature = field('signature', say('hooks.signature'), { kind: 'select' }, ['v1', 'v1a'].map((one) => el('option', { value: one }, say(`hooks.signature.${one}`))));

  const refresh = async () => {
    const { webhooks } = (await read('/staff/webhooks', { signal })).body;
    fill(list, webhooks.map((one) => webhookLine(one, timeZone, refresh)));
  };
  const add = async () => {
    const { body } = await act('POST', '/staff/webhooks', { url: url.input.value.trim(), eventTypes: KINDS[kinds.input.value], signature: signature.input.value });
    await ask({
      title: say('hooks.added'),
      body: el('div', {}, el('p', {}, say(body.secret ? 'hooks.once' : 'hooks.publicKey')), el('p', {}, el('code', { class: 'key' }, body.secret ?? body.publicKey))),
      choices: [{ label: say('hooks.given'), value: true, kind: 'main' }],
    });
    url.input.value = '';
    await refresh();
  };
  await refresh();
  fill(main, el('h1', { tabindex: '-1' }, say('part.webhooks')), el('p', { class: 'soft' }, say('hooks.hint')),
    el('section', { class: 'card' }, el('h2', {}, say('hooks.new')), form([url, kinds, signature], { label: say('hooks.add'), send: add })), list,
    el('p', { class: 'soft small' }, el('a', { href: '#keys' }, say('part.keys')), ' · ', el('a', { href: '/docs' }, '/docs')));
}

function webhookLine(webhook, timeZone, refresh) {
  const { webhookId, url, enabled } = webhook;
  const path = `/staff/webhooks/${webhookId}`;
  const change = async (to) => { if (await doIt(() => act('PATCH', path, { enabled: to }), say(to ? 'hooks.on' : 'hooks.off'))) await refresh(); };
  const test = async () => {
    let tested;
    const done = await doIt(async () => { tested = (await act('POST', `${path}/test`, {}, { waitSeconds: TEST_WAIT_SECONDS })).body; });
    if (done) await ask({ title: say('hooks.tested'), body: tested.lastTest ? outcome(tested.lastTest) : say('hooks.testing') });
    if (done) await refresh();
  };
  const remove = async () => {
    const agreed = await sure({ title: say('hooks.removeTitle'), danger: true, says: [url, say('hooks.removeSays')], label: say('hooks.remove') });
    if (agreed && await doIt(() => act('DELETE', path), say('hooks.removed'))) await refresh();
  };
  const named = (key, on, kind) => el('button', { type: 'button', class: kind, 'aria-label': `${say(key)}: ${url}`, on: { click: on } }, say(key));
  return el('article', { class: 'card line' },
    el('div', {},
      el('h3', {}, url, ' ', el('span', { class: `tag ${enabled ? 'good' : ''}` }, say(enabled ? 'hooks.isOn' : `hooks.isOff.${webhook.disabledReason}`))),
      standing(webhook, timeZone).map((text) => el('p', { class: 'soft small' }, text))),
    el('div', { class: 'bar' }, named('hooks.test', test), enabled ? named('hooks.turnOff', () => change(false)) : named('hooks.turnOn', () => change(true)), named('hooks.removeBegin', remove, 'danger')));
}

/** How a webhook stands, in sentences. */
function standing({ waitingEvents, waitingSince, lastAttempt, nextAttemptAt }, timeZone) {
  const when = (instant) => dateTime(instant, timeZone);
  return [
    waitingEvents ? say('hooks.waiting', { n: number(waitingEvents), when: when(waitingSince) }) : say('hooks.upToDate'),
    lastAttempt && say('hooks.last', { when: when(lastAttempt.at), outcome: outcome(lastAttempt) }),
    nextAttemptAt && say('hooks.next', { when: when(nextAttemptAt) }),
  ].filter(Boolean);
}

const outcome = ({ outcome: word, status }) => say(`hooks.outcome.${word}`, { status: status ?? '' });
