import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { stepText, subjectsText, verdictSign, whoText, whyText } from '../decision.js';
import { decisionDetailOf, decisionOf } from '../shapes.js';
import { emptyState, takeUpdate } from '../state.js';
import { ALL_WORDS, wordsOf } from '../words.js';

const view = { t: wordsOf('en') };
const at = '2026-11-20T01:15:30.500000Z';
const json = (more = {}) => ({
  id: 'i', site: 's', node: 'n', seq: 1, at, lane: 'car-in', gate: 'g', number: '3.17', verdict: 'refer', reason: 'unknown-credential',
  detail: 'nobody is known by this', rule: null, guard: null, subjects: [], method: 'plate',
  plate: { event: 'e', camera: 'c', visit: 1, key: '30A12345' }, evidence: [], ...more,
});
const decision = (more) => decisionOf(json(more));

test('a decision says whom it is about: the plate, else the id, else what was shown', () => {
  assert.equal(whoText(decision(), view), '30A12345');
  assert.equal(whoText(decision({ plate: null, subjects: ['holder:lorry-1'] }), view), 'lorry-1');
  assert.equal(whoText(decision({ plate: null, method: 'citizen-card' }), view), 'Citizen card');
  assert.equal(whoText(decision({ plate: null, method: null }), view), 'Nobody named');
  const pass = 'pass:0192f1c2-0000-7000-8000-00000000ab12';
  assert.equal(subjectsText(decision({ subjects: ['holder:a', pass, 'odd'] }), view), 'a, Pass 0000ab12, odd');
});

test('a decision says why: the guard by name, the rule, the reason in words, else as the node said it', () => {
  assert.equal(whyText(decision({ guard: { name: 'Hùng', reason: 'ambulance' }, reason: 'override' }), view), 'Hùng: ambulance');
  assert.equal(whyText(decision({ reason: 'rule', rule: 'workers' }), view), 'Rule workers');
  assert.equal(whyText(decision(), view), 'Not known: in no list');
  assert.notEqual(whyText(decision(), { t: wordsOf('vi') }), whyText(decision(), view));
  assert.equal(whyText(decision({ reason: 'newer-than-this-page' }), view), 'nobody is known by this');
});

test('every verdict has a sign of its own, and every reason, check and finding its words', () => {
  assert.equal(new Set(['permit', 'deny', 'refer'].map(verdictSign)).size, 3);
  assert.equal(verdictSign('newer'), 'alert');
  const names = (file, form) => [...readFileSync(new URL(`../../../access/src/${file}`, import.meta.url), 'utf8').matchAll(form)]
    .map(([, name]) => name);
  const reasons = names('decision/reason.rs', /Self::\S.* => "([a-z-]+)",/g);
  assert.ok(reasons.length >= 28, `${reasons.length} reasons were found`);
  assert.deepEqual(reasons.filter((name) => !(`why_${name}` in ALL_WORDS)), []);
  const checks = names('decision.rs', /Self::\w+ => "([a-z-]+)",/g);
  const steps = checks.filter((name) => !['permit', 'deny', 'refer', 'rule', 'override'].includes(name) || name === 'rule');
  assert.ok(steps.length >= 17, `${steps.length} checks were found`);
  assert.deepEqual(steps.filter((name) => !(`check_${name}` in ALL_WORDS)), []);
  const step = { check: 'anti-passback', finding: 'denied', detail: 'inside since 8:00', subject: null };
  assert.deepEqual(stepText(step, view), { check: 'Already inside?', found: 'denied: inside since 8:00' });
});

test('a decision that is told live joins the list once, where the reader looks', () => {
  const state = { ...emptyState(), site: 's' };
  assert.equal(takeUpdate(state, { decision: decision() }, 0), true);
  assert.equal(takeUpdate(state, { decision: decision() }, 0), false);
  assert.equal(takeUpdate(state, { decision: decision({ id: 'j', site: 'other' }) }, 0), false);
  state.gate = 'another';
  assert.equal(takeUpdate(state, { decision: decision({ id: 'k' }) }, 0), false);
  assert.deepEqual(state.decisions.rows.map((row) => row.id), ['i']);
});

test('a decision shows the plate that led to it, and hears of its picture', () => {
  const medium = (role) => ({ role, sha256: role, media_type: 'image/jpeg', bytes: 1, url: '/', stored: false });
  const row = decision({ evidence: [medium('crop'), medium('plate')] });
  assert.deepEqual([row.picture.role, row.picture.isStored], ['plate', false]);
  const state = { ...emptyState(), site: 's' };
  takeUpdate(state, { decision: row }, 0);
  assert.equal(takeUpdate(state, { stored: 'plate' }, 0), true);
  assert.equal(state.decisions.rows[0].picture.isStored, true);
  const trail = [{ subject: null, check: 'lane', finding: 'held', detail: '' }];
  assert.deepEqual(decisionDetailOf({ ...json(), trail }), { id: 'i', trail });
});
