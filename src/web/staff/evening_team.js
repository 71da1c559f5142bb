// Whose keys work, on the evening itself: a lost one is ended from here.

import './keys_words.js';
import { el, fill } from '../shared/dom.js';
import { say } from '../shared/language.js';
import { revokeButton } from './keys.js';
import { me, read } from './session.js';

const SHOWN_MOST = 8;

/** The card of the keys of others, the newest first. */
export async function team(signal) {
  const list = el('ul', { class: 'found' });
  const node = el('section', { class: 'card' }, el('h2', {}, say('team.title')), el('p', { class: 'soft' }, say('team.hint')), list,
    el('p', {}, el('a', { href: '#keys' }, say('team.all'))));
  const refresh = async () => {
    const { keys } = (await read('/staff/keys', { signal })).body;
    const others = keys.filter(({ keyId, revokedAt }) => !revokedAt && keyId !== me().keyId);
    node.hidden = !others.length;
    fill(list, others.reverse().slice(0, SHOWN_MOST).map((key) =>
      el('li', {}, el('span', {}, key.name, ' ', el('span', { class: 'tag' }, say(`role.${key.role}`))), revokeButton(key, refresh, 'small danger'))));
  };
  await refresh();
  return node;
}
