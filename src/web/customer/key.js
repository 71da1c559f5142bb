// The customer's key: saving it for another device, and using one from another device here.

import './booking_words.js';
import './refusals.js';
import { Refused, basic, call, passes } from '../shared/api.js';
import { el } from '../shared/dom.js';
import { say } from '../shared/language.js';
import { ask, toast } from '../shared/notice.js';
import { keyText, me, readKey, setMe } from './me.js';
import { busyButton, button, page, sentence } from './parts.js';

/** `given` is what the code on a slip of paper holds. It is taken out of the address, and used only when asked to. */
export async function show({ main, params: [given], signal }) {
  if (given) history.replaceState(null, '', '#/key');
  const key = given && readKey(given);
  page(main, say('key.title'), me() && !key && saveIt(), useAnother(signal, key ? `${key.userId} ${key.userKey}` : ''));
}

function saveIt() {
  const text = el('p', { class: 'code key', id: 'key-text' }, keyText());
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(keyText());
      toast(say('key.copied'));
    } catch { // not allowed, or plain http: the text is marked to be copied by hand
      getSelection().selectAllChildren(text);
      toast(say('key.marked'));
    }
  };
  return el('section', { class: 'card' },
    el('h2', {}, say('key.save')),
    el('p', {}, say('key.why')),
    text,
    el('div', { class: 'bar' }, button(say('key.copy'), copy, 'main'), button(say('key.file'), download), forget()));
}

function download() {
  const lines = [say('key.fileTitle', { host: location.host }), keyText(), ''];
  const url = URL.createObjectURL(new Blob([lines.join('\r\n')], { type: 'text/plain;charset=utf-8' }));
  const link = el('a', { href: url, download: 'boxoffice-key.txt' });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** Takes the key off this device, for a device that others use too. */
function forget() {
  return button(say('key.forget'), async () => {
    const yes = await ask({
      title: say('key.forgetTitle'), body: say('key.forgetText'),
      choices: [{ label: say('key.forgetKeep'), value: false, kind: 'main' }, { label: say('key.forget'), value: true, kind: 'danger' }],
    });
    if (!yes) return;
    setMe(null);
    location.hash = '#/';
  }, 'danger');
}

function useAnother(signal, given) {
  const fault = el('p', { class: 'fault', id: 'paste-fault', role: 'alert', hidden: true });
  const input = el('textarea', { id: 'paste', rows: 2, autocomplete: 'off', spellcheck: 'false', 'aria-describedby': 'paste-hint paste-fault' });
  input.value = given;
  const wrong = (text) => {
    fault.textContent = text;
    fault.hidden = false;
    input.setAttribute('aria-invalid', 'true');
    input.focus();
  };
  const take = async () => {
    const key = readKey(input.value);
    if (!key) return wrong(say('key.unreadable'));
    try {
      await call('GET', `/users/${key.userId}/balance`, { authorization: basic(key.userId, key.userKey), signal });
      setMe({ ...key, name: '' });
      toast(say('key.taken'));
      location.hash = '#/tickets';
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof Refused) && !passes(error)) throw error;
      wrong(sentence(error));
    }
  };
  const go = busyButton(say('key.take'), take, me() && !given ? '' : 'main');
  const send = (event) => { event.preventDefault(); go.click(); };
  return el('section', { class: 'card' },
    el('h2', {}, say('key.use')),
    el('form', { novalidate: true, on: { submit: send } },
      el('div', { class: 'field' },
        el('label', { for: 'paste' }, say('key.paste')), input,
        el('p', { class: 'hint', id: 'paste-hint' }, say(me() ? 'key.pasteHintOther' : 'key.pasteHint')), fault),
      go));
}
