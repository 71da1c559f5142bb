// The staff's pages: signing in with the staff key, which is kept for this tab only.

import '../shared/words.js';
import './words.js';
import { Refused, bearer, call } from '../shared/api.js';
import { el, fill } from '../shared/dom.js';
import { openFrame } from '../shared/frame.js';
import { say } from '../shared/language.js';

const KEPT = 'boxoffice.staffKey';
const { main, refresh } = openFrame({ home: '/staff', name: () => say('staff.title') });

window.addEventListener('language', show);
refresh();
show();

function show() {
  document.title = `${say('staff.title')} · boxoffice`;
  fill(main, sessionStorage.getItem(KEPT) ? inside() : signIn());
}

function inside() {
  const leave = () => { sessionStorage.removeItem(KEPT); show(); };
  return [
    el('h1', {}, say('staff.signedIn')),
    el('button', { type: 'button', on: { click: leave } }, say('staff.signOut')),
  ];
}

function signIn() {
  const fault = el('p', { class: 'fault', id: 'key-fault', role: 'alert', hidden: true });
  const key = el('input', { id: 'key', type: 'password', required: true, autocomplete: 'off', 'aria-describedby': 'key-hint key-fault' });
  const enter = async (event) => {
    event.preventDefault();
    try {
      await call('GET', '/staff/queue', { authorization: bearer(key.value.trim()) });
      sessionStorage.setItem(KEPT, key.value.trim());
      show();
    } catch (error) {
      const wrong = error instanceof Refused && error.status === 401;
      fault.textContent = wrong ? say('staff.wrongKey') : say('network.lost');
      fault.hidden = false;
      key.setAttribute('aria-invalid', 'true');
      key.focus();
    }
  };
  return [
    el('h1', {}, say('staff.signIn')),
    el('form', { class: 'card', on: { submit: enter } },
      el('div', { class: 'field' },
        el('label', { for: 'key' }, say('staff.key')), key,
        el('p', { class: 'hint', id: 'key-hint' }, say('staff.keyHint')), fault),
      el('button', { class: 'main' }, say('staff.enter'))),
  ];
}
