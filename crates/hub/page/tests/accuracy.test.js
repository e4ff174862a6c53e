import assert from 'node:assert/strict';
import { test } from 'node:test';

import { accuracyOf, accuracyText, trueCount } from '../accuracy.js';
import { formatOf } from '../format.js';
import { incidentText } from '../incident.js';
import { wordsOf } from '../words.js';

const view = (language) => ({ t: wordsOf(language), f: formatOf(language) });
const known = { site: 's', gate: 'g', line: null, group: 'person', direction: 'in', state: 'known', hours: 12, bias: -0.02, low: -0.04, high: 0 };

test('a count stands for what the machine missed as well', () => {
  assert.deepEqual(trueCount(980, known), { least: 980, likely: 1000, most: 1021 });
  assert.equal(trueCount(5, { bias: -1, low: -1, high: 2 }).most, null);
});

test('a gate has the accuracy of all its audited lines together', () => {
  const list = [{ ...known, line: 'l', bias: 1 }, known];
  assert.equal(accuracyOf(list, { site: 's', gate: 'g' }, 'person', 'in'), known);
  assert.equal(accuracyOf(list, { site: 's', gate: 'g' }, 'person', 'out'), null);
  assert.equal(accuracyOf(list, { site: 's', gate: 'h' }, 'person', 'in'), null);
});

test('what is known of a count is said in words, and what is not known too', () => {
  assert.equal(accuracyText(null, 980, view('en')), 'not audited');
  assert.match(accuracyText({ ...known, state: 'too_few', hours: 3 }, 980, view('en')), /too few hours.*3/);
  const text = accuracyText(known, 980, view('en'));
  assert.match(text, /error -2% \(95 %: -4% to 0%; 12 hours/);
  assert.match(text, /about 1,000 \(980 – 1,021\)/);
  assert.match(accuracyText(known, 980, view('vi')), /sai số -2.*1\.000/);
});

test('an incident is said in words', () => {
  const row = { incident: 'tailgating', class: 'person', direction: 'in', gapMs: 400 };
  assert.equal(incidentText(row, view('en')), 'Tailgating: Person going in, 0.4 s behind');
  assert.equal(incidentText({ incident: 'crowding_began', count: 31, above: 30 }, view('vi')), 'Quá đông: 31, giới hạn 30');
  assert.equal(incidentText({ incident: 'fire' }, view('en')), 'fire');
});
