// The documentation of the API, made in the browser from the server's own OpenAPI document.

import '../shared/words.js';
import './words.js';
import { patiently } from '../shared/api.js';
import { el } from '../shared/dom.js';
import { openFrame } from '../shared/frame.js';
import { language, say } from '../shared/language.js';
import { ApiDocument } from './document.js';
import { openList, showPlace } from './list.js';

const { main, refresh } = openFrame({ home: '/docs', name: () => say('docs.title'), places });
main.classList.add('docs');

/** The other places for those who write a client. */
function places() {
  return [
    el('a', { href: `/handbook/${language()}/clients` }, say('docs.handbook')),
    el('a', { href: '/api/v1/openapi.json' }, 'openapi.json'),
    el('a', { href: '/api/v1/openapi-3.0.json' }, 'openapi-3.0.json'),
  ];
}

/** Reads the document in the language of the page and shows all of it. */
async function show() {
  const asked = language();
  main.setAttribute('aria-busy', 'true');
  document.title = say('docs.title');
  refresh();
  const { body } = await patiently('GET', '/openapi.json');
  if (asked !== language()) return;
  openList(main, new ApiDocument(body));
  main.removeAttribute('aria-busy');
  showPlace();
}

window.addEventListener('language', show);
window.addEventListener('hashchange', showPlace);
show();
