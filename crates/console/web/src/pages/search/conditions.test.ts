import { describe, expect, it } from 'vitest';
import { NO_CONDITIONS, searchOf } from './conditions';

describe('a search for plates', () => {
  it('asks for nothing but what was entered', () => {
    expect(searchOf(NO_CONDITIONS, undefined, 'case 12')).toEqual({ purpose: 'case 12' });
    const entered = { ...NO_CONDITIONS, class: 'bus', list: 'xe mất cắp', verdict: 'deny', colour: 'red' };
    expect(searchOf(entered, 'port', 'case 12')).toEqual({
      purpose: 'case 12',
      site: 'port',
      class: 'bus',
      list: 'xe mất cắp',
      verdict: 'deny',
      colour: 'red',
    });
  });

  it('looks for what is alike only where a plate is given whole', () => {
    const like = { ...NO_CONDITIONS, like: true };
    expect(searchOf(like, undefined, 'p')).toEqual({ purpose: 'p' });
    expect(searchOf({ ...like, key: ' 30A12345 ' }, undefined, 'p')).toEqual({
      purpose: 'p',
      key: '30A12345',
      like: true,
    });
    expect(searchOf({ ...like, key: '30A1234?' }, undefined, 'p')).toEqual({ purpose: 'p', key: '30A1234?' });
  });

  it('takes times as they are in Vietnam', () => {
    const entered = { ...NO_CONDITIONS, from: '2026-11-22T07:00', to: '' };
    expect(searchOf(entered, undefined, 'p')).toEqual({ purpose: 'p', from: '2026-11-22T00:00:00.000Z' });
  });
});
