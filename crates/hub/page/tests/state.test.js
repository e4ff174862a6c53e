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
  assert.deepEqual(sum.person, { entered: 5, left: 5, inside: 0, difference: 0, unexplained: 0, corrected: null });
  assert.deepEqual(sum.vehicle, { entered: 1, left: 3, inside: 0, difference: -2, unexplained: 2, corrected: null });
});

test('how many are inside a site is what the hub says, where it has said so', () => {
  const here = state({ gates: [gate('a', [5, 0]), gate('b', [0, 2])] });
  const corrected = { at: now, to: 9, reason: 'counted' };
  const inside = { inside: 9, unexplained: 0, corrected };
  assert.equal(known.takeUpdate(here, { inside: { site: 's', person: inside, vehicle: { inside: 0, unexplained: 0, corrected: null } } }, now), true);
  const sum = known.wholeSite(here.gates, here.insides.s);
  assert.deepEqual(sum.person, { entered: 5, left: 2, difference: 3, ...inside });
});

test('an incident of the chosen gates enters the list once', () => {
  const here = state({ gate: 'g' });
  const incident = { id: 'i', site: 's', gate: 'g', at: now, incident: 'tailgating' };
  assert.equal(known.takeUpdate(here, { incident }, now), true);
  assert.equal(known.takeUpdate(here, { incident }, now), false);
  assert.equal(known.takeUpdate(here, { incident: { ...incident, id: 'j', gate: 'other' } }, now), false);
  assert.deepEqual(here.incidents.rows, [incident]);
});

test('the chart begins with vehicles only where no person passed', () => {
  assert.equal(known.defaultGroup([gate('a')]), 'person');
  assert.equal(known.defaultGroup([gate('a', [0, 0], [3, 1])]), 'vehicle');
  assert.equal(known.defaultGroup([gate('a', [0, 1], [3, 1])]), 'person');
});

test('passages are held once, newest first, and the oldest go', () => {
  const rows = known.mergeRows([passage(1), passage(3)], [passage(2), passage(3, { gate: 'new word' })], 2);
  assert.deepEqual(rows.map((row) => row.id), ['id-0003', 'id-0002']);
  assert.equal(rows[0].gate, 'new word');
  const many = Array.from({ length: known.PASSAGES_MAX + 50 }, (_, n) => passage(n));
  assert.equal(known.mergeRows([], many).length, known.PASSAGES_MAX);
});

test('passages of the same moment keep one order', () => {
  const [a, b] = [passage(1, { id: 'a' }), passage(1, { id: 'b' })];
  assert.deepEqual(known.mergeRows([a], [b]), known.mergeRows([b], [a]));
});

test('a newest page that joins the held rows keeps them, and one that does not begins anew', () => {
  const held = { rows: [4, 3, 2, 1].map((n) => passage(n)), next: 'older than 1' };
  const joined = known.takeNewest(held, { rows: [passage(6), passage(5), passage(4)], next: 'older than 4' });
  assert.deepEqual([joined.rows.length, joined.next], [6, 'older than 1']);
  const apart = known.takeNewest(held, { rows: [passage(99), passage(98)], next: 'older than 98' });
  assert.deepEqual([apart.rows.length, apart.next], [2, 'older than 98']);
  const whole = known.takeNewest(held, { rows: [passage(6)], next: null });
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

const plate = (n, more = {}) => ({
  id: `plate-${n}`, site: 's', gates: ['g'], outcome: 'read', vehicle: n, at: start + n * 1000,
  picture: { sha256: `small-${n}`, isStored: false },
  pictures: [{ role: 'plate', sha256: `small-${n}`, isStored: false }, { role: 'crop', sha256: `large-${n}`, isStored: false }],
  ...more,
});

test('a live plate enters its list once, and only where one of its gates is shown', () => {
  const here = state({ gate: 'g' });
  assert.equal(known.takeUpdate(here, { plate: plate(1, { gates: ['other', 'g'] }) }, now), true);
  assert.equal(known.takeUpdate(here, { plate: plate(1) }, now), false);
  assert.equal(known.takeUpdate(here, { plate: plate(2, { gates: ['other'] }) }, now), false);
  assert.equal(known.takeUpdate(here, { plate: plate(3, { site: 'other' }) }, now), false);
  assert.deepEqual([here.plates.rows.length, here.passages.rows.length], [1, 0]);
});

test('plates are held up to their own limit, newest first', () => {
  const here = state();
  for (let n = 0; n < known.PLATES_MAX + 5; n++) known.takeUpdate(here, { plate: plate(n) }, now);
  assert.deepEqual([here.plates.rows.length, here.plates.rows[0].id], [known.PLATES_MAX, `plate-${known.PLATES_MAX + 4}`]);
});

test('every picture of a plate is known when it arrives', () => {
  const here = state({ plates: { rows: [plate(1)], next: null } });
  assert.equal(known.takeUpdate(here, { stored: 'small-1' }, now), true);
  assert.equal(known.takeUpdate(here, { stored: 'large-1' }, now), true);
  const [row] = here.plates.rows;
  assert.deepEqual([row.picture.isStored, ...row.pictures.map((picture) => picture.isStored)], [true, true, true]);
});

test('passages are asked for again only where a plate may be theirs', () => {
  const car = passage(10, { group: 'vehicle' });
  const seen = state({ passages: { rows: [car, passage(11)], next: null } });
  assert.equal(known.mayJoinPlate(seen, { plate: plate(20) }), true);
  assert.equal(known.mayJoinPlate(seen, { plate: plate(20, { vehicle: null }) }), false);
  assert.equal(known.mayJoinPlate(seen, { plate: plate(20, { outcome: 'unreadable' }) }), false);
  assert.equal(known.mayJoinPlate(seen, { plate: plate(500) }), false);
  const read = state({ plates: { rows: [plate(20)], next: null } });
  assert.equal(known.mayJoinPlate(read, { passage: car }), true);
  assert.equal(known.mayJoinPlate(read, { passage: passage(10) }), false);
  assert.equal(known.mayJoinPlate(read, { gate: gate('g') }), false);
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
