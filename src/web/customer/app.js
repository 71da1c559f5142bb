// The customer's pages: starts them.

import '../shared/words.js';
import './words.js';
import { patiently } from '../shared/api.js';
import { el, fill } from '../shared/dom.js';
import { openFrame } from '../shared/frame.js';
import { say } from '../shared/language.js';

const { main, refresh } = openFrame({ home: '/', name: () => 'boxoffice' });

window.addEventListener('language', show);
refresh();
show();

async function show() {
  document.title = `${say('concerts.title')} · boxoffice`;
  fill(main, el('h1', {}, say('concerts.title')));
  const { body } = await patiently('GET', '/concerts');
  fill(main, el('h1', {}, say('concerts.title')), body.concerts.map(({ title, venue, description }) =>
    el('article', { class: 'card' }, el('h2', {}, title), el('p', { class: 'soft' }, venue), el('p', {}, description))));
}
