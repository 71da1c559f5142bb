// The seats of a date as staff see them: read whole once, and from then on only what changed. `now.seats` is another
// array when one of them changed.

import { read } from './session.js';

export class DateSeats {
  constructor(scheduleId, signal) {
    Object.assign(this, { path: `/staff/schedules/${scheduleId}/seats`, signal, now: null, reading: null });
  }

  /** What is known, or what comes with the first look: `{seats, front, shapes, tariffs}`. */
  async known() {
    if (!this.now) await (this.reading ?? this.look());
    return this.now;
  }

  /** Looks again, one look after the other. */
  look() {
    const after = this.reading ?? Promise.resolve();
    const mine = after.catch(() => {}).then(() => this.readOnce());
    this.reading = mine;
    return mine;
  }

  async readOnce() {
    const { body } = await read(this.now ? `${this.path}?since=${this.now.version}` : this.path, { signal: this.signal });
    if (body.since === undefined) {
      this.now = body;
      return;
    }
    const news = new Map(body.seats.map((seat) => [seat.seat, seat]));
    this.now = { ...this.now, version: body.version, seats: news.size ? this.now.seats.map((seat) => news.get(seat.seat) ?? seat) : this.now.seats };
  }
}
