// Signing in with the staff key.

import { Refused } from '../shared/api.js';
import { el, fill } from '../shared/dom.js';
import { language, say } from '../shared/language.js';
import { field, form } from './forms.js';
import { signIn } from './session.js';

/** Keys are visible ASCII; anything else could not even be sent. */
const KEY = /^[\x21-\x7e]+$/;

/** Shows the form; `then` is called once somebody is in. `why` is a sentence for those who were sent here. */
export function openSignIn(main, then, why) {
  const key = field('key', say('staff.key'), { type: 'password', required: true, hint: say('staff.keyHint'), spellcheck: 'false' });
  const send = async () => {
    const typed = key.input.value.trim();
    try {
      if (!KEY.test(typed)) throw new Refused(401, {});
      await signIn(typed);
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 401) throw error;
      key.fault(say('staff.wrongKey'));
      key.input.select();
      key.input.focus();
      return;
    }
    await then();
  };
  main.classList.add('narrow');
  fill(main,
    el('h1', { tabindex: '-1' }, say('staff.signIn')),
    why && el('p', { class: 'note warn', role: 'alert' }, why),
    el('div', { class: 'card' }, form([key], { label: say('staff.enter'), send })),
    el('p', { class: 'soft small' }, say('staff.noKey'), ' ',
      el('a', { href: `/handbook/${language()}` }, say('staff.readHandbook'))));
  key.input.focus();
}
