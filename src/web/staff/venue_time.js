// Times as fields of a form hold them: the venue's own time, without a zone. Where the venue's clocks skip such a time,
// or show it twice, nobody guesses: the field says so, or a person is asked which of the two is meant.

import { say } from '../shared/language.js';
import { ask } from '../shared/notice.js';
import { AtField } from './forms.js';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/** An instant as `YYYY-MM-DDTHH:MM` at the venue. */
export function localOf(instant, timeZone) {
  const options = {
    timeZone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit',
  };
  const parts = new Intl.DateTimeFormat('en-CA', options).formatToParts(new Date(instant));
  const { year, month, day, hour, minute } = Object.fromEntries(parts.map(({ type, value }) => [type, value]));
  return `${year.padStart(4, '0')}-${month}-${day}T${hour}:${minute}`;
}

/** The instants at which the venue's clocks show this: none where they skip it, two where they show it twice. */
export function instantsOf(local, timeZone) {
  const wanted = Date.parse(`${local}Z`);
  const offset = (at) => Date.parse(`${localOf(at, timeZone)}Z`) - Math.floor(at / MINUTE_MS) * MINUTE_MS;
  // Clocks are changed at most once in two days: what they show is by the offset of the day before or of the day after.
  const offsets = new Set([wanted - DAY_MS, wanted + DAY_MS].map(offset));
  return [...offsets].map((one) => wanted - one).filter((at) => localOf(at, timeZone) === local.slice(0, 16)).sort((a, b) => a - b);
}

/**
 * What a field of a time says: `{instant, said}`, the second as a request takes it. Fails at the field where its
 * clocks skip it, or where nobody chose between the two.
 */
export async function momentOf(one, timeZone) {
  const local = one.input.value;
  const instants = instantsOf(local, timeZone);
  if (!instants.length) throw new AtField(one, say('moment.skipped'));
  if (instants.length === 1) return { instant: instants[0], said: local };
  const named = (at) => new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'short' }).formatToParts(at).find(({ type }) => type === 'timeZoneName').value;
  const choices = instants.map((at, nth) => ({ label: say(nth ? 'moment.second' : 'moment.first', { zone: named(at) }), value: at }));
  const chosen = await ask({ title: say('moment.title', { time: local.slice(11, 16) }), body: say('moment.says'), choices });
  if (chosen === null) throw new AtField(one, say('moment.twice'));
  return { instant: chosen, said: new Date(chosen).toISOString() };
}
