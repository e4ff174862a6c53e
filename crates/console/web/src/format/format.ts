// Numbers and times the way people in Vietnam write them.
import type { Language } from '../words';
import { DAY_MS, dayStart, HOUR_MS, MINUTE_MS, ZONE } from './time';

const LOCALES: Record<Language, string> = { vi: 'vi-VN', en: 'en-GB' };
const AGES = [
  ['day', DAY_MS],
  ['hour', HOUR_MS],
  ['minute', MINUTE_MS],
  ['second', 1_000],
] as const;

export interface Format {
  number(n: number): string;
  /** With one decimal, or as many as are wanted. */
  decimal(n: number, digits?: number): string;
  /** A share; never "100 %" for what is merely very likely. */
  percent(share: number): string;
  /** A relative change with its sign. */
  change(share: number): string;
  seconds(ms: number): string;
  time(ms: number): string;
  minute(ms: number): string;
  day(ms: number): string;
  dayShort(ms: number): string;
  longDay(ms: number): string;
  month(ms: number): string;
  year(ms: number): string;
  weekday(ms: number): string;
  /** Day and time. */
  moment(ms: number): string;
  /** The time alone if it is of today, else with its day. */
  when(ms: number, now: number): string;
  /** How long ago, in the largest unit that fits. A moment in the future counts as now. */
  ago(ms: number, now: number): string;
  /** A length of time, such as "2 giờ 5 phút". */
  span(ms: number): string;
}

/** Formatters in one language. */
export function formatOf(language: Language): Format {
  const locale = LOCALES[language];
  const moment = (options: Intl.DateTimeFormatOptions): ((ms: number) => string) => {
    const format = new Intl.DateTimeFormat(locale, { timeZone: ZONE, hourCycle: 'h23', ...options });
    return (ms) => format.format(ms);
  };
  const number = new Intl.NumberFormat(locale);
  const decimals = (digits: number) =>
    new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const decimal = decimals(1);
  const percent = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 0 });
  const change = new Intl.NumberFormat(locale, {
    style: 'percent',
    maximumFractionDigits: 1,
    signDisplay: 'exceptZero',
  });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
  const unit = (name: string): Intl.NumberFormat =>
    new Intl.NumberFormat(locale, { style: 'unit', unit: name, unitDisplay: language === 'vi' ? 'long' : 'short' });
  const units = { day: unit('day'), hour: unit('hour'), minute: unit('minute'), second: unit('second') };
  const time = moment({ hour: '2-digit', minute: '2-digit', second: '2-digit' });
  const minute = moment({ hour: '2-digit', minute: '2-digit' });
  const day = moment({ day: '2-digit', month: '2-digit', year: 'numeric' });
  const longDay = moment({ weekday: 'long', day: '2-digit', month: '2-digit', year: 'numeric' });
  const whole = (ms: number): string => `${time(ms)} ${day(ms)}`;
  return {
    number: (n) => number.format(n),
    decimal: (n, digits = 1) => (digits === 1 ? decimal : decimals(digits)).format(n),
    percent: (share) => percent.format(share < 1 ? Math.min(share, 0.99) : 1),
    change: (share) => change.format(share),
    seconds: (ms) => decimal.format(ms / 1_000),
    time,
    minute,
    day,
    dayShort: moment({ day: '2-digit', month: '2-digit' }),
    longDay: (ms) => upperFirst(longDay(ms), locale),
    month: moment({ month: '2-digit', year: 'numeric' }),
    year: moment({ year: 'numeric' }),
    weekday: moment({ weekday: 'short' }),
    moment: whole,
    when: (ms, now) => (dayStart(ms) === dayStart(now) ? time(ms) : whole(ms)),
    ago: (ms, now) => {
      const age = Math.max(0, now - ms);
      const [name, length] = AGES.find(([, step]) => age >= step) ?? AGES[3];
      return relative.format(-Math.floor(age / length), name);
    },
    span: (ms) => {
      const first = AGES.findIndex(([, step]) => ms >= step);
      if (first === -1) return units.second.format(0);
      let rest = ms;
      const parts: string[] = [];
      for (const [name, step] of AGES.slice(first, first + 2)) {
        const n = Math.floor(rest / step);
        rest -= n * step;
        if (n > 0) parts.push(units[name].format(n));
      }
      return parts.join(' ');
    },
  };
}

function upperFirst(text: string, locale: string): string {
  return text.charAt(0).toLocaleUpperCase(locale) + text.slice(1);
}
