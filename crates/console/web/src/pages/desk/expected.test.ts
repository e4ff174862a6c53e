import { describe, expect, it } from 'vitest';
import type { Decision, IssuedPass } from '../../api/types';
import { arrivals, expected } from './expected';

const hour = (h: number): string => new Date(Date.UTC(2026, 10, 21, h)).toISOString();
const pass = (id: string, from: number, to: number, state = 'good'): IssuedPass =>
  ({ id, not_before: hour(from), not_after: hour(to), state }) as IssuedPass;
const [from, to] = [Date.parse(hour(0)), Date.parse(hour(24))];

describe('who is expected today', () => {
  it('is whoever has a pass for some of the day, in the order of the hours', () => {
    const passes = [pass('late', 20, 30), pass('yesterday', -10, 0), pass('long', -48, 48), pass('next', 24, 30)];
    expect(expected(passes, from, to).map((one) => one.id)).toEqual(['long', 'late']);
  });

  it('is nobody whose pass was taken back', () => {
    expect(expected([pass('a', 1, 2, 'revoked')], from, to)).toEqual([]);
  });

  it('came when a lane let him in on the pass', () => {
    const decided = (h: number, verdict: string, subject: string) =>
      ({ at: hour(h), verdict, subjects: [subject] }) as Decision;
    const came = arrivals([
      decided(9, 'deny', 'pass:a'),
      decided(8, 'permit', 'pass:a'),
      decided(7, 'permit', 'holder:b'),
    ]);
    expect([...came]).toEqual([['a', Date.parse(hour(8))]]);
  });
});
