import assert from 'node:assert/strict';
import { test } from 'node:test';

import { formFor, isByItself, keepSession, may, passwordFault, refusalOf, sessionOver, touched } from '../session.js';

const session = { duties: [], permissions: ['figures.read', 'events.read'] };

test('the form is the one that stands between the reader and the board', () => {
  assert.equal(formFor({ session: null, setupNeeded: true }), 'setup');
  assert.equal(formFor({ session: null, setupNeeded: false }), 'sign_in');
  assert.equal(formFor({ session: { duties: ['password', 'totp'], permissions: [] }, setupNeeded: false }), 'password');
  assert.equal(formFor({ session: { duties: ['totp'], permissions: [] }, setupNeeded: false }), 'totp');
  assert.equal(formFor({ session: { duties: [], permissions: ['audit_log.read'] }, setupNeeded: false }), 'nothing');
  assert.equal(formFor({ session, setupNeeded: false }), null);
});

test('a reader may what the session says and nothing before there is one', () => {
  keepSession(null, () => {});
  assert.equal(may('figures.read'), false);
  let ended = 0;
  keepSession(session, () => { ended += 1; });
  assert.deepEqual([may('figures.read'), may('plates.read')], [true, false]);
  sessionOver();
  assert.equal(ended, 1);
});

test('what the page asks without a hand on it, it asks by itself', () => {
  touched();
  assert.equal(isByItself(Date.now() + 59_000), false);
  assert.equal(isByItself(Date.now() + 61_000), true);
});

test('a refusal has the name of its kind, or its status where it has none', () => {
  const problem = { type: 'urn:gatehouse:problem:locked', status: 401, detail: 'too many', retry_after_s: 90 };
  const refusal = refusalOf(401, problem);
  assert.deepEqual([refusal.kind, refusal.message, refusal.waitS], ['locked', 'too many', 90]);
  assert.equal(refusalOf(400, { type: 'about:blank', detail: 'x' }).kind, '400');
  assert.equal(refusalOf(502, null).kind, '502');
});

test('a new password is long and typed twice alike', () => {
  assert.equal(passwordFault('ngắn quá', 'ngắn quá'), 'entry_short');
  assert.equal(passwordFault('con bò vàng gặm cỏ', 'con bò vàng gặm co'), 'entry_differs');
  assert.equal(passwordFault('con bò vàng gặm cỏ', 'con bò vàng gặm cỏ'), null);
});
