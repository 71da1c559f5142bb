// The line of a concert: its own, which an on-sale gets so that it stops no other sale, or the shared line.

import { el, fill } from '../shared/dom.js';
import { say } from '../shared/language.js';
import { act, read } from './session.js';
import { doIt, sure } from './sure.js';

/** A card that says in which line people stand for a concert, and gives it a line of its own or closes it. */
export async function ownLine({ concertId, title }, signal) {
  const node = el('section', { class: 'card' });
  const path = `/staff/concerts/${concertId}/line`;
  const look = async () => {
    const { lines } = (await read('/staff/lines', { signal })).body;
    const own = lines.find((line) => line.concertId === concertId && !line.closed);
    const turn = async () => {
      const what = own ? 'close' : 'make';
      if (!await sure({ title: say(`ownLine.${what}.title`, { title }), says: [say(`ownLine.${what}.says`)], label: say(`ownLine.${what}.do`), danger: Boolean(own) })) return;
      await doIt(() => (own ? act('DELETE', path) : act('PUT', path, {})), say(`ownLine.${what}.done`));
      await look();
    };
    fill(node, el('h2', {}, say('ownLine.title')), el('p', { class: 'soft' }, say(own ? 'ownLine.has' : 'ownLine.shares')),
      el('div', { class: 'bar' }, el('button', { type: 'button', class: own && 'danger', on: { click: turn } }, say(own ? 'ownLine.close.begin' : 'ownLine.make.begin')),
        own && el('a', { class: 'button', href: '#evening' }, say('ownLine.steer'))));
  };
  await look();
  return node;
}
