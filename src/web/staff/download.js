// Files that need the key to be fetched: they come by a call, and are handed to the browser as a download.

import { el } from '../shared/dom.js';
import { read } from './session.js';

export async function download(path, accept, name, signal) {
  const { body } = await read(path, { accept, signal });
  const url = URL.createObjectURL(new Blob([body], { type: accept }));
  const link = el('a', { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000); // the browser has read it long before
}
