// Staff keys: one for each who works here, made and revoked by who runs the venue.

import './keys_words.js';
import { el, fill } from '../shared/dom.js';
import { dateTime } from '../shared/format.js';
import { say } from '../shared/language.js';
import { ask } from '../shared/notice.js';
import { venue } from '../shared/venue.js';
import { field, form, paired } from './forms.js';
import { act, me, read } from './session.js';
import { doIt, sure } from './sure.js';

const ROLES = ['door', 'counter', 'admin'];

export async function open({ main, signal }) {
  const { timeZone } = await venue({ fresh: true, signal });
  const list = el('div', { class: 'rows' });
  const name = field('name', say('keys.name'), { required: true, maxlength: 80, hint: say('keys.nameHint') });
  const role = field('role', say('keys.role'), { kind: 'select' }, ROLES.map((one) => el('option', { value: one }, say(`keys.role.${one}`))));

  const refresh = async () => {
    const { keys } = (await read('/staff/keys', { signal })).body;
    fill(list, keys.map((one) => keyLine(one, timeZone, refresh)));
  };
  const make = async () => {
    const { body } = await act('POST', '/staff/keys', { name: name.input.value, role: role.input.value });
    await ask({
      title: say('keys.made', { name: body.name }),
      body: el('div', {}, el('p', {}, say('keys.once')), el('p', {}, el('code', { class: 'key' }, body.key))),
      choices: [{ label: say('keys.given'), value: true, kind: 'main' }],
    });
    name.input.value = '';
    await refresh();
  };
  await refresh();
  fill(main, el('h1', { tabindex: '-1' }, say('part.keys')), el('p', { class: 'soft' }, say('keys.hint')),
    el('section', { class: 'card' }, el('h2', {}, say('keys.new')), form([paired(name, role)], { label: say('keys.make'), send: make })), list,
    el('p', { class: 'soft small' }, say('keys.programs'), ' ', el('a', { href: '/docs' }, say('part.docs')), el('br'), say('keys.events'), ' ', el('a', { href: '#webhooks' }, say('keys.webhooks'))));
}

/** A button that ends a key once that was agreed to; `refresh` shows what came of it. */
export function revokeButton({ keyId, name }, refresh, kind = 'danger') {
  const own = keyId === me().keyId;
  const revoke = async () => {
    const agreed = await sure({ title: say('keys.revokeTitle', { name }), danger: true, says: [say(own ? 'keys.revokeOwn' : 'keys.revokeSays', { name })], label: say('keys.revoke') });
    if (agreed && await doIt(() => act('DELETE', `/staff/keys/${keyId}`), say('keys.revoked', { name })) && !own) await refresh();
  };
  return el('button', { type: 'button', class: kind, 'aria-label': say('keys.revokeOne', { name }), on: { click: revoke } }, say('keys.revokeBegin'));
}

function keyLine(key, timeZone, refresh) {
  const { keyId, name, role, createdAt, revokedAt } = key;
  return el('article', { class: 'card line' },
    el('div', {}, el('h3', {}, name, ' ', el('span', { class: `tag ${revokedAt ? '' : 'good'}` }, say(`role.${role}`))),
      el('p', { class: 'soft small' }, revokedAt ? say('keys.revokedAt', { when: dateTime(revokedAt, timeZone) }) : say('keys.since', { when: dateTime(createdAt, timeZone) }), keyId === me().keyId && ` · ${say('keys.own')}`)),
    !revokedAt && revokeButton(key, refresh));
}
