import { describe, expect, it } from 'vitest';
import type { Decision } from '../../api/types';
import { waitingOf } from './queue';

const now = Date.parse('2026-11-21T08:00:00Z');
const decided = (secondsAgo: number, key: string, verdict: string, lane = 'in'): Decision =>
  ({
    id: `${secondsAgo} ${key}`,
    at: new Date(now - secondsAgo * 1_000).toISOString(),
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
});
