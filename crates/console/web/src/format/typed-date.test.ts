import { describe, expect, it } from 'vitest';
import { shownDate, shownDays, typedDate, typedDays } from './typed-date';

describe('days that people type', () => {
  it('are shown the Vietnamese way', () => {
    expect(shownDate('2026-11-21')).toBe('21/11/2026');
    expect(shownDate('2026-01-02T08:05')).toBe('02/01/2026 08:05');
    expect(shownDate('')).toBe('');
    expect(shownDate('soon')).toBe('');
  });

  it('are read with one sign or two, and as a form writes them', () => {
    for (const text of ['1/2/2026', '01/02/2026', '1.2.2026', '01-02-2026', '01022026', ' 2026-02-01 ']) {
      expect(typedDate(text, false), text).toBe('2026-02-01');
    }
    expect(typedDate('', false)).toBe('');
    expect(typedDate('21/11/2026', true)).toBe('2026-11-21T00:00');
    expect(typedDate('21/11/2026 8:30', true)).toBe('2026-11-21T08:30');
    expect(typedDate('211120260830', true)).toBe('2026-11-21T08:30');
    expect(typedDate('2026-11-21T08:30', true)).toBe('2026-11-21T08:30');
    expect(typedDate(shownDate('2024-02-29T23:59'), true)).toBe('2024-02-29T23:59');
  });

  it('stand in lists alone or from one to another', () => {
    for (const [kept, shown] of [
      ['2027-02-05', '05/02/2027'],
      ['2027-02-05..2027-02-11', '05/02/2027 – 11/02/2027'],
    ] as const) {
      expect(shownDays(kept)).toBe(shown);
      expect(typedDays(shown)).toBe(kept);
      expect(typedDays(kept)).toBe(kept);
    }
    expect(typedDays('5/2/2027 - 11/2/2027')).toBe('2027-02-05..2027-02-11');
    for (const other of ['Tết', '31/2/2027', '1/1/2027 – Tết', '2027-02-05..']) {
      expect(typedDays(other)).toBe(other);
      expect(shownDays(other)).toBe(other);
    }
  });

  it('are refused where there is no such day or time', () => {
    for (const text of [
      '31/2/2026',
      '29/02/2026',
      '11/21/2026',
      '1/1/26',
      '1/1/20',
      'mai',
      '21/11/2026 24:00',
      '0/1/2026',
    ]) {
      expect(typedDate(text, true), text).toBeNull();
    }
  });
});
