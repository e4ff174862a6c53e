import { describe, expect, it } from 'vitest';
import type { CountsRow } from '../../api/types';
import { dayOf, HOUR_MS } from '../../format/time';
import { bandOf, csvOf, heatOf, peakOf, seriesOf, startsOf, stepFor, stretchOf } from './series';

const day = dayOf('2026-11-16') ?? 0; // a Monday
const row = (ms: number, entered: number, left = 0): CountsRow =>
  ({ start: new Date(ms).toISOString(), group: 'person', in: entered, out: left }) as CountsRow;

describe('series of counts', () => {
  it('have a value for each stretch, also where nothing passed', () => {
    const starts = startsOf(day, day + 4 * HOUR_MS, 'hour');
    expect(
      seriesOf([row(day + HOUR_MS, 3), row(day + HOUR_MS, 2), row(day + 3 * HOUR_MS, 1)], starts, HOUR_MS, 'in'),
    ).toEqual([0, 5, 0, 1]);
  });

  it('add minutes up to quarters and days up to months', () => {
    const quarters = startsOf(day, day + HOUR_MS, 'quarter');
    const minutes = [row(day + 60_000, 1), row(day + 14 * 60_000, 1), row(day + 15 * 60_000, 1)];
    expect(seriesOf(minutes, quarters, 15 * 60_000, 'in')).toEqual([2, 1, 0, 0]);
    const months = startsOf(dayOf('2026-10-05') ?? 0, dayOf('2026-12-02') ?? 0, 'month');
    expect(months).toHaveLength(3);
    expect(seriesOf([row(day, 4)], months, 0, 'in')).toEqual([0, 4, 0]);
  });

  it('leave out what lies before the first stretch', () => {
    expect(seriesOf([row(day - HOUR_MS, 9)], startsOf(day, day + HOUR_MS, 'hour'), HOUR_MS, 'in')).toEqual([0]);
  });

  it('are never finer than the hub answers', () => {
    expect(stepFor('minute', 24 * HOUR_MS)).toBe('minute');
    expect(stepFor('minute', 30 * 24 * HOUR_MS)).toBe('hour');
    expect(stepFor('hour', 365 * 24 * HOUR_MS)).toBe('day');
    expect(stretchOf(day + 100, 'year')).toBe(dayOf('2026-01-01'));
  });

  it('name their peak, and none where nothing passed', () => {
    expect(peakOf([0, 4, 2])).toEqual({ place: 1, value: 4 });
    expect(peakOf([0, 0])).toBeNull();
  });
});

describe('hours and weekdays', () => {
  it('are means over all such days', () => {
    const rows = [row(day + 8 * HOUR_MS, 10, 2), row(day + 7 * 24 * HOUR_MS + 8 * HOUR_MS, 6)];
    const heat = heatOf(rows, day, day + 14 * 24 * HOUR_MS);
    expect(heat[0]?.[8]).toBe(9);
    expect(heat[1]?.[8]).toBe(0);
  });
});

describe('the band of trust', () => {
  it('divides by one and the error', () => {
    const band = bandOf([110], { low: -0.1, high: 0.1 });
    expect(band?.least[0]).toBeCloseTo(100);
    expect(band?.most[0]).toBeCloseTo(122.2, 1);
    expect(bandOf([110], { low: null, high: null })).toBeNull();
    expect(bandOf([110], undefined)).toBeNull();
  });
});

describe('exported tables', () => {
  it('quote what needs it and disarm formulas', () => {
    expect(csvOf([['a,b', '=1+1', 'say "hi"', -3]])).toBe('"a,b",\'=1+1,"say ""hi""",-3\r\n');
  });
});
