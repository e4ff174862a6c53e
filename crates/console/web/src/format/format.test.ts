import { describe, expect, it } from 'vitest';
import { formatOf } from './format';
import { dayOf, dayStart, dayText, hourOf, momentOf, monthStart, weekdayOf, yearStart } from './time';

const at = Date.parse('2026-11-20T18:05:09Z');

describe('days in Vietnam', () => {
  it('begin at midnight there, wherever the page is read', () => {
    expect(new Date(dayStart(at)).toISOString()).toBe('2026-11-20T17:00:00.000Z');
    expect(dayText(at)).toBe('2026-11-21');
    expect(dayOf('2026-11-21')).toBe(dayStart(at));
    expect(hourOf(at)).toBe(1);
    expect(weekdayOf(at)).toBe(5);
  });

  it('are read from forms, and what is none is refused', () => {
    expect(momentOf('2026-11-21T01:05')).toBe(at - 9_000);
    expect(momentOf('yesterday')).toBeNull();
    expect(dayOf('21/11/2026')).toBeNull();
  });

  it('give months and years that begin there', () => {
    const newYear = Date.parse('2026-12-31T17:30:00Z');
    expect(dayText(monthStart(newYear))).toBe('2027-01-01');
    expect(dayText(monthStart(newYear, -1))).toBe('2026-12-01');
    expect(dayText(yearStart(at))).toBe('2026-01-01');
  });
});

describe('formats', () => {
  const vi = formatOf('vi');
  const en = formatOf('en');

  it('write numbers the Vietnamese and the English way', () => {
    expect(vi.number(1_234_567)).toBe('1.234.567');
    expect(en.number(1_234_567)).toBe('1,234,567');
    expect(vi.decimal(0.5)).toBe('0,5');
  });

  it('never call certain what is only likely', () => {
    expect(vi.percent(0.9999)).toBe('99%');
    expect(vi.percent(1)).toBe('100%');
  });

  it('write moments of Vietnam', () => {
    expect(vi.time(at)).toBe('01:05:09');
    expect(vi.day(at)).toBe('21/11/2026');
    expect(vi.when(at, at + 1_000)).toBe('01:05:09');
    expect(vi.when(at, at + 86_400_000)).toBe('01:05:09 21/11/2026');
    expect(vi.longDay(at)).toMatch(/^Thứ Bảy/);
  });

  it('tell ages and lengths in two units at most', () => {
    expect(vi.ago(at, at + 125_000)).toBe('2 phút trước');
    expect(vi.ago(at + 5_000, at)).toBe('bây giờ');
    expect(vi.span(3_725_000)).toBe('1 giờ 2 phút');
    expect(vi.span(400)).toBe('0 giây');
  });
});
