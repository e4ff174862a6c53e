import assert from 'node:assert/strict';
import { test } from 'node:test';

import { emptyState } from '../state.js';
import { troublesOf } from '../trouble.js';
import { ALL_WORDS } from '../words.js';

const alarm = (kind, more = {}) => ({ node: 'n', site: 's', kind, detail: '', lastAt: 1, count: 1, closedAt: null, ...more });
const camera = (state, at = 1) => ({ node: 'n', camera: 'c', state, reason: 'why', at });
const node = (more = {}) => ({ site: 's', node: 'n', state: 'online', stateAt: 1, clock: null, seenAt: 1, cameras: [], ...more });
const found = (more) => troublesOf({ ...emptyState(), site: 's', ...more });
const titles = (more) => found(more).map((trouble) => trouble.title);

test('a site without trouble is quiet', () => {
  const calm = node({ clock: { source: 'media', offsetMs: 0 }, cameras: [camera('up'), camera('ended')] });
  assert.deepEqual(found({ nodes: [calm], alarms: [alarm('gap', { closedAt: 2 })] }), []);
});

test('alarms of this site and of strangers are shown, those of other sites are not', () => {
  const alarms = [alarm('gap'), alarm('unknown_node', { site: null, node: 'x' }), alarm('fork', { site: 'other' })];
  assert.deepEqual(titles({ alarms }).sort(), ['trouble_gap', 'trouble_unknown_node']);
});

test('what makes counts wrong comes first, then the newest', () => {
  const alarms = [alarm('gap', { lastAt: 9 }), alarm('fork', { lastAt: 1 }), alarm('unreadable', { lastAt: 99 })];
  assert.deepEqual(titles({ alarms }), ['trouble_fork', 'trouble_unreadable', 'trouble_gap']);
});

test('a kind that this page does not know is shown all the same', () => {
  const [trouble] = found({ alarms: [alarm('from_the_future', { detail: 'in words' })] });
  assert.deepEqual([trouble.title, trouble.detail], ['trouble_other', 'in words']);
});

test('a camera is judged once, by the newest word on it', () => {
  const gate = { site: 's', gate: 'g', cameras: [camera('down', 1)] };
  assert.deepEqual(titles({ gates: [gate], nodes: [node({ cameras: [camera('up', 2)] })] }), []);
  assert.deepEqual(titles({ gates: [gate], nodes: [node({ cameras: [camera('failed', 2)] })] }), ['trouble_camera_failed']);
  assert.deepEqual(titles({ gates: [{ ...gate, site: 'other' }] }), []);
});

test('a node that is away or whose clock drifts is shown', () => {
  assert.deepEqual(titles({ nodes: [node({ state: 'offline' })] }), ['trouble_node_offline']);
  assert.deepEqual(titles({ nodes: [node({ clock: { source: 'unsynchronised', offsetMs: 0 } })] }), ['trouble_clock']);
  assert.deepEqual(titles({ nodes: [node({ clock: { source: 'synchronised', offsetMs: -6000 } })] }), ['trouble_clock']);
});

test('every trouble has its texts', () => {
  const kinds = ['gap', 'fork', 'id_reused', 'broken_chain', 'bad_signature', 'unknown_node', 'misplaced', 'unreadable',
    'bad_number', 'unstorable', 'revoked', 'clock'];
  const nodes = [node({ state: 'offline', clock: { source: 'unsynchronised', offsetMs: 0 } })];
  const gates = [{ site: 's', gate: 'g', cameras: [camera('down'), { ...camera('failed'), camera: 'd' }] }];
  const all = found({ alarms: kinds.map((kind) => alarm(kind)), nodes, gates });
  assert.equal(all.length, kinds.length + 4);
  for (const { title, help } of all) {
    assert.ok(title in ALL_WORDS, title);
    assert.ok(help === null || help in ALL_WORDS, help);
  }
  assert.ok(all.every((trouble) => trouble.title !== 'trouble_other'));
});
