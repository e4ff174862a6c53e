import { webcrypto } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import type { Decision, Lane, Order } from '../../api/types';
import type { Entry } from '../../live/feed';
import { answerable, confirmation, hindrance, isGrave, orderKey, progress, standing, wanted } from './orders';
import { waitingOf } from './queue';

// Node.js 18 has no global of this name yet; browsers do.
if (globalThis.crypto === undefined) vi.stubGlobal('crypto', webcrypto);

const now = Date.parse('2026-11-21T08:00:00Z');
const ago = (seconds: number): string => new Date(now - seconds * 1_000).toISOString();
const place = { site: 's', node: 'n1', lane: 'in' };

const referral = (seconds: number, number: string, more: Partial<Decision> = {}): Decision =>
  ({ id: number, number, at: ago(seconds), verdict: 'refer', subjects: [number], ...place, ...more }) as Decision;

const happened = (seconds: number, change: string, more: object = {}): Entry => ({
  kind: 'lane',
  id: `${seconds} ${change}`,
  at: Date.parse(ago(seconds)),
  what: { change, cause: '', detail: '', at: ago(seconds), ...place, ...more } as never,
});

const order = (more: Partial<Order> = {}): Order =>
  ({ ...place, by: 'Lan', reason: 'khách', action: 'open', state: 'given', issued_at: ago(10), ...more }) as Order;

describe('what an order answers', () => {
  it('is the newest referral of the lane while it waits and its node takes the answer', () => {
    const decisions = [referral(20, '1.3', { lane: 'out' }), referral(30, '1.2'), referral(60, '1.1')];
    const waiting = waitingOf(decisions, now);
    expect(answerable(decisions, place, waiting, now)?.number).toBe('1.2');
    // An older one is not what the node waits with, whoever else is still there.
    const onlyOlder = waiting.filter((one) => one.number === '1.1');
    expect(answerable(decisions, place, onlyOlder, now)).toBeNull();
    expect(answerable([referral(121, '1.2')], place, [], now)).toBeNull();
    const late = referral(121, '1.2');
    expect(answerable([late], place, [late], now)).toBeNull();
  });

  it('makes opening a permit, and refusing nothing without it', () => {
    const referred = referral(5, '1.2');
    expect(wanted('open', place, 'x', referred)).toMatchObject({ action: 'permit', answers: '1.2', lane: 'in' });
    expect(wanted('open', place, 'x', null)).not.toHaveProperty('answers');
    expect(wanted('open', place, 'x', null)).toMatchObject({ node: 'n1', lane: 'in', reason: 'x', action: 'open' });
    expect(wanted('refuse', place, 'x', referred)).toMatchObject({ action: 'refuse', answers: '1.2' });
    expect(wanted('lock_down', place, 'x', referred)).not.toHaveProperty('answers');
  });

  it('is asked twice where it shuts everybody out or lets everybody in', () => {
    expect((['lock_down', 'release', 'hold'] as const).every(isGrave)).toBe(true);
    expect((['open', 'refuse', 'help', 'close'] as const).some(isGrave)).toBe(false);
  });

  it('has a name of its own', () => {
    expect(orderKey()).toMatch(/^[0-9a-f]{32}$/);
    expect(orderKey()).not.toBe(orderKey());
  });
});

describe('what became of an order', () => {
  const ours = { guard: { name: 'Lan', reason: 'khách' } };

  it('is confirmed by the event that names its guard and reason, at its lane, after it was given', () => {
    expect(confirmation([happened(8, 'opened', ours)], order())?.change).toBe('opened');
    for (const other of [
      happened(8, 'ordered', ours),
      happened(8, 'opened', { guard: { name: 'Mai', reason: 'khách' } }),
      happened(8, 'opened', { ...ours, lane: 'out' }),
      happened(8, 'opened', { ...ours, node: 'n2' }),
      happened(60, 'opened', ours),
      happened(8, 'opened'),
    ]) {
      expect(confirmation([other], order())).toBeNull();
    }
  });

  it('is confirmed by the decision that it became, and at any lane where it was for all', () => {
    const permit = order({ action: 'permit', decision: '1.4' });
    expect(confirmation([happened(8, 'opened', { decision: '1.4' })], permit)?.change).toBe('opened');
    expect(confirmation([happened(8, 'locked_down', { ...ours, lane: 'out' })], order({ lane: null }))).not.toBeNull();
  });

  it('never calls good what nobody knows', () => {
    expect(progress(order({ state: 'silent' }), null)).toEqual({ tone: 'warn', word: 'silent' });
    expect(progress(order({ state: 'not_given' }), null)).toEqual({ tone: 'bad', word: 'not_given' });
    expect(progress(order(), null)).toEqual({ tone: 'info', word: 'given' });
    const failed = confirmation([happened(8, 'failed', ours)], order());
    expect(progress(order(), failed)).toEqual({ tone: 'bad', word: 'failed' });
    // What the barrier tells counts more than that its node said nothing in time.
    const opened = confirmation([happened(8, 'opened', ours)], order({ state: 'silent' }));
    expect(progress(order({ state: 'silent' }), opened).word).toBe('confirmed');
  });
});

describe('how a lane stands', () => {
  const known = { ...place, locked_down: true, held: false, fire: false, contact: 'closed' } as Lane;

  it('is what the hub knew and what happened since', () => {
    expect(standing([], place, known)).toEqual({ isLocked: true, isHeld: false, isBurning: false, contact: 'closed' });
    const feed = [happened(1, 'seen_open'), happened(2, 'held'), happened(3, 'lock_down_ended')];
    expect(standing(feed, place, known)).toMatchObject({ isLocked: false, isHeld: true, contact: 'open' });
    expect(standing([happened(1, 'locked_down', { lane: 'out' })], place, undefined).isLocked).toBe(false);
    expect(standing([happened(1, 'closed'), happened(2, 'held')], place, undefined).isHeld).toBe(false);
  });

  it('takes no orders without the hub or the node, and says since when', () => {
    const online = { status: { state: 'online', received_at: ago(5) } };
    expect(hindrance('live', now, online)).toBeNull();
    expect(hindrance('offline', now - 1, online)).toEqual({ why: 'link', since: now - 1 });
    expect(hindrance('reconnecting', null, online)).toEqual({ why: 'link', since: null });
    const gone = { status: { state: 'offline', received_at: ago(5) } };
    expect(hindrance('live', now, gone)).toEqual({ why: 'node', since: now - 5_000 });
    expect(hindrance('live', now, undefined)?.why).toBe('node_unknown');
  });
});
