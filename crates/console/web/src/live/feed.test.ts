import { describe, expect, it } from 'vitest';
import type { Evidence, Passage } from '../api/types';
import { arrived, type Entry, entryOf, evidenceOf, merged } from './feed';

function passage(second: number, evidence: Evidence[] = []): Entry {
  return entryOf.passage({
    id: `id-${second}`,
    at: new Date(second * 1_000).toISOString(),
    gate: 'main-gate',
    evidence,
  } as unknown as Passage);
}

const seconds = (list: readonly Entry[]): number[] => list.map((entry) => entry.at / 1_000);

describe('the feed', () => {
  it('keeps the newest first, whatever the order in which events come', () => {
    const list = merged(merged([], [passage(3), passage(5)]), [passage(4), passage(9), passage(1)]);
    expect(seconds(list)).toEqual([9, 5, 4, 3, 1]);
  });

  it('has an event once, in its newest form', () => {
    const newer = { ...passage(3), at: 7_000 } as Entry;
    expect(seconds(merged([passage(5), passage(3)], [newer]))).toEqual([7, 5]);
  });

  it('forgets the oldest beyond its limit', () => {
    let list: readonly Entry[] = [];
    for (let second = 0; second < 5_000; second += 1) list = merged(list, [passage(second)], 100);
    expect(list).toHaveLength(100);
    expect(seconds(list).at(-1)).toBe(4_900);
  });

  it('marks media as arrived, and leaves alone what has none of them', () => {
    const medium = { sha256: 'aa', stored: false } as Evidence;
    const list = merged([], [passage(2, [medium]), passage(1)]);
    const after = arrived(list, new Set(['aa']));
    expect(after[0] && evidenceOf(after[0])[0]?.stored).toBe(true);
    expect(after[1]).toBe(list[1]);
    expect(arrived(after, new Set(['aa']))).toBe(after);
  });
});
