// A request in curl and in JavaScript, as it is sent to this server. Keys stand there as variables.

import { say } from '../shared/language.js';
import { pretty } from './document.js';

/** How each credential is sent, in the variables of a shell and of JavaScript. */
const CREDENTIALS = {
  queueToken: { shell: '-H "Authorization: Bearer $TOKEN"', script: '`Bearer ${token}`' },
  staffKey: { shell: '-H "Authorization: Bearer $STAFF_KEY"', script: '`Bearer ${staffKey}`' },
  userKey: { shell: '-u "$USER_ID:$USER_KEY"', script: '`Basic ${btoa(`${userId}:${userKey}`)}`' },
};

/**
 * The request of a call. `values`: `path`, `query`, `header` by their names (an empty one is left out unless it must be
 * there), `accept`, and `body`, a text. Gives the method, the URL, the header fields and the body.
 */
export function requestOf(call, values) {
  const path = call.path.replace(/\{(\w+)\}/g, (whole, name) => encodeURIComponent(values.path[name] ?? ''));
  const isSent = ([name, value]) => value !== '' || call.parameters.some((one) => one.name === name && one.required);
  const query = Object.entries(values.query).filter(isSent).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  const headers = Object.entries(values.header).filter(([, value]) => value !== '');
  if (values.accept) headers.push(['Accept', values.accept]);
  if (values.body) headers.push(['Content-Type', 'application/json']);
  return { method: call.method, url: `${location.origin}${path}${query.length ? `?${query.join('&')}` : ''}`, headers, body: values.body };
}

const inShell = (text) => `'${text.replace(/'/g, "'\\''")}'`;

/** The request for a shell. */
export function curlOf({ method, url, headers, body }, scheme) {
  const isPlain = method === (body ? 'POST' : 'GET');
  const parts = [`curl -i${isPlain ? '' : ` -X ${method}`} ${inShell(url)}`];
  if (scheme) parts.push(CREDENTIALS[scheme].shell);
  for (const [name, value] of headers) parts.push(`-H ${inShell(`${name}: ${value}`)}`);
  if (body) parts.push(`-d ${inShell(body)}`);
  return parts.join(' \\\n  ');
}

/** The request for a browser, Node, Deno or Bun. `isJson`: the answer is read as JSON. */
export function javascriptOf({ method, url, headers, body }, scheme, isJson) {
  const fields = headers.map(([name, value]) => `    ${JSON.stringify(name)}: ${JSON.stringify(value)},\n`);
  if (scheme) fields.unshift(`    Authorization: ${CREDENTIALS[scheme].script},\n`);
  const options = [];
  if (method !== 'GET') options.push(`  method: ${JSON.stringify(method)},\n`);
  if (fields.length) options.push(`  headers: {\n${fields.join('')}  },\n`);
  if (body) options.push(`  body: ${literal(body)},\n`);
  const call = options.length ? `${JSON.stringify(url)}, {\n${options.join('')}}` : JSON.stringify(url);
  return `const response = await fetch(${call});\nconsole.log(response.status, await response.${isJson ? 'json' : 'text'}());`;
}

/** A body as it is written in a script: an object where it is JSON. */
function literal(body) {
  try {
    return `JSON.stringify(${pretty(JSON.parse(body), '  ')})`;
  } catch {
    return JSON.stringify(body);
  }
}

/** What an example needs before it: the variables of the credential, in words. */
export const variablesOf = (scheme) => scheme && say(`variables.${scheme}`);
