// One call: what it does, what it needs, what it takes and answers, how it refuses, and the form that tries it.

import { el } from '../shared/dom.js';
import { say } from '../shared/language.js';
import { pretty } from './document.js';
import { inline, prose } from './prose.js';
import { fold, memberRow, schemaView } from './schema.js';
import { listing, tryView } from './try.js';

/** The body of a call. */
export function callView(document, call) {
  const { parameters, body, answers } = call;
  const common = call.refusals.filter(({ isCommon }) => isCommon);
  const own = call.refusals.filter(({ isCommon }) => !isCommon);
  return el('div', { class: 'call-body' },
    prose(call.description),
    el('p', {}, el('a', { href: `#${call.id}` }, say('docs.link')), ' ', el('code', {}, call.id)),
    el('h4', {}, say('docs.needs')), needs(document, call),
    parameters.length > 0 && [el('h4', {}, say('docs.parameters')), el('ul', { class: 'members' },
      parameters.map((one) => memberRow(document, { ...one, where: one.in })))],
    body && [el('h4', {}, say('docs.body')), !body.required && el('p', { class: 'soft' }, say('docs.bodyOptional')),
      schemaView(document, body.schema), examplesView(body.examples)],
    tryView(document, call),
    el('h4', {}, say('docs.answers')), answers.map((answer) => answerView(document, answer)),
    call.callbacks.map((one) => callbackView(document, one)),
    el('h4', {}, say('docs.refusals')), own.length > 0 && refusalList(document, own),
    fold(say('docs.common', { n: common.length }), () => refusalList(document, common)));
}

/** A call that the server makes: where to, with what, and what its answers mean. */
function callbackView(document, { method, path, summary, description, parameters, body, answers }) {
  return el('section', { class: 'told' }, el('h4', {}, summary),
    fold([el('span', { class: 'tag method good' }, method), ' ', el('code', {}, path)], () => [
      prose(description),
      el('h5', {}, say('docs.parameters')), el('ul', { class: 'members' }, parameters.map((one) => memberRow(document, { ...one, where: one.in }))),
      el('h5', {}, say('docs.body')), schemaView(document, body.schema), examplesView(body.examples),
      el('h5', {}, say('docs.answers')), answers.map((answer) => answerView(document, answer))].flat(Infinity)));
}

/** Who may call, in words. */
function needs(document, { schemes, roles, refusals }) {
  if (!schemes.length) return el('p', {}, say('needs.open'));
  const isForAdmitted = refusals.some(({ code }) => code === 'TOKEN_WAITING');
  return [
    schemes.length > 1 && el('p', {}, say('needs.either')),
    el('ul', {}, schemes.map((scheme) => el('li', {},
      el('strong', {}, say(`credential.${scheme}`)), ' ', inline(document.credential(scheme)),
      scheme === 'queueToken' && isForAdmitted && [' ', say('needs.admitted')]))),
    roles && el('p', {}, say('needs.roles'), ' ', roles.map((role, at) => [at > 0 && ', ', el('code', {}, role)])),
  ];
}

function examplesView(examples) {
  return examples.map(([name, value]) => listing(name ? say('docs.exampleOf', { name }) : say('docs.example'), el('code', {}, shown(value))));
}

const shown = (value) => (typeof value === 'string' ? value : pretty(value));

function answerView(document, { status, description, headers, content }) {
  return el('section', { class: 'told' },
    el('p', {}, el('span', { class: `tag ${status < '3' ? 'good' : ''}` }, status), ' ', inline(description)),
    headers.length > 0 && el('ul', { class: 'members' }, headers.map((header) => memberRow(document, { ...header, where: 'header' }))),
    content.map(({ type, schema, examples }) => fold([el('code', {}, type), ' ', say('docs.membersAndExample')],
      () => [schemaView(document, schema), examplesView(examples)].flat())));
}

/** Refusals with what they mean in the reader's language; each leads to its page. */
function refusalList(document, refusals) {
  return el('ul', { class: 'refusals' }, refusals.map(({ status, code, title, description, members }) => el('li', {},
    el('p', {}, el('span', { class: 'tag bad' }, String(status)), ' ', el('a', { href: `/problems/${code.toLowerCase()}` }, el('code', {}, code)), ' ', el('strong', {}, title)),
    el('p', {}, inline(description)),
    members && fold([say('docs.members'), ' ', Object.keys(members.properties).map((name) => [' ', el('code', {}, name)])],
      () => el('ul', { class: 'members' }, Object.entries(members.properties).map(([name, schema]) => memberRow(document, { name, schema })))))));
}
