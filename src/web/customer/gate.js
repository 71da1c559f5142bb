// The way in: a name for someone new, a place in the line, the wait; and what is said when a visit is over.

import { loadModule, patiently, Refused } from '../shared/api.js';
import { el } from '../shared/dom.js';
import { dateTime, wholeMinutes } from '../shared/format.js';
import { say } from '../shared/language.js';
import { inTab } from '../shared/store.js';
import { rulesFor, serverNow, venue } from '../shared/venue.js';
import { line, me, setMe, token } from './me.js';
import { busyButton, page, refusalNote } from './parts.js';
import { isBanned, lineUp, look, standFor, watch } from './visit.js';

const TYPED = 'boxoffice.name';

/** Comes back once the customer is let in; until then it shows the way in. `about` gives the concert that it is for. */
export async function enter(main, signal, concertId, about) {
  standFor(concertId, await venue({ signal }));
  let seen = token() ? await lookOrForget(signal) : null;
  if (!seen) {
    const rules = await venue({ fresh: true, signal });
    standFor(concertId, rules);
    if (await isBanned(signal)) return tellBanned(main, signal);
    seen = await begin(main, rulesFor(rules, line()), signal);
  }
  if (seen.status === 'WAITING') {
    const { waitInLine } = await loadModule(() => import('./line.js'));
    await waitInLine(main, seen, await about, signal);
  }
  watch();
}

/** A token that was never one of this venue is forgotten; one that ended is told as such. */
async function lookOrForget(signal) {
  try {
    return await look({ signal });
  } catch (error) {
    if (error instanceof Refused && error.code === 'TOKEN_INVALID') return null;
    throw error;
  }
}

/** Says that there is no way in for somebody, and stays there. */
function tellBanned(main, signal) {
  page(main, say('ended.BANNED.title'), el('div', { class: 'card' }, el('p', {}, say('refusal.USER_BANNED')),
    el('div', { class: 'bar' }, el('a', { class: 'button main', href: '#/tickets' }, say('tickets.title')), el('a', { class: 'button', href: '#/' }, say('concerts.back')))));
  return new Promise((_, reject) => { signal.addEventListener('abort', () => reject(signal.reason)); });
}

/** Shows the way into the line and gives the token once the customer stands in it. */
function begin(main, rules, signal, note = null) {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
    const known = me();
    const fault = el('p', { class: 'fault', id: 'name-fault', role: 'alert', hidden: true });
    const name = el('input', {
      id: 'name', autocomplete: 'name', required: true, maxlength: 80, 'aria-describedby': 'name-hint name-fault',
    });
    name.value = inTab.get(TYPED) ?? ''; // typed before the language was changed
    name.addEventListener('input', () => inTab.set(TYPED, name.value));
    const notes = el('div', {}, note);
    const join = async () => {
      if (!me() && !name.value.trim()) return wrong(say('name.missing'));
      try {
        if (!me()) setMe((await patiently('POST', '/users', { body: { name: name.value.trim() }, key: null, signal })).body);
        resolve(await lineUp(signal));
      } catch (error) {
        if (error instanceof Refused && error.code === 'INVALID_REQUEST') wrong(say('name.wrong'));
        else if (error instanceof Refused && error.code === 'USER_KEY_INVALID') {
          setMe(null);
          begin(main, rules, signal, refusalNote(error)).then(resolve, reject);
        } else if (error.code === 'USER_BANNED') tellBanned(main, signal).catch(reject);
        else if (!signal.aborted) notes.replaceChildren(refusalNote(error));
      }
    };
    const wrong = (text) => {
      fault.textContent = text;
      fault.hidden = false;
      name.setAttribute('aria-invalid', 'true');
      name.focus();
    };
    const go = busyButton(say('gate.join'), join, 'main wide');
    const send = (event) => { event.preventDefault(); go.click(); };
    page(main, say('gate.title'), notes, steps(rules),
      el('form', { class: 'card', novalidate: true, on: { submit: send } },
        known ? el('p', {}, known.name ? say('gate.welcome', { name: known.name }) : say('gate.welcomeKey'))
          : el('div', { class: 'field' }, el('label', { for: 'name' }, say('name.label')), name,
            el('p', { class: 'hint', id: 'name-hint' }, say('name.hint')), fault),
        go,
        el('p', { class: 'small soft below' }, el('a', { href: '#/key' }, say(known ? 'gate.other' : 'gate.haveKey')))));
  });
}

/** What happens from here on, by the rules that hold today. */
function steps({ opensAt, timeZone, visitSeconds }) {
  const order = opensAt && Date.parse(opensAt) > serverNow() ? say('gate.draw', { when: dateTime(opensAt, timeZone) }) : say('gate.order');
  return el('ol', { class: 'steps' }, [order, say('gate.visit', { n: wholeMinutes(visitSeconds) }), say('gate.pay')].map((text) => el('li', {}, text)));
}

/** Says why a visit is over and what to do now. */
export async function showEnded(main, reason, signal) {
  if (reason === 'REVOKED' && await isBanned(signal)) return void await tellBanned(main, signal);
  const { abandonSeconds, graceSeconds } = rulesFor(await venue({ signal }), line());
  const known = ['PAID', 'TIMED_OUT', 'ABANDONED', 'LEFT', 'REVOKED'].includes(reason) ? reason : 'OTHER';
  page(main, say(`ended.${known}.title`), el('div', { class: 'card' },
    el('p', {}, say(`ended.${known}.text`, { n: wholeMinutes(abandonSeconds) })),
    known === 'ABANDONED' && graceSeconds > 0 && el('p', {}, say('ended.ABANDONED.grace', { n: wholeMinutes(graceSeconds) })),
    el('div', { class: 'bar' },
      known === 'PAID' ? el('a', { class: 'button main', href: '#/tickets' }, say('tickets.title'))
        : me() && busyButton(say('ended.again'), async () => {
          await lineUp(signal);
          window.dispatchEvent(new Event('hashchange'));
        }),
      el('a', { class: 'button', href: '#/' }, say('concerts.back')))));
}
