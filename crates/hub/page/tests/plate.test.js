import assert from 'node:assert/strict';
import { test } from 'node:test';

import { formatOf } from '../format.js';
import { differencesText, listedText, plateDoubt, plateTitle, plateWhat, reasonText, shares } from '../plate.js';
import { LANGUAGES, wordsOf } from '../words.js';

const view = { t: wordsOf('en'), f: formatOf('en') };
const plate = (more = {}) => ({
  outcome: 'read', display: '30A-123.45', kind: 'car', issuer: 'Hà Nội', colour: 'yellow', reason: '', isAmbiguous: false, ...more,
});

test('a plate that was read is called by its sign, kind, issuer and colour', () => {
  assert.equal(plateTitle(plate(), view), '30A-123.45');
  assert.equal(plateWhat(plate(), view), 'Car · Hà Nội · yellow');
  assert.equal(plateWhat(plate({ kind: 'hovercraft', issuer: null, colour: 'green' }), view), 'hovercraft · green');
  assert.equal(plateDoubt(plate(), view), '');
  assert.equal(plateDoubt(plate({ isAmbiguous: true, reason: 'look at it' }), view), 'May be read otherwise, needs a look · look at it');
});

test('a plate without a reading says what is wrong, and shows no reading', () => {
  const cut = plate({ outcome: 'unreadable', reason: 'a side of the plate seems to be missing', display: null });
  assert.equal(plateTitle(cut, view), 'Unreadable');
  assert.equal(plateWhat(cut, view), 'a side of the plate is hidden or outside the picture · yellow');
  assert.equal(plateDoubt(cut, view), '');
  assert.equal(plateTitle(plate({ outcome: 'newer_than_this_page' }), view), 'newer_than_this_page');
});

test('common reasons are told in both languages with their numbers, others as they came', () => {
  for (const language of LANGUAGES) {
    const t = wordsOf(language);
    assert.match(reasonText(t, '3 signs are unsure; a reading may have 2'), /^\D*3\D*$/);
    assert.match(reasonText(t, '11 signs; a plate has at most 10'), /^11/);
    assert.match(reasonText(t, 'no authority issues plates with code 13'), /13$/);
    assert.equal(reasonText(t, '<b>other</b>'), '<b>other</b>');
  }
  assert.notEqual(reasonText(wordsOf('vi'), 'letters only'), 'letters only');
});

test('a match says in words what the list is for, and how alike the two are', () => {
  const match = { list: 'stolen', purpose: 'watch', key: '30A12346', score: 0.9 };
  const key = '30A12345';
  assert.equal(listedText(match, key, view), 'WATCHED: resembles 30A12346 of list stolen, 90%');
  assert.equal(listedText({ ...match, key, score: 1 }, key, view), 'WATCHED: 30A12345 stands in list stolen, 100%');
  assert.equal(listedText({ ...match, key, purpose: 'allow' }, key, view), 'May pass: 30A12345 stands in list stolen, 90%');
  assert.equal(listedText({ ...match, score: 0.9999 }, key, view), 'WATCHED: resembles 30A12346 of list stolen, 99%');
  assert.equal(listedText(null, key, view), null);
});

test('differences are told by the place that people count', () => {
  const differing = [{ position: 0, listed: '3', read: '8' }, { position: 7, listed: '5', read: '-' }];
  assert.equal(differencesText({ differing, score: 0.5 }, view), 'place 1: list 3, read 8; place 8: list 5, read -');
  assert.equal(differencesText({ differing: [], score: 1 }, view), 'the same as one reading');
});

test('weights are drawn against the heaviest look', () => {
  assert.deepEqual(shares([{ weight: 2 }, { weight: 4 }, { weight: 0 }, { weight: -1 }]), [0.5, 1, 0, 0]);
  assert.deepEqual(shares([{ weight: 0 }]), [0]);
  assert.deepEqual(shares([]), []);
});
