// Concerts: the list, one of them with its dates, and the words about it.

import './concerts_words.js';
import './look_words.js';
import { el, fill } from '../shared/dom.js';
import { dateTime, number, points } from '../shared/format.js';
import { say } from '../shared/language.js';
import { toast } from '../shared/notice.js';
import { venue } from '../shared/venue.js';
import { draftOf } from './draft.js';
import { AtField, field, folded, form, numberOf } from './forms.js';
import { pictureField } from './picture_field.js';
import { removal } from './removal.js';
import { act, may, read } from './session.js';
import { saleTag } from './sale.js';
import { ownLine } from './concert_line.js';

/** The longest side of a poster. */
const POSTER_PX = 1_200;
const TRANSLATED = [['title', { maxlength: 200 }], ['venue', { maxlength: 200 }], ['description', { kind: 'textarea', maxlength: 4000, rows: 4 }]];

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

/** What is said of a concert; `value()` gives the member of the request, for what is not just a text. */
function words({ title = '', venue: hall = '', description = '', runningMinutes, ageFrom, mapUrl, poster, translations } = {}) {
  const number = (one) => ({ ...one, value: () => numberOf(one) });
  const own = ['ko', 'en'].flatMap((language) => TRANSLATED.map(([name, attributes]) =>
    ({ language, of: name, ...field(`${name}.${language}`, say(`concert.${name}.${language}`), { value: translations?.[language]?.[name] ?? '', ...attributes }) })));
  const picture = pictureField(say('concert.poster'), { current: poster, sidePx: POSTER_PX, type: 'image/jpeg' });
  const map = field('mapUrl', say('look.mapUrl'), { type: 'url', value: mapUrl ?? '', maxlength: 500, hint: say('concert.mapHint') });
  const parts = [
    field('title', say('concert.title'), { value: title, required: true, maxlength: 200 }),
    field('venue', say('concert.venue'), { value: hall, maxlength: 200 }),
    field('description', say('concert.description'), { kind: 'textarea', value: description, maxlength: 4000, rows: 4, hint: say('concert.descriptionHint') }),
    picture,
    folded(say('concert.more'),
      number(field('runningMinutes', say('concert.running'), { type: 'number', min: 1, max: 1440, value: runningMinutes ?? '' })),
      number(field('ageFrom', say('concert.age'), { type: 'number', min: 0, max: 99, value: ageFrom ?? '', hint: say('concert.ageHint') })),
      { ...map, value: () => map.input.value.trim() || null }),
    folded(say('concert.translations'), ...own),
  ];
  return { parts, said: (all) => said(parts, own, picture, all) };
}

/** The members of a request: all that is filled in, or what was changed. */
function said(parts, own, picture, all) {
  const simple = parts.flatMap((part) => part.fields ?? part).filter((one) => one.input && !one.language && one.changed());
  const body = Object.fromEntries(simple.map(({ name, input, value }) => [name, value ? value() : input.value]));
  if (all) Object.assign(body, { title: parts[0].input.value });
  if (picture.value() !== undefined) body.poster = picture.value();
  for (const language of ['ko', 'en']) {
    const fields = own.filter((one) => one.language === language);
    if (!fields.some((one) => one.changed())) continue;
    const texts = Object.fromEntries(fields.map(({ of, input }) => [of, input.value]));
    const [title] = fields;
    if (!texts.title.trim() && (texts.venue.trim() || texts.description.trim())) throw new AtField(title, say('form.missing'));
    (body.translations ??= {})[language] = texts.title.trim() ? texts : null;
  }
  return body;
}

function newConcert(main) {
  const { parts, said } = words();
  const send = async () => {
    const { body } = await act('POST', '/staff/concerts', said(true));
    toast(say('concert.made'));
    location.hash = `#dates/new/${body.concertId}`;
  };
  main.classList.add('narrow');
  fill(main, el('h1', { tabindex: '-1' }, say('concert.new')), el('p', { class: 'soft' }, say('concert.newNote')),
    el('div', { class: 'card' }, form(parts, { label: say('concert.make'), send, draft: 'concert.new', beside: [el('a', { class: 'button quiet', href: '#concerts' }, say('sure.back'))] })));
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
    fill(about, hall && el('p', { class: 'soft' }, hall), description && el('p', { class: 'told' }, description),
      el('p', {}, el('a', { href: `/c/${concertId}`, target: '_blank' }, say('concert.see'))));
  };
  const edit = el('details', { open: draftOf(`concert.${concertId}`) !== null });
  const showEdit = (now) => {
    const { parts, said } = words(now);
    const send = async () => {
      const changed = said(false);
      if (Object.keys(changed).length) {
        const { body } = await act('PATCH', `/staff/concerts/${concertId}`, changed);
        showAbout(body);
        showEdit(body);
      }
      edit.open = false;
      toast(say('concert.changed'));
    };
    fill(edit, el('summary', {}, say('concert.edit')), form(parts, { label: say('form.save'), send, draft: `concert.${concertId}` }));
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
  const { concertId, scheduleId, startsAt, seatsAvailable, seatsTotal, priceFrom } = schedule;
  const when = dateTime(startsAt, timeZone);
  return el('article', { class: 'card line' },
    el('div', {}, el('h3', {}, when, ' ', saleTag(schedule)),
      el('p', { class: 'soft' }, priceFrom === null ? say('date.lineFull', { total: number(seatsTotal) })
        : say('date.line', { free: number(seatsAvailable), total: number(seatsTotal), price: points(priceFrom) }))),
    el('div', { class: 'bar' }, el('a', { class: 'button quiet', href: `#dates/new/${concertId}/${scheduleId}`, 'aria-label': `${say('date.copy')}: ${when}` }, say('date.copy')),
      el('a', { class: 'button', href: `#dates/${scheduleId}`, 'aria-label': say('date.openOne', { when }) }, say('concert.open'))));
}
