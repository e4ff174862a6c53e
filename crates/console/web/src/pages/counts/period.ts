// Stretches of time that people ask for. Pure. Days are those of Vietnam.
import { DAY_MS, dayStart, monthStart } from '../../format/time';

export const PERIODS = ['today', 'yesterday', 'week', 'month', 'quarter', 'year', 'custom'] as const;
export type Period = (typeof PERIODS)[number];
export type Compare = 'none' | 'before' | 'week' | 'year';

/** From a moment to before another. */
export interface Span {
  from: number;
  to: number;
}

const DAYS = { week: 7, month: 30, quarter: 90 } as const;

export function spanOf(period: Exclude<Period, 'custom'>, now: number): Span {
  const today = dayStart(now);
  const to = today + DAY_MS;
  switch (period) {
    case 'today':
      return { from: today, to };
    case 'yesterday':
      return { from: today - DAY_MS, to: today };
    case 'year':
      return { from: monthStart(now, -11), to };
    default:
      return { from: to - DAYS[period] * DAY_MS, to };
  }
}

/** The stretch of the same length that it is held against; nothing where it is held against none. */
export function earlier(span: Span, compare: Compare): Span | null {
  const shifted = (by: number): Span => ({ from: span.from - by, to: span.to - by });
  switch (compare) {
    case 'none':
      return null;
    case 'before':
      return shifted(span.to - span.from);
    case 'week':
      return shifted(7 * DAY_MS);
    case 'year': {
      // The same day of the month; 29 February is held against 1 March.
      const by = span.from - monthStart(span.from, -12) - (span.from - monthStart(span.from));
      return shifted(by);
    }
  }
}
