// Who the customer is, kept in this browser: the user with their key, and the token of their place in the line.

import { basic, bearer } from '../shared/api.js';
import { inBrowser } from '../shared/store.js';
import { forgetTickets } from './kept.js';

const ME = 'boxoffice.me';
const TOKEN = 'boxoffice.token';

/** `{userId, userKey, name}`, or null for someone new. */
export const me = () => inBrowser.json(ME);

export function setMe(user) {
  const before = me();
  if (before?.userId !== user?.userId) setToken(null);
  if (before && before.userId !== user?.userId) forgetTickets();
  if (user) inBrowser.setJson(ME, user);
  else inBrowser.drop(ME);
}

/** The token of the place in the line or of the visit, or null. */
export const token = () => inBrowser.get(TOKEN);

export function setToken(text) {
  if (text) inBrowser.set(TOKEN, text);
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
  window.addEventListener('storage', ({ key }) => { if ([ME, TOKEN, null].includes(key)) listener(key !== TOKEN); });
}
