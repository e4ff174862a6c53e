import assert from 'node:assert/strict';
import { test } from 'node:test';

import { OFFLINE_AFTER_MS, linkState, retryPause } from '../link.js';

const base = { isStreaming: false, hasNetwork: true, heardAt: 1000, startedAt: 0, now: 2000 };

test('figures are called live only while updates come in', () => {
  assert.equal(linkState({ ...base, isStreaming: true }), 'live');
  assert.equal(linkState(base), 'reconnecting');
  assert.equal(linkState({ ...base, now: 1001 + OFFLINE_AFTER_MS }), 'offline');
  assert.equal(linkState({ ...base, hasNetwork: false }), 'offline');
});

test('a page that never heard anything connects first and is offline later', () => {
  assert.equal(linkState({ ...base, heardAt: null }), 'connecting');
  assert.equal(linkState({ ...base, heardAt: null, now: 1 + OFFLINE_AFTER_MS }), 'offline');
});

test('pauses grow, stay below their limit and differ between pages', () => {
  assert.ok(retryPause(0, 0) < retryPause(3, 0));
  assert.equal(retryPause(1000, 1), 37_500);
  assert.notEqual(retryPause(2, 0), retryPause(2, 1));
});
