// Topping up one's own points, where the venue lets everyone do it.

import { Refused, newKey, patiently } from '../shared/api.js';
import { el, tell } from '../shared/dom.js';
import { points } from '../shared/format.js';
import { say } from '../shared/language.js';
import { asUser, me } from './me.js';
import { busyButton, sentence } from './parts.js';

const MOST = 10_000_000;

/** A form that asks for at least `least` points; `done` gets the new balance. */
export function topUpForm(least, signal, done) {
  const fault = el('p', { class: 'fault', id: 'amount-fault', role: 'alert', hidden: true });
  const amount = el('input', {
    id: 'amount', type: 'number', inputmode: 'numeric', min: 1, max: MOST, step: 1, value: least, required: true,
    'aria-describedby': 'amount-words amount-hint amount-fault',
  });
  const words = el('p', { class: 'hint figures', id: 'amount-words' }, points(least));
  amount.addEventListener('input', () => tell(words, amount.value && amount.checkValidity() ? points(amount.valueAsNumber) : ''));
  let key = newKey();
  const wrong = (text) => {
    fault.textContent = text;
    fault.hidden = false;
    amount.setAttribute('aria-invalid', 'true');
    amount.focus();
  };
  const add = async () => {
    if (!amount.checkValidity()) return wrong(say('topUp.wrong', { most: points(MOST) }));
    try {
      const path = `/users/${me().userId}/balance/top-ups`;
      const { body } = await patiently('POST', path, { body: { amount: amount.valueAsNumber }, authorization: asUser(), key, signal });
      await done(body.balance);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof Refused)) throw error;
      key = newKey();
      wrong(sentence(error));
    }
  };
  const go = busyButton(say('topUp.go'), add, 'main wide');
  const send = (event) => { event.preventDefault(); go.click(); };
  return el('form', { novalidate: true, on: { submit: send } },
    el('div', { class: 'field' },
      el('label', { for: 'amount' }, say('topUp.label')), amount, words,
      el('p', { class: 'hint', id: 'amount-hint' }, say('topUp.hint', { least: points(least) })), fault),
    go);
}
