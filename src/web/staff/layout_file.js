// A file of seats, read by the server before anything is saved: a plan of pretix, or a table of a spreadsheet.

import { Refused } from '../shared/api.js';
import { say } from '../shared/language.js';
import { act, sentence } from './session.js';

/** What a file is read as, with its seats, its drawing and what looks like a mistake. Fails with why it is none. */
export async function readFile(file) {
  const text = decoded(await file.arrayBuffer());
  const layout = /^\s*[{[]/.test(text) ? { pretixPlan: JSON.parse(text), prices: {} } : { table: text };
  const { seats, categories, remarks, front, shapes = [] } = (await act('POST', '/staff/layouts/preview', { layout })).body;
  return { layout, seats, categories, remarks, drawing: { front, shapes }, prices: {} };
}

/** Text of a spreadsheet: UTF-8, UTF-16 with its mark, or what Excel writes in Korea. */
function decoded(bytes) {
  const [first, second] = new Uint8Array(bytes);
  if (first === 0xff && second === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('euc-kr').decode(bytes);
  }
}

/** Why a file is not read, in words: what the server says of it without the place for programs. */
export function whyNot(error) {
  if (error instanceof SyntaxError) return say('layout.notJson');
  if (!(error instanceof Refused) || error.code !== 'INVALID_REQUEST') return sentence(error);
  const { detail, pointer } = error.problem;
  const at = detail.indexOf(`${pointer}: `);
  const reason = at < 0 ? detail : detail.slice(at + pointer.length + 2).replace(/\)$/, '');
  return say('layout.wrong', { reason });
}
