import { describe, expect, it } from 'vitest';
import { ACCESS } from './access';
import { ADMIN } from './admin';
import { ALERTS } from './alerts';
import { COMMISSIONING } from './commissioning';
import { COUNTS } from './counts';
import { DESK } from './desk';
import { EVENTS } from './events';
import { HOOKS } from './hooks';
import { named, WORDS, wordsOf } from './index';
import { MAP } from './map';
import { NODES } from './nodes';
import { PASSES } from './passes';
import { PLATES } from './plates';
import { RETENTION } from './retention';
import { RULES } from './rules';
import { SET_UP } from './set-up';
import { SHELL } from './shell';
import { TROUBLE } from './trouble';

const rows = Object.entries(WORDS) as [string, readonly [string, string]][];

/** The names in braces, in alphabetical order. */
const names = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((found) => found[1] ?? '').sort();

describe('the dictionary', () => {
  it('has every text in both languages', () => {
    for (const [key, pair] of rows) {
      expect(pair, key).toHaveLength(2);
      for (const text of pair) expect(text.trim(), key).not.toBe('');
    }
  });

  it('fills the same values into both languages', () => {
    for (const [key, [vi, en]] of rows) expect(names(vi), key).toEqual(names(en));
  });

  it('defines no key twice with different texts', () => {
    const seen = new Map<string, string>();
    for (const part of [
      SHELL,
      EVENTS,
      COUNTS,
      DESK,
      NODES,
      COMMISSIONING,
      ADMIN,
      ALERTS,
      ACCESS,
      PASSES,
      PLATES,
      TROUBLE,
      HOOKS,
      RULES,
      RETENTION,
      MAP,
      SET_UP,
    ]) {
      for (const [key, pair] of Object.entries(part)) {
        const text = JSON.stringify(pair);
        expect(seen.get(key) ?? text, key).toBe(text);
        seen.set(key, text);
      }
    }
  });

  it('fills values in and leaves unknown names alone', () => {
    expect(wordsOf('en')('results', { n: 3 })).toBe('3 results');
    expect(wordsOf('vi')('results', { n: 3 })).toBe('3 kết quả');
    expect(wordsOf('vi')('results', {})).toBe('{n} kết quả');
  });

  it('shows names that nobody translated as they are', () => {
    const t = wordsOf('vi');
    expect(named(t, 'kind', 'car')).toBe('Ô tô');
    expect(named(t, 'kind', 'spaceship')).toBe('spaceship');
  });
});
