// Asking before something is done, with its consequence in numbers; and
// taking it back afterwards where that is possible.

import { el } from '../shared/dom.js';
import { say } from '../shared/language.js';
import { ask, toast } from '../shared/notice.js';
import { sentence } from './session.js';

/**
 * Whether a person agrees to what `says` (texts or nodes) tells. Where nothing is to be filled in, the way back has the
 * focus.
 */
export function sure({ title, says, label, danger = false, kind }) {
  return ask({
    title, kind,
    body: el('div', {}, says.filter(Boolean).map((one) => (typeof one === 'string' ? el('p', {}, one) : one))),
    choices: [{ label: say('sure.back'), value: false }, { label, value: true, kind: danger ? 'danger' : 'main' }],
  });
}

/** Does something and says that it is done; what is refused is said too. Gives whether it was done. */
export async function doIt(what, done, undo) {
  try {
    await what();
  } catch (error) {
    await ask({ title: say('staff.refused'), body: sentence(error) });
    return false;
  }
  if (done) toast(done, undo && { label: say('sure.undo'), act: () => doIt(undo, say('sure.undone')) });
  return true;
}
