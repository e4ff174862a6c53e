import { describe, expect, it } from 'vitest';
import type { Decision } from '../../api/types';
import type { Entry } from '../../live/feed';
import { laneName, lanesOf, refusedOf, waitingOf } from './queue';

const now = Date.parse('2026-11-21T08:00:00Z');
const decided = (secondsAgo: number, key: string, verdict: string, lane = 'in'): Decision =>
  ({
    id: `${secondsAgo} ${key}`,
    at: new Date(now - secondsAgo * 1_000).toISOString(),
    node: 'n1',
    number: `1.${secondsAgo}`,
    lane,
    verdict,
    plate: { key },
    subjects: [],
  }) as unknown as Decision;

describe('who waits for the guard', () => {
  it('is whoever was referred and not decided about since', () => {
    const waiting = waitingOf([decided(5, 'A', 'permit'), decided(9, 'B', 'refer'), decided(20, 'A', 'refer')], now);
    expect(waiting.map((one) => one.plate?.key)).toEqual(['B']);
  });

  it('is there once, by the newest look', () => {
    expect(waitingOf([decided(5, 'A', 'refer'), decided(9, 'A', 'refer')], now)).toHaveLength(1);
  });

  it('waits at one lane only and not for ever', () => {
    expect(waitingOf([decided(5, 'A', 'permit', 'out'), decided(9, 'A', 'refer', 'in')], now)).toHaveLength(1);
    expect(waitingOf([decided(601, 'A', 'refer')], now)).toHaveLength(0);
  });

  it('waits no more once a guard refused', () => {
    const refusal = { change: 'ordered', cause: 'refuse', node: 'n1', lane: 'in', site: 's', decision: '1.9' };
    const feed = [{ kind: 'lane', id: 'x', at: now, what: refusal }] as unknown as Entry[];
    const decisions = [decided(9, 'A', 'refer'), decided(12, 'B', 'refer')];
    const waiting = waitingOf(decisions, now, refusedOf(feed));
    expect(waiting.map((one) => one.plate?.key)).toEqual(['B']);
  });
});

describe('the lanes of a desk', () => {
  const lane = (node: string, name: string, site = 's') => ({ site, node, lane: name }) as never;

  it('are those that the hub knows and those that just told something, each once', () => {
    const feed = [{ kind: 'decision', id: 'x', at: now, what: lane('n1', 'out') }] as unknown as Entry[];
    const known = [lane('n1', 'in'), lane('n1', 'out'), lane('n2', 'in', 'other')];
    expect(lanesOf(known, feed, 's').map((one) => one.lane)).toEqual(['in', 'out']);
    expect(lanesOf(undefined, feed, undefined)).toHaveLength(1);
  });

  it('are told apart by their nodes where two have the same name', () => {
    const all = lanesOf([lane('n1', 'in'), lane('n2', 'in'), lane('n2', 'out')], [], undefined);
    expect(all.map((one) => laneName(one, all))).toEqual(['in (n1)', 'in (n2)', 'out']);
  });
});
