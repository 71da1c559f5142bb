// The floor of browsers, by reading the pages' files: no script, no syntax and no style that is younger than the oldest
// browser of the list in package.json (`browserslist`), unless it is guarded or stands beside what does without it.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

import { Linter } from 'eslint';
import compat from 'eslint-plugin-compat';
import younger from 'eslint-plugin-es-x';

const web = new URL('../../src/web/', import.meta.url);
const { browserslist } = JSON.parse(readFileSync(new URL('package.json', import.meta.url)));
const files = (ending) => ['shared', 'customer', 'staff', 'docs', 'qr'].flatMap((room) => readdirSync(new URL(`${room}/`, web))
  .filter((name) => name.endsWith(ending)).map((name) => `${room}/${name}`));

/** Methods and syntax of the language that are younger than the floor; the plugin finds them by their names alone. */
const YOUNGER = [
  'array-fromasync', 'array-prototype-findlast-findlastindex', 'array-prototype-toreversed', 'array-prototype-tosorted', 'array-prototype-tospliced',
  'array-prototype-with', 'class-static-block', 'map-groupby', 'object-groupby', 'promise-try', 'promise-withresolvers', 'regexp-lookbehind-assertions',
  'regexp-v-flag', 'set-prototype-difference', 'set-prototype-intersection', 'set-prototype-isdisjointfrom', 'set-prototype-issubsetof',
  'set-prototype-issupersetof', 'set-prototype-symmetricdifference', 'set-prototype-union', 'string-prototype-iswellformed-towellformed', 'import-attributes',
].map((name) => `no-${name}`);

/** Members of objects of the browser that are younger than the floor, and that the table of the lint does not know. */
const YOUNGER_MEMBERS = [['AbortSignal', 'any'], ['AbortSignal', 'timeout'], ['URL', 'canParse'], ['URL', 'parse'], ['crypto', 'randomUUID']]
  .map(([object, property]) => ({ object, property }));

const lint = (text, name) => new Linter().verify(text, [{
  files: ['**/*.js'],
  plugins: { compat, younger },
  languageOptions: {
    ecmaVersion: 2025, sourceType: 'module',
    globals: Object.fromEntries([...Object.getOwnPropertyNames(globalThis), 'window', 'document', 'navigator', 'location'].map((one) => [one, 'readonly'])),
  },
  settings: { targets: browserslist, 'es-x': { aggressive: true }, lintAllEsApis: true },
  rules: { 'compat/compat': 'error', 'no-restricted-properties': ['error', ...YOUNGER_MEMBERS], ...Object.fromEntries(YOUNGER.map((rule) => [`younger/${rule}`, 'error'])) },
}], name).map(({ line, message, ruleId }) => `${name}:${line}: ${message} (${ruleId})`);

/** What a page asks for first and does without: the camera's own reader of codes, a screen that is kept awake. */
const GUARDED = /BarcodeDetector|wakeLock/;

test('the floor of browsers: no API and no syntax that the oldest of them lacks', () => {
  const faults = files('.js').flatMap((name) => lint(readFileSync(new URL(name, web), 'utf8'), name));
  assert.deepEqual(faults.filter((fault) => !GUARDED.test(fault)), []);
});

test('the floor of browsers: the lint finds what is planted', () => {
  const planted = ['AbortSignal.any([a, b]);', 'structuredClone && Promise.withResolvers();', 'list.toReversed();', '/(?<=a)b/;', 'class A { static { f(); } }', 'new CompressionStream("gzip");'];
  assert.deepEqual(planted.filter((text) => !lint(`const [a, b, list, f] = [];\n${text}`, 'shared/planted.js').length), []);
});

test('the floor of browsers: a style that some of them lack stands beside one that they have, or only adorns', () => {
  const faults = [];
  for (const name of files('.css')) {
    for (const line of readFileSync(new URL(name, web), 'utf8').split('\n')) {
      if (/:has\(|@container|@layer|@scope|color-mix\(|oklch|@starting-style|\bsubgrid\b|&:|^\s*& |\b\d(cqw|cqi|lh|rlh)\b|[;{]\s*(translate|scale|rotate):/.test(line)) faults.push(`${name}: ${line}`);
      const small = /([\w-]+): ([^;]*\d)([dsl]v[hw])\b/.exec(line);
      if (small && !line.includes(`${small[1]}: ${small[2]}${small[3].slice(1)}`)) faults.push(`${name}: ${line}`);
    }
  }
  assert.deepEqual(faults, []);
});
