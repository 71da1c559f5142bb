// Concerts: the list, one of them with its dates, and the words about it.

import './concerts_words.js';
import { el, fill } from '../shared/dom.js';
import { dateTime, number, points } from '../shared/format.js';
import { say } from '../shared/language.js';
import { toast } from '../shared/notice.js';
import { venue } from '../shared/venue.js';
import { draftOf } from './draft.js';
import { field, form } from './forms.js';
import { removal } from './removal.js';
import { act, may, read } from './session.js';
import { saleTag } from './sale.js';
import { ownLine } from './concert_line.js';

export async function open({ main, rest: [which], signal }) {
  if (which === 'new') return newConcert(main);
  const { concerts } = (await read('/staff/concerts', { signal })).body;
  const concert = concerts.find(({ concertId }) => String(concertId) === which);
  if (concert) await onePage(main, concert, signal);
  else list(main, concerts);
}

function list(main, concerts) {
  fill(main,
    el('div', { class: 'bar apart' }, el('h1', { tabindex: '-1' }, say('part.concerts')),
      el('a', { class: 'button main', href: '#concerts/new' }, say('concert.new'))),
    !concerts.length && el('p', { class: 'note' }, say('concert.none')),
    el('div', { class: 'rows' }, [...concerts].reverse().map(({ concertId, title, venue: hall, schedules }) =>
      el('article', { class: 'card line' },
        el('div', {}, el('h2', {}, title), el('p', { class: 'soft' }, [hall, say('concert.dates', { n: schedules })].filter(Boolean).join(' · '))),
        el('a', { class: 'button', href: `#concerts/${concertId}`, 'aria-label': say('concert.openOne', { title }) }, say('concert.open'))))));
}

function words({ title = '', venue: hall = '', description = '' } = {}) {
  return [
    field('title', say('concert.title'), { value: title, required: true, maxlength: 200 }),
    field('venue', say('concert.venue'), { value: hall, maxlength: 200 }),
    field('description', say('concert.description'), { kind: 'textarea', value: description, maxlength: 4000, rows: 4, hint: say('concert.descriptionHint') }),
  ];
}

const said = (fields) => Object.fromEntries(fields.map(({ name, input }) => [name, input.value]));

function newConcert(main) {
  const fields = words();
  const send = async () => {
    const { body } = await act('POST', '/staff/concerts', said(fields));
    toast(say('concert.made'));
    location.hash = `#dates/new/${body.concertId}`;
  };
  main.classList.add('narrow');
  fill(main, el('h1', { tabindex: '-1' }, say('concert.new')), el('p', { class: 'soft' }, say('concert.newNote')),
    el('div', { class: 'card' }, form(fields, { label: say('concert.make'), send, draft: 'concert.new', beside: [el('a', { class: 'button quiet', href: '#concerts' }, say('sure.back'))] })));
}

async function onePage(main, concert, signal) {
  const { concertId } = concert;
  const [{ schedules }, { timeZone }] = await Promise.all([
    read(`/staff/concerts/${concertId}/schedules`, { signal }).then(({ body }) => body), venue({ fresh: true, signal }),
  ]);
  const title = el('h1', { tabindex: '-1' }, concert.title);
  const about = el('div', {});
  const showAbout = ({ title: name, venue: hall, description }) => {
    title.textContent = name;
    fill(about, hall && el('p', { class: 'soft' }, hall), description && el('p', { class: 'told' }, description));
  };
  const edit = el('details', { open: draftOf(`concert.${concertId}`) !== null });
  const showEdit = (now) => {
    const fields = words(now);
    const send = async () => {
      const changed = said(fields.filter((one) => one.changed()));
      if (Object.keys(changed).length) {
        const { body } = await act('PATCH', `/staff/concerts/${concertId}`, changed);
        showAbout(body);
        showEdit(body);
      }
      edit.open = false;
      toast(say('concert.changed'));
    };
    fill(edit, el('summary', {}, say('concert.edit')), form(fields, { label: say('form.save'), send, draft: `concert.${concertId}` }));
  };
  showAbout(concert);
  showEdit(concert);
  fill(main, el('p', {}, el('a', { href: '#concerts' }, `← ${say('part.concerts')}`)), title, about,
    el('div', { class: 'card' }, edit), may('admin') && await ownLine(concert, signal),
    el('div', { class: 'bar apart' }, el('h2', {}, say('concert.datesTitle')),
      el('a', { class: 'button main', href: `#dates/new/${concertId}` }, say('date.new'))),
    !schedules.length && el('p', { class: 'note' }, say('date.none')),
    el('div', { class: 'rows' }, schedules.map((schedule) => dateLine(schedule, timeZone))), removal({ what: 'concert', path: `/staff/concerts/${concertId}`, then: '#concerts' }));
}

function dateLine(schedule, timeZone) {
  const { scheduleId, startsAt, seatsAvailable, seatsTotal, priceFrom } = schedule;
  const when = dateTime(startsAt, timeZone);
  return el('article', { class: 'card line' },
    el('div', {}, el('h3', {}, when, ' ', saleTag(schedule)),
      el('p', { class: 'soft' }, priceFrom === null ? say('date.lineFull', { total: number(seatsTotal) })
        : say('date.line', { free: number(seatsAvailable), total: number(seatsTotal), price: points(priceFrom) }))),
    el('a', { class: 'button', href: `#dates/${scheduleId}`, 'aria-label': say('date.openOne', { when }) }, say('concert.open')));
}
