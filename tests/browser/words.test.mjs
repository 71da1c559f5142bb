// Every text is there in both languages, and every text that a page says is there.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

const web = new URL('../../src/web/', import.meta.url);
const modules = (room) => readdirSync(new URL(`${room}/`, web)).filter((name) => name.endsWith('.js')).map((name) => `${room}/${name}`);
const isTable = (path) => /(words|refusals)\.js$/.test(path);

/** The texts of a room: `[key, [ko, en]]`. */
async function rowsOf(room) {
  const loaded = await Promise.all(modules(room).filter(isTable).map((path) => import(new URL(path, web).href)));
  return loaded.flatMap((module) => Object.values(module).filter((table) => typeof table === 'object').flatMap(Object.entries));
}

/** What the modules of these rooms say. */
function codeOf(...rooms) {
  const paths = rooms.flatMap(modules).filter((path) => !/words\.js$/.test(path));
  return paths.map((path) => readFileSync(new URL(path, web), 'utf8')).join('\n');
}

const places = (text) => [...new Set([...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]))].sort();

for (const room of ['shared', 'customer', 'staff', 'docs']) {
  test(`every text of ${room} is there in Korean and English, with the same places to fill`, async () => {
    const rows = await rowsOf(room);
    assert.ok(rows.length > 0);
    for (const [key, row] of rows) {
      assert.equal(row.length, 2, key);
      const [ko, en] = row;
      if (/\p{L}/u.test(en.replace(/\{\w+\}/g, ''))) { // a text of nothing but places to fill has no language
        assert.match(ko, /[가-힣]/, `${key} is not Korean: ${ko}`);
      }
      assert.doesNotMatch(en, /[가-힣]/, `${key} is not English: ${en}`);
      assert.deepEqual(places(ko), places(en), key);
    }
  });

  test(`what ${room} says is in its tables, and no text is left over`, async () => {
    const own = (await rowsOf(room)).map(([key]) => key);
    const known = new Set([...own, ...(await rowsOf('shared')).map(([key]) => key)]);
    const code = codeOf(room);
    const said = [...code.matchAll(/\bsay\('([\w.]+)'/g)].map((match) => match[1]);
    assert.deepEqual(said.filter((key) => !known.has(key)), [], 'said, but in no table');
    // A key may be put together: of `refusal.${code}` the beginning is known.
    const everywhere = codeOf('shared', 'customer', 'staff', 'docs');
    const beginnings = [...everywhere.matchAll(/`([\w.]+\.)\$\{/g)].map((match) => match[1]);
    const ofMany = (key) => key.replace(/\.zero$/, ''); // said in its place where there is none
    const used = (whole, key = ofMany(whole)) => everywhere.includes(`'${key}'`) || beginnings.some((beginning) => key.startsWith(beginning));
    assert.deepEqual(own.filter((key) => !used(key)), [], 'in a table, but said nowhere');
  });
}

/** The texts of refusals that the server says, as `[line, [ko, en]]`: three texts in each language for each code. */
function rowsOfServer() {
  const source = readFileSync(new URL('../refusal/texts.rs', web), 'utf8');
  return source.split('\n').flatMap((line, at) => (/^\s*\["/.test(line) ? [[`texts.rs:${at + 1}`, /[가-힣]/.test(line) ? [line, ''] : ['', line]]] : []));
}

/** The texts of the OpenAPI document in Korean, which `/docs` shows. */
function rowsOfDocument() {
  const texts = JSON.parse(readFileSync(new URL('../routes/openapi/korean.json', web), 'utf8'));
  return Object.values(texts).map((ko) => [`texts.rs of the document: ${ko}`, [ko, '']]);
}

/** What the handbook tells those who help on the evening, in Korean. */
function rowsOfHandbook() {
  const lines = readFileSync(new URL('handbook/ko/evening.md', web), 'utf8').split('\n');
  return lines.map((line, at) => [`texts.rs of the handbook: evening.md:${at + 1}`, [line, '']]);
}

test('glossary: no word that is out is used, and a word of one place stands only there', async () => {
  const { words } = JSON.parse(readFileSync(new URL('glossary.json', import.meta.url)));
  const pages = (await Promise.all(['shared', 'customer', 'staff', 'docs'].map(rowsOf))).flat();
  const rows = [...pages, ...rowsOfServer(), ...rowsOfDocument(), ...rowsOfHandbook()];
  assert.ok(rows.length > 500);
  const faults = [];
  for (const { ko, en, not = {}, only = {} } of words) {
    for (const [key, texts] of rows) {
      ['ko', 'en'].forEach((language, nth) => {
        // What programs read of a token or the code base is theirs: the
        // English of the server is judged by its own rules.
        if (language === 'en' && key.startsWith('texts.rs')) return;
        const bad = (not[language] ?? []).find((pattern) => new RegExp(pattern, 'u').test(texts[nth]));
        if (bad) faults.push(`${key}: ${texts[nth]} (say ${language === 'ko' ? ko : en})`);
        const place = only[language];
        if (place && !key.startsWith('texts.rs') && new RegExp(place.word, 'u').test(texts[nth]) && !new RegExp(place.keys).test(key)) faults.push(`${key}: ${texts[nth]} (${place.word} stands only at ${place.keys})`);
      });
    }
  }
  assert.deepEqual(faults, []);
});

test('glossary: it finds what is planted', () => {
  const { words } = JSON.parse(readFileSync(new URL('glossary.json', import.meta.url)));
  const finds = (language, text) => words.some(({ not = {} }) => (not[language] ?? []).some((pattern) => new RegExp(pattern, 'u').test(text)));
  for (const text of ['표를 찍어 주세요.', '예약을 확인', '줄 서기', '내 키', '2석 잡기']) assert.ok(finds('ko', text), text);
  for (const text of ['좌석표를 보세요', '티켓을 찍어 주세요.', '등급표와 발표']) assert.ok(!finds('ko', text), text);
  assert.ok(finds('en', 'My key') && finds('en', 'guest of the house') && !finds('en', 'Staff keys'));
});
