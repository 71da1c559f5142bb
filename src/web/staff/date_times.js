// The times of a date: the fields, and what they say.

import { say } from '../shared/language.js';
import { serverNow } from '../shared/venue.js';
import { field, numberOf } from './forms.js';
import { sure } from './sure.js';
import { localOf, momentOf } from './venue_time.js';

/** The fields of a date's times; empty ones are left to the venue. */
export function times(timeZone, schedule) {
  const local = (instant) => instant && localOf(instant, timeZone);
  const moment = (name, label, hint, required) =>
    field(name, label, { type: 'datetime-local', value: schedule && local(schedule[name]), hint, required, max: '9999-12-31T23:59' });
  return [
    moment('startsAt', say('date.startsAt'), null, true),
    moment('saleOpensAt', say('date.saleOpensAt'), schedule ? null : say('date.saleOpensHint'), Boolean(schedule)),
    moment('saleClosesAt', say('date.saleClosesAt'), schedule ? null : say('date.saleClosesHint'), Boolean(schedule)),
    field('refundUntilHours', say('date.refund'), {
      type: 'number', min: 0, max: 8760, step: 1, value: schedule?.refundUntilHours, hint: say('date.refundHint'),
    }),
  ];
}

/** What was typed in these fields, as a request takes it; null when somebody thought better of a start that is over. */
export async function said(fields, timeZone) {
  const told = {};
  for (const one of fields) {
    if (one.input.type === 'number') told[one.name] = numberOf(one);
    else {
      const { instant, said: moment } = await momentOf(one, timeZone);
      if (one.name === 'startsAt' && instant < serverNow() && !await sure({ title: say('date.pastTitle'), says: [say('date.pastSays')], label: say('date.pastDo') })) return null;
      told[one.name] = moment;
    }
  }
  return told;
}
