// The waiting line: one's place, the progress, the estimate, the staff's word, the countdown to a draw.

import { anySignal, pause } from '../shared/api.js';
import { keepAwake } from '../shared/awake.js';
import { el, fill, tell } from '../shared/dom.js';
import { about, dateTime, wholeMinutes } from '../shared/format.js';
import { say } from '../shared/language.js';
import { announce, ask } from '../shared/notice.js';
import { inBrowser } from '../shared/store.js';
import { rulesFor, secondsUntil, venue } from '../shared/venue.js';
import { line } from './me.js';
import { busyButton, countDown, page } from './parts.js';
import { leave, look, lookOn } from './visit.js';

/** So near the door the server is asked to answer when something changes, in place of pausing between questions. */
const NEAR_SECONDS = 2;
const NEAR_WAIT_SECONDS = 4;
/** A screen reader is told of the place at most so often. */
const TOLD_MS = 20_000;
const PATIENCE_MS = 2_000_000_000;
const FIRST = 'boxoffice.first';

/** Less than this before a draw the seconds are counted; before that its day is what matters. */
const COUNTED_SECONDS = 86_400;

/** Shows the line until the customer is let in. Throws when the token is over. */
export async function waitInLine(main, seen, concert, signal) {
  const rules = rulesFor(await venue({ fresh: true, signal }), line());
  const inLine = new AbortController();
  signal.addEventListener('abort', () => inLine.abort(), { once: true, signal: inLine.signal });
  const shown = draw(main, rules, concert, inLine.signal);
  keepAwake(inLine.signal); // a phone that sleeps loses its place
  const hear = (told) => {
    now = told;
    if (now.status !== 'ACTIVE') shown.update(now);
  };
  let now = seen;
  for (;;) {
    if (now.status === 'ACTIVE') {
      inBrowser.drop(FIRST);
      inLine.abort(); // a question that is still open is over with the wait
      announce(say('line.in'));
      document.title = `● ${say('line.in')}`;
      if (document.hidden) await pause(PATIENCE_MS, signal, 'visible'); // the tab's name calls its owner
      return;
    }
    shown.update(now);
    await lookOn(signal, hear);
    if (now.status !== 'ACTIVE') now = await next(now, rules, signal);
  }
}

/** The token when it is time to look again. While the page is hidden, only often enough to keep the place. */
async function next(seen, rules, signal) {
  if (document.hidden) {
    await pause(secondsUntil(seen.expiresAt) * 1000 * 2 / 3, signal, 'visible');
    return look({ signal });
  }
  const near = seen.position !== null && seen.pollAfterSeconds <= NEAR_SECONDS;
  if (near || seen.paused) return lookUnlessHidden(near ? NEAR_WAIT_SECONDS : seen.pollAfterSeconds, seen, signal);
  const toDraw = seen.position === null && rules.opensAt ? secondsUntil(rules.opensAt) : Infinity;
  // Everybody's draw is at the same moment: come back within the two seconds after it, not all at once.
  const seconds = toDraw < seen.pollAfterSeconds ? toDraw + Math.random() * 2 : seen.pollAfterSeconds;
  await pause(seconds * 1000, signal, 'visible', 'hidden');
  return document.hidden ? seen : look({ signal });
}

/** Waits at the server; a page that is hidden meanwhile hangs up. */
async function lookUnlessHidden(waitSeconds, seen, signal) {
  const hidden = new AbortController();
  const hide = () => hidden.abort();
  window.addEventListener('hidden', hide);
  try {
    return await look({ waitSeconds, signal: anySignal(signal, hidden.signal) });
  } catch (error) {
    if (hidden.signal.aborted && !signal.aborted) return seen;
    throw error;
  } finally {
    window.removeEventListener('hidden', hide);
    hidden.abort(); // so that nothing of it stays behind on the page's signal
  }
}

function draw(main, rules, concert, signal) {
  const ahead = el('p', { class: 'ahead figures' });
  const under = el('p', { class: 'soft' });
  const progress = el('progress', { max: 1000, value: 0, 'aria-label': say('line.progress') });
  const facts = el('dl', { class: 'facts' });
  const message = el('div', { role: 'status' });
  const left = el('strong', { class: 'countdown figures' });
  const leaving = busyButton(say('line.leave'), async () => {
    const yes = await ask({
      signal, title: say('line.leaveTitle'), body: say('line.leaveText'),
      choices: [{ label: say('line.stay'), value: false, kind: 'main' }, { label: say('line.leave'), value: true, kind: 'danger' }],
    });
    if (yes) await leave();
  }, 'quiet');
  page(main, say('line.title'), concert && el('p', { class: 'soft' }, [concert.title, concert.venue].filter(Boolean).join(' · ')), message,
    el('div', { class: 'card line' }, ahead, under, progress, facts),
    el('p', { class: 'soft' }, say('line.keep', { n: wholeMinutes(rules.abandonSeconds) })), leaving);

  let toldAt = -Infinity;
  let counting = false;
  const update = (seen) => {
    fill(message,
      seen.message && el('p', { class: 'note' }, el('strong', {}, say('line.fromStaff'), ' '), seen.message),
      seen.paused && el('p', { class: 'note warn' }, say('line.paused')));
    if (seen.position === null) {
      showDraw(seen);
    } else {
      showPlace(seen);
    }
    const text = `${ahead.textContent} ${under.textContent}`;
    if (performance.now() - toldAt > TOLD_MS) {
      announce(text);
      toldAt = performance.now();
    }
    document.title = `${ahead.textContent} · boxoffice`;
  };
  const showPlace = (seen) => {
    const people = seen.position - 1;
    tell(ahead, people ? say('line.ahead', { n: people }) : say('line.next'));
    tell(under, seen.estimatedWaitSeconds === null ? say('line.noEstimate')
      : say('line.estimate', { span: about(seen.estimatedWaitSeconds) }));
    progress.hidden = false;
    progress.value = Math.max(progress.value, 1000 * gone(seen));
    fill(facts, seen.drawNumber !== null && fact(say('draw.drawn'), say('draw.place', { n: seen.drawNumber })));
  };
  const showDraw = (seen) => {
    progress.hidden = true;
    tell(ahead, say('draw.title'));
    tell(under, say('draw.text'));
    if (counting) return;
    counting = true;
    const near = secondsUntil(rules.opensAt) < COUNTED_SECONDS;
    fill(facts, near && el('div', { class: 'hero' }, fact(say('draw.left'), left)), fact(say('draw.opens'), dateTime(rules.opensAt, rules.timeZone)),
      fact(say('draw.number'), say('draw.place', { n: seen.joinNumber })));
    if (near) countDown(left, () => secondsUntil(rules.opensAt), signal);
  };
  return { update };
}

const fact = (name, value) => [el('dt', {}, name), el('dd', {}, value)];

/**
 * How much of the way is gone, from 0 to 1. It is kept, so that it neither starts anew with a reload nor runs
 * backwards.
 */
function gone({ token, position }) {
  const kept = inBrowser.json(FIRST);
  const first = kept?.token === token ? Math.max(kept.first, position) : position + 1;
  const share = Math.max(kept?.token === token ? kept.share : 0, 1 - position / first);
  inBrowser.setJson(FIRST, { token, first, share });
  return share;
}
