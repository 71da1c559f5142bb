// What stands around every page: the link past the top, the top with its name and places, the page itself, the foot.

import { el, fill, tell } from './dom.js';
import { zoneName } from './format.js';
import { inOwn, say } from './language.js';
import { languageSwitch, openNotices } from './notice.js';
import { inBrowser } from './store.js';
import { venue } from './venue.js';

/**
 * Puts the frame on the page and gives its `main`. `home` is where the name leads; `name()` and `places()` give
 * the name and further nodes for the top, in the language of the moment; `refresh()` asks for them again.
 * `tellsVenue` puts what the venue says of itself in the foot.
 * `unkept` is the text for a browser that keeps nothing, on pages that have something to keep.
 */
export function openFrame({ home, name, unkept, tellsVenue = false, places = () => [] }) {
  const skip = el('a', { class: 'button skip', href: '#main', on: { click: skipTo } });
  const top = el('header', { class: 'top no-print' });
  const blocked = el('div', { class: 'blocked no-print', role: 'status', hidden: !unkept || inBrowser.isKept() });
  const main = el('main', { class: 'page', id: 'main', tabindex: '-1' });
  const foot = el('footer', { class: 'foot no-print' });

  function skipTo(event) {
    event.preventDefault(); // the part of the address after # says which page this is
    main.focus();
  }

  async function refresh() {
    tell(skip, say('skip'));
    if (unkept) tell(blocked, say(unkept));
    fill(top,
      el('a', { class: 'brand', href: home },
        el('img', { src: document.documentElement.dataset.logo ?? new URL('icon.svg', import.meta.url).pathname, alt: '' }), name()),
      el('nav', { 'aria-label': say('places') }, places()), languageSwitch());
    const { timeZone, contact, address, termsUrl, privacyUrl } = await venue();
    // Whoever is where the venue is has its times anyway.
    const elsewhere = timeZone !== new Intl.DateTimeFormat().resolvedOptions().timeZone;
    fill(foot, [tellsVenue && inOwn(address), tellsVenue && inOwn(contact), elsewhere && say('zone.note', { zone: zoneName(timeZone) })].map((text) => text && el('p', {}, text)),
      tellsVenue && [[termsUrl, 'foot.terms'], [privacyUrl, 'foot.privacy']].map(([href, key]) => href && el('a', { href }, say(key))));
  }

  document.body.append(skip, top, blocked, main, foot);
  openNotices();
  window.addEventListener('language', refresh);
  return { main, refresh };
}
