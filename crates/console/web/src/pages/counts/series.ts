// Rows of counts as series of a chart, and what can be said of them. Pure.
import type { CountAccuracy, CountsRow } from '../../api/types';
import { DAY_MS, dayStart, HOUR_MS, hourOf, MINUTE_MS, monthStart, weekdayOf, yearStart } from '../../format/time';

export type Step = 'minute' | 'quarter' | 'hour' | 'day' | 'month' | 'year';
export const STEPS: readonly Step[] = ['minute', 'quarter', 'hour', 'day', 'month', 'year'];

/** Most stretches that the hub gives at once. */
export const STRETCHES_MAX = 3_000;

const LENGTHS: Record<'minute' | 'quarter' | 'hour' | 'day', number> = {
  minute: MINUTE_MS,
  quarter: 15 * MINUTE_MS,
  hour: HOUR_MS,
  day: DAY_MS,
};

/** The stretches that the hub counts in, for such steps. */
export function bucketOf(step: Step): 'minute' | 'hour' | 'day' {
  return step === 'minute' || step === 'quarter' ? 'minute' : step === 'hour' ? 'hour' : 'day';
}

/** The finest step that the hub answers for such a length of time, no finer than the one that is wanted. */
export function stepFor(wanted: Step, lengthMs: number): Step {
  const from = STEPS.indexOf(wanted);
  const fits = (step: Step): boolean => lengthMs / LENGTHS[bucketOf(step)] <= STRETCHES_MAX;
  return STEPS.slice(from).find(fits) ?? 'year';
}

/** The begin of the stretch in which a moment lies. */
export function stretchOf(ms: number, step: Step): number {
  if (step === 'month') return monthStart(ms);
  if (step === 'year') return yearStart(ms);
  const day = dayStart(ms);
  return day + Math.floor((ms - day) / LENGTHS[step]) * LENGTHS[step];
}

/** Begins of all stretches from `from` to before `to`. */
export function startsOf(from: number, to: number, step: Step): number[] {
  const starts: number[] = [];
  let start = stretchOf(from, step);
  while (start < to) {
    starts.push(start);
    if (step === 'month') start = monthStart(start, 1);
    else if (step === 'year') start = monthStart(start, 12);
    else start += LENGTHS[step];
  }
  return starts;
}

/** The counts of each stretch; one without passages is 0. `lengthMs` is the length where all are equal, else 0. */
export function seriesOf(
  rows: readonly CountsRow[],
  starts: readonly number[],
  lengthMs: number,
  direction: 'in' | 'out',
): number[] {
  const values = starts.map(() => 0);
  const first = starts[0];
  if (first === undefined) return values;
  for (const row of rows) {
    const at = Date.parse(row.start);
    const place = lengthMs > 0 ? Math.floor((at - first) / lengthMs) : placeOf(starts, at);
    const value = values[place];
    if (value !== undefined) values[place] = value + row[direction];
  }
  return values;
}

/** The place of the last start at or before a moment; -1 where it is before all. */
function placeOf(starts: readonly number[], at: number): number {
  let [low, high] = [0, starts.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((starts[middle] ?? Number.POSITIVE_INFINITY) <= at) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

export function lengthOf(step: Step): number {
  return step === 'month' || step === 'year' ? 0 : LENGTHS[step];
}

export function totalOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** The largest value and its place; nothing where all are 0. */
export function peakOf(values: readonly number[]): { place: number; value: number } | null {
  let best: { place: number; value: number } | null = null;
  values.forEach((value, place) => {
    if (value > (best?.value ?? 0)) best = { place, value };
  });
  return best;
}

/** Mean passages of each weekday (Monday first) and hour: `[weekday][hour]`. Days without a passage count too. */
export function heatOf(rows: readonly CountsRow[], from: number, to: number): number[][] {
  const sums = Array.from({ length: 7 }, () => Array.from({ length: 24 }, () => 0));
  const days = Array.from({ length: 7 }, () => 0);
  for (let day = dayStart(from); day < to; day += DAY_MS) {
    const weekday = weekdayOf(day);
    days[weekday] = (days[weekday] ?? 0) + 1;
  }
  for (const row of rows) {
    const at = Date.parse(row.start);
    const line = sums[weekdayOf(at)];
    const hour = hourOf(at);
    if (line?.[hour] !== undefined) line[hour] += row.in + row.out;
  }
  return sums.map((line, weekday) => line.map((sum) => sum / Math.max(1, days[weekday] ?? 1)));
}

/**
 * Between what the truth of each count lies, by what hours counted by hand say: C / (1 + high) to C / (1 + low).
 * Nothing where no interval is known.
 */
export function bandOf(
  values: readonly number[],
  trust: Pick<CountAccuracy, 'low' | 'high'> | undefined,
): { least: number[]; most: number[] } | null {
  const { low, high } = trust ?? {};
  if (low == null || high == null || low <= -1) return null;
  return { least: values.map((value) => value / (1 + high)), most: values.map((value) => value / (1 + low)) };
}

/** Text of a file of comma-separated values, by RFC 4180. Cells that a spreadsheet would run as formulas are disarmed. */
export function csvOf(rows: readonly (readonly (string | number)[])[]): string {
  const cell = (value: string | number): string => {
    const text = typeof value === 'string' && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return rows.map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}
