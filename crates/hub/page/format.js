// Numbers and times the way people here write them. Times are always those of Asia/Ho_Chi_Minh, wherever the page is read.

import { dayStart } from './day.js';

const ZONE = 'Asia/Ho_Chi_Minh';
const LOCALES = { vi: 'vi-VN', en: 'en-GB' };
const AGE_STEPS = [['day', 86_400_000], ['hour', 3_600_000], ['minute', 60_000], ['second', 1000]];

/** Formatters in one language. Moments are milliseconds since 1970. */
export function formatOf(language) {
  const locale = LOCALES[language] ?? LOCALES.vi;
  const moment = (options) => {
    const format = new Intl.DateTimeFormat(locale, { timeZone: ZONE, hourCycle: 'h23', ...options });
    return (ms) => format.format(ms);
  };
  const number = new Intl.NumberFormat(locale);
  const percent = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 0 });
  const error = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1, signDisplay: 'exceptZero' });
  const seconds = new Intl.NumberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
  const time = moment({ hour: '2-digit', minute: '2-digit', second: '2-digit' });
  const minute = moment({ hour: '2-digit', minute: '2-digit' });
  const day = moment({ day: '2-digit', month: '2-digit', year: 'numeric' });
  const longDay = moment({ weekday: 'long', day: '2-digit', month: '2-digit', year: 'numeric' });
  return {
    number: (n) => number.format(n),
    // Never "100 %" for what is merely very likely.
    percent: (share) => percent.format(share < 1 ? Math.min(share, 0.99) : 1),
    /** A relative error with its sign. */
    error: (share) => error.format(share),
    /** Milliseconds as seconds. */
    seconds: (ms) => seconds.format(ms / 1000),
    time,
    minute,
    day,
    longDay: (ms) => upperFirst(longDay(ms), locale),
    /** The time alone if it is of today, else with its day. */
    when: (ms, now) => (dayStart(ms) === dayStart(now) ? time(ms) : `${time(ms)} ${day(ms)}`),
    /** How long ago, in the largest unit that fits. A moment in the future counts as now. */
    ago: (ms, now) => {
      const age = Math.max(0, now - ms);
      const [unit, length] = AGE_STEPS.find(([, step]) => age >= step) ?? AGE_STEPS[3];
      return relative.format(-Math.floor(age / length), unit);
    },
  };
}

function upperFirst(text, locale) {
  return text.charAt(0).toLocaleUpperCase(locale) + text.slice(1);
}
