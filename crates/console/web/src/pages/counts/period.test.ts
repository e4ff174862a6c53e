import { describe, expect, it } from 'vitest';
import { DAY_MS, dayOf, dayText } from '../../format/time';
import { earlier, spanOf } from './period';

const now = (dayOf('2026-11-21') ?? 0) + 9 * 3_600_000;
const days = (span: { from: number; to: number } | null) => span && [dayText(span.from), dayText(span.to - 1)];

describe('periods', () => {
  it('are whole days that end with today', () => {
    expect(days(spanOf('today', now))).toEqual(['2026-11-21', '2026-11-21']);
    expect(days(spanOf('yesterday', now))).toEqual(['2026-11-20', '2026-11-20']);
    expect(days(spanOf('week', now))).toEqual(['2026-11-15', '2026-11-21']);
    expect(days(spanOf('year', now))).toEqual(['2025-12-01', '2026-11-21']);
  });

  it('are held against as much time before', () => {
    const week = spanOf('week', now);
    expect(days(earlier(week, 'before'))).toEqual(['2026-11-08', '2026-11-14']);
    expect(days(earlier(spanOf('today', now), 'week'))).toEqual(['2026-11-14', '2026-11-14']);
    expect(days(earlier(spanOf('today', now), 'year'))).toEqual(['2025-11-21', '2025-11-21']);
    expect(earlier(week, 'none')).toBeNull();
    expect((earlier(week, 'year')?.to ?? 0) - (earlier(week, 'year')?.from ?? 0)).toBe(7 * DAY_MS);
  });
});
