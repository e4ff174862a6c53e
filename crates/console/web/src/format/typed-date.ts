// Days and moments as people in Vietnam write them, `21/11/2026` and `21/11/2026 08:30`, and as forms hand them on.
import { dayOf, dayText } from './time';

const DAY = /^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?:[ ,]+(\d{1,2}):(\d{2}))?$/;
/** Without anything between, as a keypad of digits alone gives it. */
const DIGITS = /^(\d{2})(\d{2})(\d{4})(?:(\d{2})(\d{2}))?$/;
const ISO = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2}))?$/;

/** What a field shows for `2026-11-21` or `2026-11-21T08:30`. */
export function shownDate(value: string): string {
  const [, year, month, day, hour, minute] = ISO.exec(value) ?? [];
  if (!year) return '';
  return `${day}/${month}/${year}${hour ? ` ${hour}:${minute}` : ''}`;
}

/** What somebody typed, as forms hand it on; nothing where there is no such day or time. A day alone begins at midnight. */
export function typedDate(text: string, hasTime: boolean): string | null {
  const wanted = text.trim();
  if (wanted === '') return '';
  let [, year, month, day, hour = '00', minute = '00'] = ISO.exec(wanted) ?? [];
  if (!year) [, day, month, year, hour = '00', minute = '00'] = DAY.exec(wanted) ?? DIGITS.exec(wanted) ?? [];
  if (!year || !month || !day) return null;
  const date = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
  const begins = dayOf(date);
  // A day that a month does not have would count on into the next one.
  if (begins === null || dayText(begins) !== date || Number(hour) > 23 || Number(minute) > 59) return null;
  return hasTime ? `${date}T${hour.padStart(2, '0')}:${minute}` : date;
}

/** What stands between the first and the last of several days: as a policy writes it, and as people do. */
const TO = /^(.+?)(?:\.\.|\s+[–-]\s+|\s*–\s*)(.+)$/;

/** How a list shows `2027-02-05` or `2027-02-05..2027-02-11`; anything else as it is. */
export function shownDays(entry: string): string {
  const [, first, last] = TO.exec(entry) ?? [];
  if (first && last) return shownDate(first) && shownDate(last) ? `${shownDate(first)} – ${shownDate(last)}` : entry;
  return shownDate(entry) || entry;
}

/** The way back. What is neither a day nor several stays as it was typed, and the hub says what is wrong with it. */
export function typedDays(text: string): string {
  const [, first, last] = TO.exec(text.trim()) ?? [];
  if (first && last) {
    const days = [typedDate(first, false), typedDate(last, false)];
    return days.every(Boolean) ? days.join('..') : text;
  }
  return typedDate(text, false) ?? text;
}
