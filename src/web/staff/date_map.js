// The map of a date for staff: every seat as it is, and single ones kept back or opened again.

import { pause } from '../shared/api.js';
import { el, fill } from '../shared/dom.js';
import { say } from '../shared/language.js';
import { toast } from '../shared/notice.js';
import { SeatMap, priceOf } from '../shared/seat_map.js';
import { attributesOf, seatName } from '../shared/seat_name.js';
import { sample } from '../shared/seat_marks.js';
import { field } from './forms.js';
import { showHolder } from './seat_holder.js';
import { act } from './session.js';
import { doIt, sure } from './sure.js';

const LOOK_MS = 2_000;

/** A card with the map of these seats; `changed` is called after a seat was blocked or opened. */
export function blockMap({ cancelledAt }, hall, signal, changed) {
  const { path } = hall;
  const place = el('div', { 'aria-busy': 'true' });
  const kept = el('div', {});
  let map = null;

  const put = (seat, blocked, reason) => act('PUT', `${path}/${encodeURIComponent(seat)}`, blocked ? { blocked, reason } : { blocked });
  const turn = async (seat, blocked, reason) => { await put(seat, blocked, reason); await Promise.all([refresh(), changed()]); };

  async function free(seat) {
    const reason = field('reason', say('block.reason'), { maxlength: 200, hint: say('block.reasonHint') });
    const agreed = await sure({ title: say('block.title', { seat: seatName(seat) }), says: [say('block.says'), reason.node], label: say('block.do') });
    if (agreed) await doIt(() => turn(seat.seat, true, reason.input.value.trim()), say('block.done', { seat: seatName(seat) }), () => turn(seat.seat, false));
  }

  async function taken(seat, state) {
    if (seat.holder) return void await showHolder(seat);
    if (state !== 'blocked') return void toast(say(`block.${state}`, { seat: seatName(seat) }));
    const agreed = await sure({
      title: say('unblock.title', { seat: seatName(seat) }), says: [seat.reason && say('block.because', { reason: seat.reason }), say('unblock.says')], label: say('unblock.do'),
    });
    if (agreed) await doIt(() => turn(seat.seat, false), say('unblock.done', { seat: seatName(seat) }), () => turn(seat.seat, true, seat.reason ?? ''));
  }

  async function refresh() {
    await hall.look();
    const { seats, front, shapes } = hall.now;
    if (seats === map?.seats) return;
    if (map) map.update(seats, { front, shapes });
    else {
      map = new SeatMap(seats, {
        drawing: { front, shapes }, isChosen: () => false, toggle: free, taken, can: () => !cancelledAt,
        nameOf: (seat, state) => say('block.seat', { seat: seatName(seat), price: priceOf(seat), state: say(`block.is.${state}`) }) + (attributesOf(seat) && `, ${attributesOf(seat)}`),
      });
      fill(place, map.node);
      place.removeAttribute('aria-busy');
    }
    const blocked = seats.filter(({ status }) => status === 'BLOCKED');
    fill(kept, blocked.length > 0 && el('details', {}, el('summary', {}, say('block.list', { n: blocked.length })),
      el('ul', {}, blocked.map((seat) => el('li', {}, [seatName(seat), seat.reason].filter(Boolean).join(': '))))));
  }

  const legend = ['free', 'held', 'sold', 'blocked'].map((state) => el('li', {}, sample(0, state), say(`block.is.${state}`)));
  /** Looks again and again: a map that stands still sells seats twice in people's heads. */
  async function follow() {
    await refresh();
    for (;;) {
      await pause(LOOK_MS, signal);
      if (!document.hidden) await refresh();
    }
  }

  follow().catch((error) => { if (!signal.aborted) throw error; });
  return el('section', { class: 'card' }, el('h2', {}, say('block.map')), el('p', { class: 'soft' }, say('block.hint')), place,
    el('div', { class: 'legend' }, el('ul', {}, legend)), kept);
}
