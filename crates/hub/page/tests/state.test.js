import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as known from '../state.js';

const start = Date.parse('2026-11-19T17:00:00Z');
const now = start + 9 * 3_600_000;
const passage = (n, more = {}) => ({
  id: `id-${String(n).padStart(4, '0')}`, site: 's', gate: 'g', direction: 'in', group: 'person', at: start + n * 1000,
  picture: { sha256: `hash-${n}`, isStored: false }, ...more,
});
const gate = (name, person = [0, 0], vehicle = [0, 0], more = {}) => ({
  site: 's', gate: name, dayStart: start, zones: [], cameras: [],
  today: { person: known.figures(...person), vehicle: known.figures(...vehicle) }, ...more,
});
const state = (more = {}) => ({ ...known.emptyState(), site: 's', counts: { start, rows: [] }, ...more });

test('a site is the wished one, else the first with a gate', () => {
  assert.equal(known.chooseSite(['a', 's'], [gate('g')], 'a'), 'a');
  assert.equal(known.chooseSite(['a', 's'], [gate('g')], 'gone'), 's');
  assert.equal(known.chooseSite(['a'], [], null), 'a');
  assert.equal(known.chooseSite([], [], null), null);
});

test('who goes in here and out there is not inside the site', () => {
  const sum = known.wholeSite([gate('a', [5, 0]), gate('b', [0, 5], [1, 3])]);
  assert.deepEqual(sum.person, { entered: 5, left: 5, inside: 0, difference: 0 });
  assert.deepEqual(sum.vehicle, { entered: 1, left: 3, inside: 0, difference: -2 });
});

test('the chart begins with vehicles only where no person passed', () => {
  assert.equal(known.defaultGroup([gate('a')]), 'person');
  assert.equal(known.defaultGroup([gate('a', [0, 0], [3, 1])]), 'vehicle');
  assert.equal(known.defaultGroup([gate('a', [0, 1], [3, 1])]), 'person');
});

test('passages are held once, newest first, and the oldest go', () => {
  const rows = known.mergePassages([passage(1), passage(3)], [passage(2), passage(3, { gate: 'new word' })], 2);
  assert.deepEqual(rows.map((row) => row.id), ['id-0003', 'id-0002']);
  assert.equal(rows[0].gate, 'new word');
  const many = Array.from({ length: known.PASSAGES_MAX + 50 }, (_, n) => passage(n));
  assert.equal(known.mergePassages([], many).length, known.PASSAGES_MAX);
});

test('passages of the same moment keep one order', () => {
  const [a, b] = [passage(1, { id: 'a' }), passage(1, { id: 'b' })];
  assert.deepEqual(known.mergePassages([a], [b]), known.mergePassages([b], [a]));
});

test('a newest page that joins the held rows keeps them, and one that does not begins anew', () => {
  const held = { rows: [4, 3, 2, 1].map((n) => passage(n)), next: 'older than 1' };
  const joined = known.takeNewestPassages(held, { rows: [passage(6), passage(5), passage(4)], next: 'older than 4' });
  assert.deepEqual([joined.rows.length, joined.next], [6, 'older than 1']);
  const apart = known.takeNewestPassages(held, { rows: [passage(99), passage(98)], next: 'older than 98' });
  assert.deepEqual([apart.rows.length, apart.next], [2, 'older than 98']);
  const whole = known.takeNewestPassages(held, { rows: [passage(6)], next: null });
  assert.equal(whole.rows.length, 5);
});

test('a live passage enters list and chart once, whatever the stream repeats', () => {
  const here = state();
  assert.equal(known.takeUpdate(here, { passage: passage(1) }, now), true);
  assert.equal(known.takeUpdate(here, { passage: passage(1) }, now), false);
  assert.deepEqual([here.passages.rows.length, here.counts.rows.length], [1, 1]);
});

test('a passage of another gate, site or day is not counted here', () => {
  const here = state({ gate: 'g' });
  assert.equal(known.takeUpdate(here, { passage: passage(1, { gate: 'other' }) }, now), false);
  assert.equal(known.takeUpdate(here, { passage: passage(2, { site: 'other' }) }, now), false);
  assert.equal(known.takeUpdate(here, { passage: passage(3, { at: start - 1 }) }, now), true);
  assert.deepEqual([here.passages.rows.length, here.counts.rows.length], [1, 0]);
});

test('a gate replaces its older self, and the first one brings its site', () => {
  const here = { ...known.emptyState() };
  known.takeUpdate(here, { gate: gate('g', [1, 0]) }, now);
  known.takeUpdate(here, { gate: gate('g', [2, 0]) }, now);
  assert.deepEqual([here.site, here.sites, here.gates.length, here.gates[0].today.person.entered], ['s', ['s'], 1, 2]);
});

test('a picture that arrives is known at its row', () => {
  const here = state({ passages: { rows: [passage(1)], next: null } });
  assert.equal(known.takeUpdate(here, { stored: 'of nobody' }, now), false);
  assert.equal(known.takeUpdate(here, { stored: 'hash-1' }, now), true);
  assert.equal(here.passages.rows[0].picture.isStored, true);
});

test('the chart agrees with the gates only when every group and direction does', () => {
  const row = (direction, group, count) => ({ at: now, direction, group, count });
  const rows = [row('in', 'person', 2), row('out', 'person', 1), row('in', 'vehicle', 4)];
  const here = state({ gates: [gate('a', [2, 1], [1, 0]), gate('b', [0, 0], [3, 0])], counts: { start, rows } });
  assert.equal(known.chartAgrees(here), true);
  assert.equal(known.chartAgrees({ ...here, gate: 'a' }), false);
  assert.equal(known.chartAgrees({ ...here, counts: { start, rows: [...rows, row('out', 'vehicle', 1)] } }), false);
  assert.equal(known.chartAgrees({ ...here, counts: { start: start - 86_400_000, rows } }), false);
});
