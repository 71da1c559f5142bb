// Who the customer is, kept in this browser: the user with their key, and the tokens of their places in the lines. A
// tab is about one line at a time. What a visit needs besides stands in visit.js, so that the first page is light.

import { basic, bearer } from '../shared/api.js';
import { inBrowser, inTab } from '../shared/store.js';

const ME = 'boxoffice.me';
/** Of the shared line, and of the lines of concerts by the concert. */
const TOKEN = 'boxoffice.token';
const TOKENS = 'boxoffice.tokens';
const LINE = 'boxoffice.line';

/**
 * Events: `seen` when the token was looked at, `leaving`, `ended` when it is over; `seen` is the token as it was then,
 * and `reason` says why it is over.
 */
export const visit = Object.assign(new EventTarget(), { seen: null, reason: null });

/** `{userId, userKey, name}`, or null for someone new. */
export const me = () => inBrowser.json(ME);

export function setMe(user) {
  const before = me();
  if (before?.userId !== user?.userId) {
    inBrowser.drop(TOKEN);
    inBrowser.drop(TOKENS);
  }
  if (before && before.userId !== user?.userId) import('./kept.js').then(({ forgetTickets }) => forgetTickets());
  if (user) inBrowser.setJson(ME, user);
  else inBrowser.drop(ME);
}

/** The concert whose own line this tab is about; null: the shared line. */
export const line = () => inTab.json(LINE);
export const setLine = (concertId) => inTab.setJson(LINE, concertId);

/** The token of the place in a line or of the visit, or null. */
export const token = (of = line()) => (of === null ? inBrowser.get(TOKEN) : inBrowser.json(TOKENS)?.[of] ?? null);

export function setToken(text, of = line()) {
  if (of !== null) inBrowser.setJson(TOKENS, { ...inBrowser.json(TOKENS), [of]: text ?? undefined });
  else if (text) inBrowser.set(TOKEN, text);
  else inBrowser.drop(TOKEN);
}

export const asUser = () => basic(me().userId, me().userKey);
export const asVisitor = () => bearer(token());

/** The key as one line that a person can keep. */
export const keyText = () => `${me().userId} ${me().userKey}`;

/** The id and key in what somebody pasted, whatever stands around them; null when they are not in it. */
export function readKey(text) {
  const userId = text.match(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/i)?.[0];
  const userKey = text.replace(userId, ' ').match(/\b[0-9a-f]{32}\b/i)?.[0];
  return userId && userKey ? { userId: userId.toLowerCase(), userKey: userKey.toLowerCase() } : null;
}

/**
 * Calls when another tab of this browser lined up, left, paid or became somebody else; says whether it became another.
 */
export function onOtherTab(listener) {
  window.addEventListener('storage', ({ key }) => { if ([ME, TOKEN, TOKENS, null].includes(key)) listener(![TOKEN, TOKENS].includes(key)); });
}
