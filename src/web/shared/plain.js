// A page of a few sentences, served with its words in both languages: the style sheet shows those of the page.

import { language } from './language.js';
import { languageSwitch } from './notice.js';

const place = document.querySelector('.top nav');
const name = document.title.split(' · ').pop();

function show() {
  place.replaceChildren(languageSwitch());
  document.title = `${document.querySelector(`.both > [lang="${language()}"] h1`).textContent} · ${name}`;
}

window.addEventListener('language', show);
show();
