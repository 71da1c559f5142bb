// One person in the line: a guest of the venue to the front, or somebody's token ended.

import { el, fill } from '../shared/dom.js';
import { say } from '../shared/language.js';
import { announce } from '../shared/notice.js';
import { field, form } from './forms.js';
import { act, read } from './session.js';
import { doIt, sure } from './sure.js';

const FOUND_MAX = 8;

export function people(concertId, look) {
  const who = field('name', say('people.name'), { type: 'search', required: true });
  const found = el('ul', { class: 'found' });
  const front = async ({ userId, name }) => {
    if (!await sure({ title: say('guest.title', { name }), says: [say('guest.says', { name })], label: say('guest.do') })) return;
    await doIt(() => act('POST', '/staff/queue/tokens', { userId, concertId: concertId ?? undefined }), say('guest.done', { name }));
    await look();
  };
  const revoke = async ({ userId, name }) => {
    if (!await sure({ title: say('revoke.title', { name }), danger: true, says: [say('revoke.says', { name }), say('revoke.again')], label: say('revoke.do') })) return;
    await doIt(() => act('DELETE', `/staff/queue/tokens/${userId}`), say('revoke.done', { name }));
    await look();
  };
  const find = async () => {
    const { users } = (await read(`/staff/users?name=${encodeURIComponent(who.input.value.trim())}&limit=${FOUND_MAX}`)).body;
    if (!users.length) announce(say('people.none'));
    fill(found, !users.length && el('li', {}, say('people.none')), users.map((user) => el('li', {},
      el('span', {}, user.name, ' ', el('code', { class: 'soft small' }, user.userId.slice(-6))),
      el('button', { type: 'button', class: 'small', 'aria-label': say('guest.one', { name: user.name }), on: { click: () => front(user) } }, say('guest.begin')),
      el('button', { type: 'button', class: 'small danger', 'aria-label': say('revoke.one', { name: user.name }), on: { click: () => revoke(user) } }, say('revoke.begin')))));
  };
  return el('section', { class: 'card' }, el('h2', {}, say('people.card')), el('p', { class: 'soft' }, say('people.hint')), form([who], { label: say('people.find'), kind: '', send: find }), found);
}
