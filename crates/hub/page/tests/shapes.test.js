import assert from 'node:assert/strict';
import { test } from 'node:test';

import { alarmOf, countsOf, gateOf, nodeOf, passageOf, plateDetailOf, plateOf } from '../shapes.js';

const at = '2026-11-20T01:15:30.500000Z';
const ms = Date.parse('2026-11-20T01:15:30.500Z');

test('a gate keeps its figures, zones and cameras', () => {
  const today = { in: 3, out: 5, inside: 0, difference: -2 };
  const drifted = { count: 0, unexplained: 2, base_count: 0, correction: null };
  const corrected = { count: 7, unexplained: 0, base_count: 9, correction: { at, reason: 'counted' } };
  const gate = gateOf({
    site: 's', gate: 'g', nodes: ['n'], last_at: at, day_start: '2026-11-19T17:00:00.000000Z',
    today: { person: today, vehicle: today }, classes: [], occupancy: { reset: '00:00', person: corrected, vehicle: drifted },
    zones: [{ zone: 'z', group: 'person', count: 4, at, stale: true }],
    cameras: [{ site: 's', node: 'n', camera: 'c', state: null, reason: '', at }],
  });
  const figures = { entered: 3, left: 5, difference: -2 };
  assert.deepEqual(gate.today.vehicle, { ...figures, inside: 0, unexplained: 2, corrected: null });
  assert.deepEqual(gate.today.person, { ...figures, inside: 7, unexplained: 0, corrected: { at: ms, to: 9, reason: 'counted' } });
  assert.deepEqual(gate.zones, [{ zone: 'z', group: 'person', count: 4, at: ms, isStale: true }]);
  assert.deepEqual(gate.cameras, [{ node: 'n', camera: 'c', state: null, reason: '', at: ms }]);
  assert.deepEqual([gate.lastAt, gate.dayStart], [ms, Date.parse('2026-11-19T17:00:00Z')]);
});

test('the picture of a passage is its crop, else its frame, never a video', () => {
  const medium = (role, media_type) => ({ role, sha256: `${role}-${media_type}`, media_type, bytes: 1, url: '/', stored: true });
  const passage = (evidence) => passageOf({ id: 'i', site: 's', gate: 'g', camera: 'c', direction: 'in', class: 'car',
    group: 'vehicle', confidence: 0.5, at, evidence });
  const frame = medium('frame', 'image/jpeg');
  assert.equal(passage([frame, medium('crop', 'image/webp')]).picture.sha256, 'crop-image/webp');
  assert.deepEqual(passage([medium('crop', 'video/mp4'), frame]).picture, { role: 'frame', sha256: 'frame-image/jpeg', isStored: true, address: '' });
  assert.deepEqual([passage([]).picture, passage([]).plate], [null, null]);
  assert.equal(passage([]).at, ms);
});

test('counts become one row per direction, and none for nothing', () => {
  const rows = countsOf({ rows: [{ start: at, group: 'person', in: 2, out: 0 }, { start: at, group: 'vehicle', in: 1, out: 3 }] });
  assert.deepEqual(rows, [
    { at: ms, direction: 'in', group: 'person', count: 2 },
    { at: ms, direction: 'in', group: 'vehicle', count: 1 },
    { at: ms, direction: 'out', group: 'vehicle', count: 3 },
  ]);
});

test('a node that has said nothing yet is no trouble to read', () => {
  const node = nodeOf({ site: 's', node: 'n', status: null, last_event: null, cameras: [], alarms_open: 0 });
  assert.deepEqual(node, { site: 's', node: 'n', state: null, stateAt: null, clock: null, seenAt: null, alarmsOpen: 0, cameras: [] });
});

const plateJson = (more = {}) => ({
  id: 'i', site: 's', gates: ['g'], node: 'n', seq: 1, camera: 'c', visit: 1, vehicle: 4, from: at, to: at, outcome: 'read',
  reason: '', key: '30A12345', display: '30A-123.45', kind: 'car', issuer: 'Hà Nội', confidence: 0.9, ambiguous: true,
  colour: 'white', rows: 1, listed: null, evidence: [], ...more,
});

test('the picture of a plate is the plate itself, else its vehicle; each picture can be opened', () => {
  const medium = (role) => ({ role, sha256: role, media_type: 'image/jpeg', bytes: 1, url: '/', stored: role === 'crop' });
  const plate = plateOf(plateJson({ evidence: [medium('frame'), medium('crop'), medium('plate')] }));
  assert.deepEqual(plate.picture, { role: 'plate', sha256: 'plate', isStored: false, address: '' });
  assert.deepEqual(plate.pictures.map(({ role, isStored }) => [role, isStored]), [['frame', false], ['crop', true], ['plate', false]]);
  assert.deepEqual([plate.at, plate.vehicle, plate.isAmbiguous], [ms, 4, true]);
  assert.equal(plateOf(plateJson({ evidence: [medium('frame'), medium('crop')] })).picture.role, 'crop');
  const clip = { ...medium('clip'), media_type: 'video/mp4' };
  const filmed = plateOf(plateJson({ evidence: [clip, medium('crop')] }));
  assert.deepEqual([filmed.picture.role, filmed.pictures.length], ['crop', 2], 'a video can be opened, but is no picture');
  assert.equal(plateOf(plateJson()).picture, null);
});

test('looks count from the first one, and signs carry their own probability', () => {
  const detail = plateDetailOf({
    plate: plateJson({ reason: 'whole' }), raw: '3OA', shot: {}, matches: [],
    readings: [{ key: '30A', display: '30A', kind: 'car', issuer: null, confidence: 0.9, glyph_confidence: [1, 0.5], corrected: [1] }],
    votes: [{ media_us: 5_000_000, raw: '3OA', confidence: 0.5, weight: 2 }, { media_us: 5_040_000, raw: '', confidence: 0, weight: 0 }],
  });
  assert.deepEqual(detail.votes.map((vote) => vote.afterMs), [0, 40]);
  assert.deepEqual(detail.readings[0].glyphs, [
    { glyph: '3', confidence: 1, isCorrected: false },
    { glyph: '0', confidence: 0.5, isCorrected: true },
    { glyph: 'A', confidence: null, isCorrected: false },
  ]);
  assert.deepEqual([detail.id, detail.reason], ['i', 'whole']);
});

test('an open alarm has no end', () => {
  const alarm = alarmOf({ node: 'n', site: null, kind: 'gap', detail: 'd', first_at: at, last_at: at, count: 2, closed_at: null });
  assert.deepEqual([alarm.closedAt, alarm.lastAt, alarm.site], [null, ms, null]);
});
