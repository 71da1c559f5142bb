// What stands in the account of a user: name and contact, whether they may buy, and its removal.

import './counter_words.js';
import { el } from '../shared/dom.js';
import { dateTime } from '../shared/format.js';
import { say } from '../shared/language.js';
import { toast } from '../shared/notice.js';
import { field, form } from './forms.js';
import { act, may } from './session.js';
import { doIt, sure } from './sure.js';

/** The card of an account; `again` shows the page anew after a change. */
export function accountCard(user, path, timeZone, again) {
  const name = field('name', say('counter.name'), { required: true, maxlength: 80, value: user.name });
  const contact = field('contact', say('account.contact'), { maxlength: 200, value: user.contact, hint: say('account.contactHint') });
  const send = async () => {
    await act('PATCH', path, { name: name.input.value.trim(), contact: contact.input.value.trim() || null });
    toast(say('account.saved'));
    await again();
  };
  return el('section', { class: 'card' }, el('h2', {}, say('account.title')),
    form([name, contact], { label: say('limit.do'), kind: '', send }), may('admin') && adminPart(user, path, timeZone, again));
}

function adminPart({ name, bannedAt }, path, timeZone, again) {
  const ban = async () => {
    const banned = !bannedAt;
    const kind = banned ? 'ban' : 'unban';
    if (!await sure({ title: say(`account.${kind}Title`, { name }), says: [say(`account.${kind}Says`)], label: say(`account.${kind}`), danger: banned })) return;
    const put = async (to) => { await act('PUT', `${path}/ban`, { banned: to }); await again(); };
    await doIt(() => put(banned), say(`account.${kind}Done`, { name }), () => put(!banned));
  };
  const remove = async () => {
    if (!await sure({ title: say('account.removeTitle', { name }), says: [say('account.removeSays'), say('remove.says')], label: say('account.remove'), danger: true })) return;
    if (await doIt(() => act('DELETE', path), say('account.removed'))) location.hash = '#counter';
  };
  const state = el('p', { class: 'soft' }, bannedAt ? el('span', { class: 'tag bad' }, say('account.bannedSince', { when: dateTime(bannedAt, timeZone) })) : say('account.mayBuy'));
  return el('div', {}, state, el('div', { class: 'bar' },
    el('button', { type: 'button', class: bannedAt ? '' : 'danger', on: { click: ban } }, say(bannedAt ? 'account.unbanBegin' : 'account.banBegin')),
    el('button', { type: 'button', class: 'danger', on: { click: remove } }, say('account.removeBegin'))));
}
