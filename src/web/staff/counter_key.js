// A user key, shown the one time that it can be: to write down, copy or print.

import { el } from '../shared/dom.js';
import { say } from '../shared/language.js';
import { ask, toast } from '../shared/notice.js';

/** Shows it until somebody says that it was given to its owner. */
export async function showKey(name, userId, userKey) {
  for (;;) {
    const choice = await ask({
      title: say('key.title', { name }),
      body: el('div', { class: 'printed' }, el('p', {}, say('key.says')),
        el('dl', { class: 'facts tall' }, el('dt', {}, say('key.id')), el('dd', {}, el('code', {}, userId)), el('dt', {}, say('key.key')), el('dd', {}, el('code', {}, userKey)))),
      choices: [{ label: say('key.copy'), value: 'copy' }, { label: say('print'), value: 'print' }, { label: say('key.given'), value: null, kind: 'main' }],
    });
    if (choice === null) return;
    if (choice === 'print') window.print();
    else if (navigator.clipboard) await navigator.clipboard.writeText(`${userId}\n${userKey}`).then(() => toast(say('key.copied')), () => toast(say('key.notCopied')));
    else toast(say('key.notCopied'));
  }
}
