// Selling points: what was typed is sold once, however often the button is pressed until there is an answer.

import { Refused, newKey } from '../shared/api.js';
import { el, fill } from '../shared/dom.js';
import { dateTime, points } from '../shared/format.js';
import { say } from '../shared/language.js';
import { venue } from '../shared/venue.js';
import { field, form, numberOf } from './forms.js';
import { act, me } from './session.js';
import { sure } from './sure.js';

const AMOUNTS = [10_000, 50_000, 100_000];
const MOST = 10_000_000;

/** The key of a sale that has no answer yet, kept in the tab: a reload or a second press repeats it and sells nothing twice. */
const kept = {
  name: (userId) => `boxoffice.sale.${userId}`,
  of(userId, amount) {
    const before = JSON.parse(sessionStorage.getItem(this.name(userId)) ?? 'null');
    const sale = before?.amount === amount ? before : { amount, key: newKey() };
    sessionStorage.setItem(this.name(userId), JSON.stringify(sale));
    return sale.key;
  },
  open: (userId) => JSON.parse(sessionStorage.getItem(kept.name(userId)) ?? 'null')?.amount,
  drop: (userId) => sessionStorage.removeItem(kept.name(userId)),
};

export function sellCard(user, rules, main, signal) {
  const open = kept.open(user.userId);
  const amount = field('amount', say('sell.amount'), { type: 'number', required: true, min: 1, max: MOST, step: 1, inputmode: 'numeric', value: open });
  const quick = AMOUNTS.map((won) => el('button', { type: 'button', class: 'small', on: { click: () => { amount.input.value = won; amount.fault(null); } } }, points(won)));
  const send = async () => {
    const won = numberOf(amount);
    const price = new Intl.NumberFormat().format(won);
    if (!await sure({ title: say('sell.title', { name: user.name }), says: [say('sell.says', { amount: points(won), price, name: user.name })], label: say('sell.do', { amount: points(won) }) })) return;
    let sold;
    try {
      sold = (await act('POST', `/staff/users/${user.userId}/balance/top-ups`, { amount: won }, { key: kept.of(user.userId, won) })).body;
    } catch (error) {
      if (error instanceof Refused && error.status < 500) kept.drop(user.userId);
      throw error;
    }
    kept.drop(user.userId);
    receipt(main, user, sold, (await venue({ signal })).timeZone);
  };
  return el('section', { class: 'card' }, el('h2', {}, say('sell.open')),
    open && el('p', { class: 'note warn' }, say('sell.unanswered', { amount: points(open) })),
    form([amount, el('div', { class: 'bar quick' }, quick)], { label: say('sell.begin'), send }));
}

function receipt(main, user, { topUpId, amount, balance, at }, timeZone) {
  const facts = [
    [say('receipt.number'), topUpId], [say('receipt.at'), dateTime(at, timeZone)], [say('receipt.to'), user.name],
    [say('receipt.by'), me().name], [say('receipt.amount'), el('strong', {}, points(amount))], [say('receipt.balance'), points(balance)],
  ];
  const again = el('button', { type: 'button', class: 'main', on: { click: () => window.dispatchEvent(new HashChangeEvent('hashchange')) } }, say('receipt.back', { name: user.name }));
  fill(main, el('h1', { tabindex: '-1' }, say('receipt.title')),
    el('p', { class: 'note good no-print', role: 'status' }, say('receipt.done', { amount: points(amount), name: user.name })),
    el('section', { class: 'card receipt' }, el('dl', { class: 'facts' }, facts.flatMap(([name, value]) => [el('dt', {}, name), el('dd', {}, value)]))),
    el('div', { class: 'bar no-print' }, again, el('button', { type: 'button', on: { click: () => window.print() } }, say('print'))));
  again.focus();
}
