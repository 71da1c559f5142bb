// A picture of a form: chosen from a file, drawn anew so small that pages load it at once, and without what a camera
// wrote into it; shown before it is sent.

import { el, fill } from '../shared/dom.js';
import { say } from '../shared/language.js';

/** What the server takes, in bytes, with room for a rounding. */
const BYTES_MAX = 500_000;
const QUALITIES = [0.86, 0.7, 0.5];

/**
 * A field for a picture; `current` is the one of now, `sidePx` its longest side, `type` what it becomes. `value()`
 * gives it in Base64, null where it is to be taken away, undefined where it stays.
 */
export function pictureField(label, { current, sidePx, type }) {
  const fault = el('p', { class: 'fault', role: 'alert', hidden: true });
  const shown = el('div', { class: 'picture' });
  let chosen;
  const show = (src) => {
    fill(shown, src && el('img', { src, alt: say('picture.preview') }));
    remove.hidden = !src;
  };
  const choose = async () => {
    fault.hidden = true;
    try {
      if (!input.files[0]) return;
      const blob = await redrawn(input.files[0], sidePx, type);
      chosen = await base64Of(blob);
      show(URL.createObjectURL(blob));
    } catch {
      fill(fault, say('picture.none'));
      fault.hidden = false;
      input.value = '';
    }
  };
  const input = el('input', { type: 'file', accept: 'image/*', on: { change: choose } });
  const remove = el('button', { type: 'button', class: 'small danger', on: { click: () => { chosen = null; input.value = ''; show(null); } } }, say('picture.remove'));
  show(current?.url);
  return {
    value: () => chosen,
    node: el('div', { class: 'field' }, el('label', {}, label, shown, input), el('p', { class: 'hint' }, say('picture.hint'), ' ', remove), fault),
  };
}

async function redrawn(file, sidePx, type) {
  const url = URL.createObjectURL(file);
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const shrink = Math.min(1, sidePx / Math.max(image.naturalWidth, image.naturalHeight));
    const canvas = el('canvas', { width: Math.max(1, Math.round(image.naturalWidth * shrink)), height: Math.max(1, Math.round(image.naturalHeight * shrink)) });
    canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height);
    for (const [kind, quality] of [[type, QUALITIES[0]], ['image/jpeg', QUALITIES[1]], ['image/jpeg', QUALITIES[2]]]) {
      const blob = await new Promise((resolve) => { canvas.toBlob(resolve, kind, quality); });
      if (blob && blob.size <= BYTES_MAX) return blob;
    }
    throw new Error('too large');
  } finally {
    URL.revokeObjectURL(url);
  }
}

async function base64Of(blob) {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  let text = '';
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}
