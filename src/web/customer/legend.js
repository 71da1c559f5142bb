// What the marks of a map mean: each price with what is left of it,
// which also shows only its own seats; and the states.

import { el, fill, tell } from '../shared/dom.js';
import { points } from '../shared/format.js';
import { say } from '../shared/language.js';
import { kinds, sample, signSample, signs } from '../shared/seat_marks.js';

const STATES = ['chosen', 'mine', 'held', 'sold', 'blocked'];

export class Legend {
  constructor(map) {
    this.map = map;
    this.only = null;
    this.prices = el('ul', { class: 'prices' });
    this.states = el('ul', {});
    this.special = el('ul', { class: 'prices' });
    this.node = el('section', { class: 'legend', 'aria-label': say('legend.label') }, this.prices, this.special, this.states, el('p', { class: 'small soft by-keyboard' }, say('map.hint')));
  }

  show(seats) {
    const free = new Map(this.map.prices.map((price) => [price, 0]));
    const names = new Map(this.map.prices.map((price) => [price, new Set()]));
    for (const { price, status, section, category } of seats) {
      if (price == null) continue;
      if (status === 'AVAILABLE') free.set(price, free.get(price) + 1);
      if (category ?? section) names.get(price).add(category ?? section);
    }
    if (this.prices.children.length !== free.size) fill(this.prices, this.map.prices.map((price, nth) => this.priceRow(price, nth)));
    this.map.prices.forEach((price, nth) => {
      const name = [...names.get(price)].slice(0, 3).join(', ');
      const values = { name, price: points(price), left: free.get(price) };
      tell(this.prices.children[nth].querySelector('.text'), say(name ? 'legend.price' : 'legend.plain', values));
    });
    this.showSpecial(seats);
    const there = (state) => ['chosen', 'sold', 'held'].includes(state) || seats.some(({ status, mine }) => (state === 'mine' ? mine : status.toLowerCase() === state));
    const shown = STATES.filter(there);
    if (this.states.children.length !== shown.length) fill(this.states, shown.map((state) => el('li', {}, sample(0, state), say(`seat.${state}`))));
  }

  /** What is special about seats, each with how many are left; pressed, it shows only those. */
  showSpecial(seats) {
    const there = signs.filter((attribute) => seats.some(({ attributes }) => attributes?.includes(attribute)));
    if (this.special.children.length !== there.length) fill(this.special, there.map((attribute) => this.signRow(attribute)));
    there.forEach((attribute, nth) => {
      const left = seats.filter(({ status, attributes }) => status === 'AVAILABLE' && attributes?.includes(attribute)).length;
      tell(this.special.children[nth].querySelector('.text'), say('legend.special', { name: say(`attribute.${attribute}`), left }));
    });
  }

  signRow(attribute) {
    const turn = ({ currentTarget }) => {
      this.sign = this.sign === attribute ? null : attribute;
      this.map.filterAttribute(this.sign);
      for (const { firstChild } of this.special.children) firstChild.setAttribute('aria-pressed', String(firstChild === currentTarget && this.sign !== null));
    };
    return el('li', {}, el('button', { type: 'button', class: 'small', 'aria-pressed': 'false', on: { click: turn } }, signSample(attribute), el('span', { class: 'text' })));
  }

  priceRow(price, nth) {
    const content = [sample(nth, 'free'), el('span', { class: 'text' })];
    if (this.map.prices.length < 2 || this.map.prices.length > kinds) return el('li', {}, content);
    const turn = () => {
      this.only = this.only === price ? null : price;
      this.map.filter(this.only);
      [...this.prices.children].forEach(({ firstChild }, at) => firstChild.setAttribute('aria-pressed', String(this.only === this.map.prices[at])));
    };
    return el('li', {}, el('button', { type: 'button', class: 'small', 'aria-pressed': 'false', on: { click: turn } }, content));
  }
}
