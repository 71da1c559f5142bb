// A user key, shown the one time that it can be: to write down, copy or print, with the address and a QR code that
// open it.

import { el } from '../shared/dom.js';
import { say } from '../shared/language.js';
import { ask, toast } from '../shared/notice.js';

/** Shows it until somebody says that it was given to its owner. */
export async function showKey(name, userId, userKey) {
  const picture = await pictureOf(`${location.origin}/#/key/${userId}.${userKey}`);
  for (;;) {
    const choice = await ask({
      title: say('userKey.title', { name }),
      body: el('div', { class: 'printed' }, el('p', {}, say('userKey.says')),
        el('div', { class: 'slip' },
          picture && el('img', { src: picture, alt: say('userKey.qr'), width: 160, height: 160 }),
          el('dl', { class: 'facts tall' }, el('dt', {}, say('userKey.address')), el('dd', {}, `${location.host}/#/key`),
            el('dt', {}, say('userKey.id')), el('dd', {}, el('code', {}, userId)), el('dt', {}, say('userKey.key')), el('dd', {}, el('code', {}, userKey))))),
      choices: [{ label: say('userKey.copy'), value: 'copy' }, { label: say('print'), value: 'print' }, { label: say('userKey.given'), value: null, kind: 'main' }],
    });
    if (choice === null) break;
    if (choice === 'print') window.print();
    else if (navigator.clipboard) await navigator.clipboard.writeText(`${userId}\n${userKey}`).then(() => toast(say('userKey.copied')), () => toast(say('userKey.notCopied')));
    else toast(say('userKey.notCopied'));
  }
  if (picture) URL.revokeObjectURL(picture);
}

/** The address of a QR code; null when what draws it cannot be loaded, for the key must be shown all the same. */
async function pictureOf(text) {
  const drawing = await import('../qr/index.js').then(({ encodeQR }) => encodeQR(text, 'svg'), () => null);
  return drawing && URL.createObjectURL(new Blob([drawing], { type: 'image/svg+xml' }));
}
