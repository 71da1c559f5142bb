// A schema as people read it: members with their type, their limits and what they mean; what is within opens by itself.

import { el, fill } from '../shared/dom.js';
import { say } from '../shared/language.js';
import { inline } from './prose.js';

/** Whole numbers that every JSON reader keeps: no limit to tell of. */
const WHOLE_MAX = Number.MAX_SAFE_INTEGER;
/** Longer patterns are said in words by their description. */
const PATTERN_MAX = 40;

/** A part that is made when it is first opened. */
export function fold(summary, make, attributes = {}) {
  const node = el('details', attributes, el('summary', {}, summary));
  node.addEventListener('toggle', () => { if (node.open && node.children.length === 1) node.append(...[make()].flat()); });
  return node;
}

/** What a schema is at its core: references followed, `null` and a lone `allOf` set aside. */
function core(document, schema) {
  const { value, name } = document.follow(schema);
  if (value.allOf?.length === 1 && !value.properties) return { ...core(document, value.allOf[0]), told: value.description };
  const others = value.oneOf?.filter((one) => one.type !== 'null');
  if (others && others.length < value.oneOf.length) {
    const inner = others.length === 1 ? core(document, others[0]) : { value: { ...value, oneOf: others }, name };
    return { ...inner, mayBeNull: true, told: value.description ?? inner.told };
  }
  const types = [value.type].flat();
  if (types.includes('null') && types.length > 1) return { value: { ...value, type: types.find((one) => one !== 'null') }, name, mayBeNull: true };
  return { value, name };
}

/** The type in words. */
function typeOf(document, { value, name, mayBeNull }) {
  const base = () => {
    if (value.type === 'array') return say('type.list', { of: typeOf(document, core(document, value.items)) });
    if (value.oneOf) return name ?? say('type.choice');
    if (value.properties || value.additionalProperties) return name ?? say('type.object');
    if (!value.type) return say('type.any');
    return value.format && !/^int/.test(value.format) ? `${say(`type.${value.type}`)} (${value.format})` : say(`type.${value.type}`);
  };
  return mayBeNull ? say('type.orNull', { of: base() }) : base();
}

/** What a value must keep to, in words. */
function limitsOf(value) {
  const limits = [];
  const between = (least, most, key) => {
    if (least === undefined && most === undefined) return;
    const kind = least === undefined ? 'most' : most === undefined ? 'least' : least === most ? 'exactly' : 'between';
    limits.push(say(`limit.${key}.${kind}`, { least: String(least), most: String(most) }));
  };
  const bound = (number) => (Math.abs(number) === WHOLE_MAX ? undefined : number);
  between(bound(value.minimum), bound(value.maximum), 'value');
  between(value.minLength, value.maxLength, 'length');
  between(value.minItems, value.maxItems, 'items');
  if (value.pattern && value.pattern.length <= PATTERN_MAX) limits.push(el('code', {}, value.pattern));
  if (value.default !== undefined) limits.push([say('limit.default'), ' ', el('code', {}, String(value.default))]);
  const words = value.const === undefined ? value.enum : [value.const];
  if (words) limits.push(words.map((word, at) => [at > 0 && ' · ', el('code', {}, String(word))]));
  return limits;
}

/** One member, parameter or header field: its name, its type, its limits, what it means, and its own members. */
export function memberRow(document, { name, schema, required, where, description }, within = []) {
  const it = core(document, schema);
  const limits = limitsOf(it.value);
  const told = description ?? it.told ?? it.value.description;
  return el('li', {},
    el('div', { class: 'member' },
      el('code', { class: 'name' }, name),
      el('span', { class: 'soft' }, typeOf(document, it)),
      where && el('span', { class: 'tag' }, say(`where.${where}`)),
      required && el('span', { class: 'tag warn' }, say('docs.required'))),
    limits.length > 0 && el('p', { class: 'limits' }, limits.map((limit, at) => [at > 0 && ', ', limit])),
    told && el('p', {}, inline(told)),
    inner(document, it, within));
}

/** What a value has within, folded; nothing where it has no members. */
function inner(document, it, within) {
  if (within.includes(it.name) && it.name) return null;
  const list = members(document, it, it.name ? [...within, it.name] : within);
  return list && fold(say('docs.members'), list);
}

/** How the members of a schema are made, or null. */
function members(document, { value }, within) {
  if (value.type === 'array') return members(document, core(document, value.items), within);
  if (value.oneOf) return () => value.oneOf.map((one) => choice(document, one, within));
  if (!value.properties && !(value.additionalProperties instanceof Object)) return null;
  return () => {
    const rows = Object.entries(value.properties ?? {}).map(([name, schema]) =>
      memberRow(document, { name, schema, required: value.required?.includes(name) }, within));
    if (value.additionalProperties instanceof Object) rows.push(memberRow(document, { name: '*', schema: value.additionalProperties }, within));
    return el('ul', { class: 'members' }, rows);
  };
}

function choice(document, schema, within) {
  const it = core(document, schema);
  const list = members(document, it, within);
  const name = (it.name ?? typeOf(document, it)).split(/(?=[A-Z])/).map((word, at) => [at > 0 && el('wbr'), word]);
  const title = [el('strong', {}, name), it.value.description && [' ', inline(it.value.description)]];
  return list ? fold(title, list, { class: 'choice' }) : el('p', { class: 'choice' }, title);
}

/** A whole schema: what it means, and its members. */
export function schemaView(document, schema) {
  const it = core(document, schema);
  const list = members(document, it, it.name ? [it.name] : []);
  const limits = limitsOf(it.value);
  return fill(el('div', { class: 'schema' }),
    el('p', {}, el('span', { class: 'soft' }, typeOf(document, it)), limits.map((limit) => [', ', limit]),
      it.value.description && [' ', inline(it.told ?? it.value.description)]),
    it.value.oneOf && el('p', { class: 'soft' }, say('docs.oneOf')),
    list?.());
}
