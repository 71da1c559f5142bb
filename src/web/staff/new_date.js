// A new date with its seats, and further days with the same: new, copied from one that is there, or in the hall of
// another concert.

import { el, fill } from '../shared/dom.js';
import { say } from '../shared/language.js';
import { toast } from '../shared/notice.js';
import { serverNow } from '../shared/venue.js';
import { said, times } from './date_times.js';
import { draftOf, keepDraft } from './draft.js';
import { field, form } from './forms.js';
import { LayoutEditor } from './layout_editor.js';
import { act, read } from './session.js';
import { localOf } from './venue_time.js';

const DAY_MS = 86_400_000;
const DAYS_MAX = 60;
/** What goes along with the day; the others stay as they are typed. */
const BY_DAY = ['startsAt', 'saleClosesAt'];

export async function newDate(main, concert, timeZone, copiedId, signal) {
  const [copied, { body: { concerts } }] = await Promise.all([copiedId ? readDate(copiedId, timeZone, signal) : null, read('/staff/concerts', { signal })]);
  const isOwn = copied?.concertId === concert.concertId;
  const draft = ['date.new', concert.concertId, copiedId].filter(Boolean).join('.');
  const before = draftOf(draft);
  const fields = times(timeZone);
  if (isOwn) for (const one of fields) one.input.value = copied.times[one.name] ?? '';
  const editor = new LayoutEditor({ copied: copied?.layout, draft: before?.layout && { ...before.layout, file: before.file } });
  const days = daysField(fields[0].input, before?.days ?? []);
  const label = el('span', {});
  editor.changed = (n) => { label.textContent = days.values().length ? say('date.makeMore', { n, days: days.values().length + 1 }) : say('date.make', { n }); };
  days.changed = () => editor.draw();
  const made = new Set();
  const send = async () => {
    const layout = editor.layout();
    if (!layout) return false;
    const filled = fields.filter(({ input }) => input.value !== '');
    const all = [];
    for (const by of [0, ...days.values().map((day) => daysBetween(fields[0].input.value, day))]) {
      const when = await said(filled.map((one) => later(one, by)), timeZone);
      if (!when) return false;
      all.push(when);
    }
    let last;
    for (const when of all.filter(({ startsAt }) => !made.has(startsAt))) {
      last = (await act('POST', `/staff/concerts/${concert.concertId}/schedules`, { ...when, layout, ...(copied?.tariffs.length && { tariffs: copied.tariffs }) })).body;
      made.add(when.startsAt); // should the next one be refused, this one is not made again
    }
    toast(say(all.length > 1 ? 'date.madeMore' : 'date.made', { n: all.length }));
    location.hash = all.length > 1 || !last ? `#concerts/${concert.concertId}` : `#dates/${last.scheduleId}`;
  };
  fill(main, el('p', {}, el('a', { href: `#concerts/${concert.concertId}` }, `← ${concert.title}`)),
    el('h1', { tabindex: '-1' }, say(isOwn ? 'date.copyOf' : 'date.newOf')),
    form([
      el('section', { class: 'card' }, el('h2', {}, say('date.when')), el('div', { class: 'pair' }, fields.map(({ node }) => node)), days.node),
      ...fields.map((one) => ({ ...one, node: '' })),
      el('section', { class: 'card' }, el('h2', {}, say('layout.title')), !isOwn && hallChoice(concert, concerts, copiedId, fields), editor.node),
    ], { label, send, draft, more: () => { const { file, ...layout } = editor.state(); return { layout, file, days: days.values() }; } }));
  editor.show();
}

/** The halls that there are, each as the nearest date of a concert has it; the times that were typed go along. */
function hallChoice({ concertId }, concerts, copiedId, fields) {
  const halls = concerts.filter(({ next }) => next);
  if (!halls.length) return null;
  const take = () => {
    const to = ['date.new', concertId, hall.input.value].filter(Boolean).join('.');
    keepDraft(to, { fields: Object.fromEntries(fields.map(({ name, input }) => [name, input.value])) });
    location.hash = `#${to.replace('date.', 'dates.').replaceAll('.', '/')}`;
  };
  const hall = field('hall', say('date.like'), { kind: 'select', hint: say('date.likeHint'), value: copiedId, on: { change: take } },
    el('option', { value: '' }, say('date.likeNew')), halls.map(({ title, venue, next }) => el('option', { value: next.scheduleId }, [title, venue].filter(Boolean).join(' · '))));
  return hall.node;
}

/** A date that is copied: its times a day later, its hall with its prices, and its tariffs. */
async function readDate(scheduleId, timeZone, signal) {
  const path = `/staff/schedules/${encodeURIComponent(scheduleId)}`;
  const [{ body: date }, { body: hall }] = await Promise.all([read(path, { signal }), read(`${path}/seats`, { signal })]);
  const local = (instant, by) => addDays(localOf(instant, timeZone), by);
  const { front, shapes, tariffs = [] } = hall;
  const seats = hall.seats.map(({ seat, section, row, number, category, price, x, y, attributes }) => ({
    seat, section: section ?? null, row: row ?? null, number, price,
    ...(category != null && { category }), ...(x != null && { x, y }), ...(attributes && { attributes }),
  }));
  return {
    concertId: date.concertId,
    tariffs,
    times: {
      startsAt: local(date.startsAt, 1),
      saleOpensAt: Date.parse(date.saleOpensAt) > serverNow() && local(date.saleOpensAt, 0),
      saleClosesAt: date.saleClosesAt !== date.startsAt && local(date.saleClosesAt, 1),
      refundUntilHours: date.refundUntilHours,
    },
    layout: { seats, prices: {}, drawing: { ...(front && { front }), ...(shapes && { shapes }) } },
  };
}

/** Further days on which the same is given, each a field of its own. */
function daysField(start, before) {
  const list = el('div', { class: 'pair' });
  const fields = [];
  const days = { changed() {}, values: () => [...new Set(fields.map(({ input }) => input.value).filter(Boolean))] };
  const add = (value) => {
    const one = field('day', say('date.day', { n: fields.length + 2 }), { type: 'date', value, max: '9999-12-31' });
    const drop = el('button', { type: 'button', class: 'small danger', on: { click: () => { fields.splice(fields.indexOf(one), 1); one.node.remove(); tell(); } } }, say('date.dropDay'));
    one.node.append(drop);
    one.input.addEventListener('change', () => days.changed());
    fields.push(one);
    list.append(one.node);
    more.disabled = fields.length >= DAYS_MAX;
    return one;
  };
  const tell = () => { days.changed(); list.dispatchEvent(new Event('input', { bubbles: true })); };
  const next = () => {
    const last = fields.length ? `${fields[fields.length - 1].input.value}T00:00` : start.value;
    add(last && addDays(last, 1).slice(0, 10)).input.focus();
    tell();
  };
  const more = el('button', { type: 'button', on: { click: next } }, say('date.addDay'));
  before.forEach(add);
  days.node = el('div', {}, list, more);
  return days;
}

const asUtc = (local) => Date.parse(`${local.slice(0, 16)}Z`);
const addDays = (local, by) => new Date(asUtc(local) + by * DAY_MS).toISOString().slice(0, 16);
const daysBetween = (local, day) => Math.round((asUtc(`${day}T00:00`) - asUtc(`${local.slice(0, 10)}T00:00`)) / DAY_MS);

/** A field of a time as it is so many days later. */
function later(one, by) {
  if (!by || !BY_DAY.includes(one.name)) return one;
  return { ...one, input: { type: one.input.type, value: addDays(one.input.value, by), focus: () => one.input.focus() } };
}
