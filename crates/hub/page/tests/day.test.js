import assert from 'node:assert/strict';
import { test } from 'node:test';

import { DAY_MS, busyHours, dayStart, daySteps, ticks, total } from '../day.js';

const midnight = Date.parse('2026-11-19T17:00:00Z');

test('a day begins at seventeen hundred UTC of the day before', () => {
  assert.equal(dayStart(midnight), midnight);
  assert.equal(dayStart(midnight + DAY_MS - 1), midnight);
  assert.equal(dayStart(midnight - 1), midnight - DAY_MS);
});

test('steps hold the whole day, and only what belongs to it and to the group', () => {
  const row = (minute, direction, count, group = 'person') => ({ at: midnight + minute * 60_000, direction, group, count });
  const rows = [row(-1, 'in', 9), row(0, 'in', 1), row(14, 'out', 2), row(15, 'in', 4), row(1439, 'out', 8),
    row(1440, 'in', 9), row(3, 'in', 9, 'vehicle')];

  const steps = daySteps(rows, midnight, 15, 'person');

  assert.equal(steps.length, 96);
  assert.deepEqual([steps[0].in, steps[0].out, steps[1].in, steps[95].out], [1, 2, 4, 8]);
  assert.deepEqual(total(steps), { in: 5, out: 10 });
  assert.deepEqual(total(daySteps(rows, midnight, 60, 'person')), total(steps));
  assert.equal(steps.at(-1).to, midnight + DAY_MS);
});

test('a chart shows the hours with passages, up to now, and never fewer than six', () => {
  const hour = (n) => midnight + n * 3_600_000;
  const shown = (hours, now, stepMinutes = 15) => {
    const rows = hours.map((n) => ({ at: hour(n) + 1, direction: 'in', group: 'person', count: 1 }));
    const steps = busyHours(daySteps(rows, midnight, stepMinutes, 'person'), hour(now) + 1);
    assert.equal(total(steps).in, hours.length, 'no passage is cut off');
    return [(steps[0].from - midnight) / 3_600_000, (steps.at(-1).to - midnight) / 3_600_000];
  };
  assert.deepEqual(shown([7, 11], 16), [7, 17]);
  assert.deepEqual(shown([7, 11], 16, 60), [7, 17]);
  assert.deepEqual(shown([9], 9), [9, 15]);
  assert.deepEqual(shown([23], 23), [18, 24]);
  assert.deepEqual(shown([0, 23], 23), [0, 24]);
  assert.deepEqual(shown([], 10), [10, 16]);
  assert.deepEqual(shown([14], 3), [3, 15], 'a clock that is ahead at the gate');
});

test('an axis has few whole steps and holds the highest bar', () => {
  assert.deepEqual(ticks(0), [0, 1]);
  assert.deepEqual(ticks(1), [0, 1]);
  assert.deepEqual(ticks(7, 2), [0, 5, 10]);
  assert.deepEqual(ticks(100, 2), [0, 50, 100]);
  for (const highest of [0, 1, 3, 9, 14, 99, 101, 12_345]) {
    const marks = ticks(highest, 2);
    assert.ok(marks.at(-1) >= highest && marks.length <= 4 && marks.every(Number.isInteger), `${highest}: ${marks}`);
  }
});
