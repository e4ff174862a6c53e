import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';

import { ALL_WORDS, LANGUAGES, named, wordsOf } from '../words.js';

const folder = new URL('../', import.meta.url);
const sources = readdirSync(folder)
  .filter((name) => /\.(js|html)$/.test(name) && name !== 'words.js')
  .map((name) => readFileSync(new URL(name, folder), 'utf8'))
  .join('\n');
const placeholders = (text) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();

test('every text is there in both languages, with the same values in it', () => {
  for (const [key, texts] of Object.entries(ALL_WORDS)) {
    assert.equal(texts.length, LANGUAGES.length, key);
    assert.ok(texts.every((text) => text.trim() !== ''), key);
    assert.deepEqual(placeholders(texts[0]), placeholders(texts[1]), key);
  }
});

test('every text that the page asks for is written', () => {
  const asked = [...sources.matchAll(/\bt\('(\w+)'|data-t="(\w+)"|'(help_\w+)'/g)].map((found) => found[1] ?? found[2] ?? found[3]);
  assert.ok(asked.length > 50, 'the sources were read');
  assert.deepEqual(asked.filter((key) => !(key in ALL_WORDS)), []);
});

test('values go into their places and a missing one stays visible', () => {
  assert.equal(wordsOf('en')('gates_sum', { n: 3 }), 'Sum of 3 gates');
  assert.equal(wordsOf('en')('gates_sum'), 'Sum of {n} gates');
  assert.equal(wordsOf('vi')('in'), 'Vào');
});

test('every kind of plate has a name, and one that is not known shows as itself', () => {
  const kinds = readFileSync(new URL('../../../vnplate/src/kind.rs', import.meta.url), 'utf8');
  const slugs = [...kinds.matchAll(/Self::\S.* => "([a-z_]+)",/g)].map(([, slug]) => slug);
  assert.ok(slugs.length >= 29, `${slugs.length} kinds were found`);
  assert.deepEqual(slugs.filter((slug) => !(`kind_${slug}` in ALL_WORDS)), []);
  const t = wordsOf('vi');
  assert.equal(named(t, 'kind', 'car'), 'Ô tô');
  assert.equal(named(t, 'kind', 'hovercraft'), 'hovercraft');
  assert.equal(t('constructor'), 'constructor');
});
