// What is chosen on the map: on a laptop a card with every seat, on a phone one
// line below the map that opens to the same list.

import { el, fill } from '../shared/dom.js';
import { cost } from '../shared/format.js';
import { say } from '../shared/language.js';
import { seatName, seatNames } from '../shared/seat_name.js';
import { priceAt, tariffSelect, wishOf } from '../shared/tariffs.js';
import { busyButton } from './parts.js';

export class Tray {
  /** `remove(seat)` takes one out, `choose(seat, tariff)` gives it another price, `hold(seats)` holds them all. */
  constructor({ remove, choose, hold, holdMinutes, words = ['tray.hold', 'tray.holdHint'] }) {
    Object.assign(this, { remove, choose, hold, holdMinutes, words, open: false });
    this.node = el('section', { class: 'card tray', 'aria-label': say('tray.label') });
  }

  /** Shows what is chosen; `room` is how many one may choose in all, `opens` says before a sale when it opens. */
  show(chosen, room, opens = '') {
    const shown = JSON.stringify([chosen, room, opens, this.open]);
    if (shown === this.shown) return; // drawn anew, a choice that somebody is making would close
    this.shown = shown;
    const n = chosen.length;
    const sum = chosen.reduce((total, seat) => total + priceAt(seat), 0);
    this.node.classList.toggle('some', n > 0);
    this.node.classList.toggle('open', this.open);
    if (!n) return void fill(this.node, el('h2', {}, say('tray.title')), el('p', { class: 'soft' }, say('tray.empty', { n: room })));
    const turn = () => { this.open = !this.open; this.show(chosen, room, opens); this.node.querySelector('.fold').focus(); };
    const hold = busyButton(say(this.words[0], { n }), () => this.hold(chosen.map(wishOf)), 'main wide');
    hold.disabled = Boolean(opens);
    return void fill(this.node,
      el('h2', {}, say('tray.title')),
      el('ul', { class: 'chosen' }, chosen.map((seat) => this.line(seat))),
      el('div', { class: 'bar apart sum' },
        el('button', { type: 'button', class: 'fold small quiet', 'aria-expanded': String(this.open), 'aria-label': say('tray.list', { seats: seatNames(chosen) }), on: { click: turn } }, seatNames(chosen)),
        el('span', { class: 'label' }, say('pay.sum')), el('strong', { class: 'figures' }, cost(sum))),
      hold, el('p', { class: 'small soft below' }, opens || say(this.words[1], { n: this.holdMinutes })));
  }

  line(seat) {
    const drop = () => {
      this.remove(seat);
      this.node.querySelector('button')?.focus();
    };
    const choose = (tariff) => {
      this.choose(seat, tariff);
      [...this.node.querySelectorAll('select')].find(({ name }) => name === seat.seat)?.focus();
    };
    return el('li', {}, el('span', {}, seatName(seat)), el('span', { class: 'figures' }, cost(priceAt(seat))),
      el('button', { type: 'button', class: 'small quiet', 'aria-label': say('tray.remove', { seat: seatName(seat) }), on: { click: drop } }, '✕'),
      tariffSelect(seat, cost, choose));
  }
}
