// The counter: finding somebody, or making a new user for them.

import './counter_seats_words.js';
import './counter_words.js';
import { call } from '../shared/api.js';
import { el, fill } from '../shared/dom.js';
import { dateTime } from '../shared/format.js';
import { say } from '../shared/language.js';
import { announce } from '../shared/notice.js';
import { seatName } from '../shared/seat_name.js';
import { serverNow, venue } from '../shared/venue.js';
import { openSale } from './counter_seats.js';
import { openTill } from './counter_till.js';
import { openUser } from './counter_user.js';
import { showKey } from './counter_key.js';
import { field, form } from './forms.js';
import { read } from './session.js';
import { openTickets } from './ticket_print.js';

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const FOUND_MAX = 50;
/** A seat that is asked for is one of a date that begins or began within a day. */
const DAY_MS = 86_400_000;
const SEAT = /^[\p{L}\d-]{0,30}\d$/u;

export async function open({ main, rest: [userId, what, reservationId], signal }) {
  const rules = await venue({ fresh: true, signal });
  if (userId === 'sell') return openSale(main, [what, reservationId], rules, signal);
  if (userId === 'till') return openTill(main, rules, signal);
  if (what === 'tickets') return openTickets(main, userId, reservationId, rules, signal);
  if (userId) return openUser(main, userId, rules, signal);
  return search(main, rules, signal);
}

/** Who has a seat of this label on the dates of today. */
async function holdersOf(label, signal) {
  const { concerts } = (await read('/staff/concerts', { signal })).body;
  const today = concerts.filter(({ next }) => next && Math.abs(Date.parse(next.startsAt) - serverNow()) < DAY_MS);
  const found = await Promise.all(today.map(async ({ title, next: { scheduleId, startsAt } }) => {
    const { seats } = (await read(`/staff/schedules/${scheduleId}/seats`, { signal })).body;
    const seat = seats.find((one) => one.holder && one.seat.toLowerCase() === label.toLowerCase());
    return seat && { title, startsAt, seat };
  }));
  return found.filter(Boolean);
}

function search(main, rules, signal) {
  const who = field('name', say('counter.who'), { required: true, hint: say('counter.whoHint'), type: 'search' });
  const found = el('div', { class: 'rows' });
  const find = async () => {
    const typed = who.input.value.trim();
    if (ID.test(typed.toLowerCase())) return void (location.hash = `#counter/${typed.toLowerCase()}`);
    const { users } = (await read(`/staff/users?search=${encodeURIComponent(typed)}&limit=${FOUND_MAX}`, { signal })).body;
    const holders = SEAT.test(typed) ? await holdersOf(typed, signal) : [];
    announce(say('counter.found', { n: users.length + holders.length }));
    if (users.length === 1 && !holders.length && !users[0].name.includes(typed)) return void (location.hash = `#counter/${users[0].userId}`);
    fill(found, !users.length && !holders.length && el('p', { class: 'note' }, say('counter.nobody', { name: typed })), holders.map(holderLine), users.map(userLine),
      users.length === FOUND_MAX && el('p', { class: 'soft' }, say('counter.more', { n: FOUND_MAX })));
  };
  const holderLine = ({ title, startsAt, seat }) => el('article', { class: 'card line' },
    el('div', {}, el('h3', {}, seat.holder.name), el('p', { class: 'soft small' }, [seatName(seat), title, dateTime(startsAt, rules.timeZone)].join(' · '))),
    el('a', { class: 'button', href: `#counter/${seat.holder.userId}`, 'aria-label': say('counter.openOne', { name: seat.holder.name }) }, say('counter.open')));
  const userLine = ({ userId, name, code, contact, createdAt }) => el('article', { class: 'card line' },
    el('div', {}, el('h3', {}, name, ' ', el('code', {}, code)),
      el('p', { class: 'soft small' }, [contact, say('counter.since', { when: dateTime(createdAt, rules.timeZone) })].filter(Boolean).join(' · '))),
    el('a', { class: 'button', href: `#counter/${userId}`, 'aria-label': say('counter.openOne', { name }) }, say('counter.open')));

  const name = field('name', say('counter.name'), { required: true, maxlength: 80 });
  const make = async () => {
    const { body } = await call('POST', '/users', { body: { name: name.input.value } });
    await showKey(body.name, body.userId, body.userKey);
    location.hash = `#counter/${body.userId}`;
  };
  fill(main, el('h1', { tabindex: '-1' }, say('part.counter')),
    el('p', { class: 'soft' }, say(`counter.policy.${rules.topUpPolicy}`)),
    el('div', { class: 'two' },
      el('section', { class: 'card' }, el('h2', {}, say('seatSale.title')), el('p', { class: 'soft' }, say('seatSale.hint')), el('a', { class: 'button main', href: '#counter/sell' }, say('seatSale.begin'))),
      el('section', { class: 'card' }, el('h2', {}, say('counter.find')), form([who], { label: say('counter.search'), kind: '', send: find }))), found,
    el('section', { class: 'card' }, el('h2', {}, say('till.title')), el('p', { class: 'soft' }, say('till.hint')), el('a', { class: 'button', href: '#counter/till' }, say('till.open'))),
    el('section', { class: 'card' }, el('h2', {}, say('counter.new')), el('p', { class: 'soft' }, say('counter.newNote')),
      form([name], { label: say('counter.make'), kind: '', send: make })));
  who.input.focus();
}
