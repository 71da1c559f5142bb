// What an event is about, in the words of people: its concert, its date, and the customer whom staff had to do with.

import { Refused } from '../shared/api.js';
import { dateTime } from '../shared/format.js';
import { read } from './session.js';

/** Where an event itself says of what was deleted what it was. */
const OF_CONCERT = /^(CONCERT|LINE|QUEUE|TOKEN)_/;

export class Subjects {
  constructor(timeZone, signal) {
    Object.assign(this, { timeZone, signal, known: new Map() });
  }

  /** `Voices of Spring · Sat 9 January at 7:00 pm · Kim`; empty where nothing of that is in the event. */
  async of({ type, data, by }) {
    const { scheduleId, concertId, userId, title, startsAt } = data;
    // What was changed is read again, with its new words.
    if (/_CHANGED$/.test(type)) this.known.clear();
    const date = scheduleId && !(concertId && startsAt) ? await this.ask(`/staff/schedules/${scheduleId}`) : { concertId, startsAt };
    const of = date?.concertId ?? (OF_CONCERT.test(type) ? concertId : null);
    const concert = of != null && (title ?? await this.titleOf(of));
    const user = by && userId && await this.ask(`/staff/users/${userId}`);
    return [concert, date?.startsAt && dateTime(date.startsAt, this.timeZone), user?.name].filter(Boolean).join(' · ');
  }

  async titleOf(concertId) {
    const { concerts } = await this.ask('/staff/concerts');
    return concerts.find((concert) => concert.concertId === concertId)?.title;
  }

  /** An answer, asked for once; null where there is nothing of it any more. */
  ask(path) {
    if (!this.known.has(path)) {
      this.known.set(path, read(path, { signal: this.signal }).then(({ body }) => body, (error) => {
        if (error instanceof Refused) return null;
        throw error;
      }));
    }
    return this.known.get(path);
  }
}
