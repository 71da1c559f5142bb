// Selling points: what was typed is sold once, however often the button is pressed until there is an answer.

import { el, fill } from '../shared/dom.js';
import { dateTime, points } from '../shared/format.js';
import { say } from '../shared/language.js';
import { venue } from '../shared/venue.js';
import { field, form, numberOf } from './forms.js';
import { me } from './session.js';
import { sure } from './sure.js';
import { actOnce, unanswered } from './unanswered.js';

const AMOUNTS = [10_000, 50_000, 100_000];
const MOST = 10_000_000;

export function sellCard(user, rules, main, signal) {
  const sale = `sale.${user.userId}`;
  const open = unanswered(sale)?.amount;
  const amount = field('amount', say('sell.amount'), { type: 'number', required: true, min: 1, max: MOST, step: 1, inputmode: 'numeric', value: open, inWords: points });
  const quick = AMOUNTS.map((won) => el('button', { type: 'button', class: 'small', on: { click: () => { amount.input.value = won; amount.input.dispatchEvent(new Event('input')); amount.fault(null); } } }, points(won)));
  const send = async () => {
    const won = numberOf(amount);
    const price = new Intl.NumberFormat().format(won);
    if (!await sure({ title: say('sell.title', { name: user.name }), says: [say('sell.says', { amount: points(won), price, name: user.name })], label: say('sell.do', { amount: points(won), price }) })) return;
    const { body: sold } = await actOnce(sale, `/staff/users/${user.userId}/balance/top-ups`, { amount: won });
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
