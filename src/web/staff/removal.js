// Deleting what was made by mistake: a concert or a date of which nothing was
// ever held or sold. The server says whether it may.

import { el } from '../shared/dom.js';
import { say } from '../shared/language.js';
import { act } from './session.js';
import { doIt, sure } from './sure.js';

/** A card that deletes a `date` or a `concert` at a path, and goes to `then`. */
export function removal({ what, path, then }) {
  const remove = async () => {
    if (!await sure({ title: say(`remove.${what}Title`), says: [say('remove.says')], label: say('remove.do'), danger: true })) return;
    if (await doIt(() => act('DELETE', path), say('remove.done'))) location.hash = then;
  };
  return el('section', { class: 'card' }, el('h2', {}, say(`remove.${what}`)), el('p', { class: 'soft' }, say('remove.hint')),
    el('button', { type: 'button', class: 'danger', on: { click: remove } }, say('remove.begin')));
}
