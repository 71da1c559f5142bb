// The venue's own look: its name, logo and colour, what it says of itself, its terms. Customers see a change at once.

import './look_words.js';
import { el, fill } from '../shared/dom.js';
import { say } from '../shared/language.js';
import { toast } from '../shared/notice.js';
import { field, folded, form, paired } from './forms.js';
import { pictureField } from './picture_field.js';
import { act, read } from './session.js';

/** The colour of the pages as they come. */
const OWN_COLOUR = '#4a3fb0';
const LOGO_PX = 480;
/** Each text with its length and whether it has lines. */
const TEXTS = { name: [80], contact: [300, 2], address: [300, 2], refundRule: [2_000, 4], terms: [20_000, 10], privacy: [20_000, 10] };
const LANGUAGES = ['ko', 'en'];

export async function open({ main, signal }) {
  const { body: look } = await read('/staff/venue', { signal });
  show(main, look);
}

function show(main, look) {
  const texts = Object.entries(TEXTS).flatMap(([name, [maxlength, rows]]) => LANGUAGES.map((language) => ({
    language,
    ...field(`${name}.${language}`, say(`look.${name}.${language}`), { value: look[name][language] ?? '', maxlength, ...(rows && { kind: 'textarea', rows }) }),
  })));
  const of = (...names) => texts.filter(({ name }) => names.includes(name.split('.')[0]));
  const logo = pictureField(say('look.logo'), { current: look.logo, sidePx: LOGO_PX, type: 'image/png' });
  const colour = field('colour', say('look.colour'), { type: 'color', value: look.colour ?? OWN_COLOUR, hint: say('look.colourHint') });
  const map = field('mapUrl', say('look.mapUrl'), { type: 'url', value: look.mapUrl ?? '', maxlength: 500, hint: say('look.mapHint') });
  const send = async () => {
    const change = {};
    for (const { name, language, input, changed } of texts) {
      if (changed()) (change[name.split('.')[0]] ??= {})[language] = input.value.trim() || null;
    }
    if (colour.changed()) change.colour = colour.input.value === OWN_COLOUR ? null : colour.input.value;
    if (map.changed()) change.mapUrl = map.input.value.trim() || null;
    if (logo.value() !== undefined) change.logo = logo.value();
    const { body } = await act('PATCH', '/staff/venue', change);
    toast(say('look.saved'));
    show(main, body);
    main.querySelector('h1').focus();
  };
  main.classList.add('narrow');
  fill(main, el('h1', { tabindex: '-1' }, say('part.look')), el('p', { class: 'soft' }, say('look.note')),
    el('div', { class: 'card' }, form([paired(...of('name')), logo, colour, paired(...of('contact')), paired(...of('address')), map, folded(say('look.rules'), ...of('refundRule', 'terms', 'privacy'))],
      { label: say('form.save'), send, draft: 'look', beside: [el('a', { class: 'button', href: '/', target: '_blank' }, say('look.see'))] })));
}
