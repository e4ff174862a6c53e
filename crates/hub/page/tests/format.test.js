import assert from 'node:assert/strict';
import { test } from 'node:test';

import { formatOf } from '../format.js';

const at = Date.parse('2026-11-20T01:15:30Z');

test('numbers and times are written the Vietnamese way, in Vietnamese time', () => {
  const f = formatOf('vi');
  assert.equal(f.number(12_345), '12.345');
  assert.equal(f.time(at), '08:15:30');
  assert.equal(f.day(at), '20/11/2026');
  assert.equal(f.longDay(at), 'Thứ Sáu, 20/11/2026');
  assert.equal(f.minute(Date.parse('2026-11-19T17:00:00Z')), '00:00');
  assert.equal(formatOf('en').number(12_345), '12,345');
});

test('a moment of another day says which', () => {
  const f = formatOf('vi');
  assert.equal(f.when(at, at + 3_600_000), '08:15:30');
  assert.match(f.when(at, at + 86_400_000), /08:15:30.*20\/11\/2026/);
});

test('an age is told in its largest unit and is never in the future', () => {
  const f = formatOf('en');
  assert.equal(f.ago(at - 59_999, at), '59 seconds ago');
  assert.equal(f.ago(at - 60_000, at), '1 minute ago');
  assert.equal(f.ago(at - 7_300_000, at), '2 hours ago');
  assert.equal(f.ago(at + 5000, at), 'now');
});

test('what is nearly sure is not called sure', () => {
  const f = formatOf('vi');
  assert.deepEqual([f.percent(0.999), f.percent(0.92), f.percent(1)], ['99%', '92%', '100%']);
});

test('an unknown language falls back to Vietnamese', () => {
  assert.equal(formatOf('fr').number(1234), '1.234');
});
