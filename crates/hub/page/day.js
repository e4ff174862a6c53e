// The day of Viet Nam (UTC+7 without summer time) and the counts in it. Pure: no clock, no page.

export const MINUTE_MS = 60_000;
export const DAY_MS = 1440 * MINUTE_MS;
const OFFSET_MS = 420 * MINUTE_MS;

/** The midnight at which the day of a moment began. */
export function dayStart(ms) {
  return Math.floor((ms + OFFSET_MS) / DAY_MS) * DAY_MS - OFFSET_MS;
}

/**
 * Passages of one day in steps of `stepMinutes`: `[{ from, to, in, out }]` over the whole day.
 * `rows` are `{ at, direction, group, count }`; those of another day or group are left out.
 */
export function daySteps(rows, start, stepMinutes, group) {
  const length = stepMinutes * MINUTE_MS;
  const steps = Array.from({ length: DAY_MS / length }, (_, i) => ({
    from: start + i * length,
    to: start + (i + 1) * length,
    in: 0,
    out: 0,
  }));
  for (const row of rows) {
    const step = steps[Math.floor((row.at - start) / length)];
    if (step && row.group === group) step[row.direction] += row.count;
  }
  return steps;
}

/** Fewest hours that a chart shows. */
const HOURS_MIN = 6;

/**
 * The steps worth showing: whole hours from the first passage to the last or to now, whichever is later, and never
 * fewer than six hours. Nights without anybody would only make the bars of the day thinner.
 */
export function busyHours(steps, now) {
  const perHour = steps.length / 24;
  const hourOf = (index) => Math.floor(index / perHour);
  const nowHour = Math.min(Math.max(Math.floor((now - steps[0].from) / (60 * MINUTE_MS)), 0), 23);
  const isBusy = (step) => step.in + step.out > 0;
  const first = steps.findIndex(isBusy);
  const last = steps.findLastIndex(isBusy);
  const begin = first < 0 ? nowHour : Math.min(hourOf(first), nowHour);
  const end = Math.max(nowHour, hourOf(Math.max(last, 0))) + 1;
  // Too short a stretch grows into the coming hours first, for that is where it will grow anyway.
  const to = Math.min(Math.max(end, begin + HOURS_MIN), 24);
  const from = Math.min(begin, to - HOURS_MIN);
  return steps.slice(from * perHour, to * perHour);
}

/** What the steps come to together. */
export function total(steps) {
  return steps.reduce((sum, step) => ({ in: sum.in + step.in, out: sum.out + step.out }), { in: 0, out: 0 });
}

/** The ticks of an axis from 0: whole numbers, 1, 2 or 5 times a power of ten apart, the last at or above `highest`. */
export function ticks(highest, wanted = 3) {
  const rough = Math.max(1, highest / wanted);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((width) => width >= rough);
  const found = [0];
  while (found.at(-1) < highest || found.length < 2) found.push(found.at(-1) + step);
  return found;
}
