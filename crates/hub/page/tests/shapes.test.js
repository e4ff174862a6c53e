import assert from 'node:assert/strict';
import { test } from 'node:test';

import { alarmOf, countsOf, gateOf, nodeOf, passageOf } from '../shapes.js';

const at = '2026-11-20T01:15:30.500000Z';
const ms = Date.parse('2026-11-20T01:15:30.500Z');

test('a gate keeps its figures, zones and cameras', () => {
  const today = { in: 3, out: 5, inside: 0, difference: -2 };
  const gate = gateOf({
    site: 's', gate: 'g', nodes: ['n'], last_at: at, day_start: '2026-11-19T17:00:00.000000Z',
    today: { person: today, vehicle: today }, classes: [],
    zones: [{ zone: 'z', group: 'person', count: 4, at, stale: true }],
    cameras: [{ site: 's', node: 'n', camera: 'c', state: null, reason: '', at }],
  });
  assert.deepEqual(gate.today.vehicle, { entered: 3, left: 5, inside: 0, difference: -2 });
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
  assert.deepEqual(passage([medium('crop', 'video/mp4'), frame]).picture, { sha256: 'frame-image/jpeg', isStored: true });
  assert.equal(passage([]).picture, null);
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

test('an open alarm has no end', () => {
  const alarm = alarmOf({ node: 'n', site: null, kind: 'gap', detail: 'd', first_at: at, last_at: at, count: 2, closed_at: null });
  assert.deepEqual([alarm.closedAt, alarm.lastAt, alarm.site], [null, ms, null]);
});
