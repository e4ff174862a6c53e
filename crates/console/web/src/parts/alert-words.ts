// What an alert says beyond its kind, in the reader's words. Pure.
import type { Format } from '../format/format';
import { named, type Translate } from '../words';

/** The hub writes it down once, in English; each form is told in the reader's language. */
const LIKENESS = /^likeness (\d+(?:\.\d+)?)$/;
const FOLLOWED = /^(\w+) (in|out) after (\d+) ms$/;
const PASSED = /^(\w+) (in|out)$/;
const CROWD = /^(\d+) of (\d+)$/;

/** The detail of an alert; one that nobody translated as it came. */
export function alertDetail(t: Translate, f: Format, detail: string): string {
  const likeness = LIKENESS.exec(detail);
  if (likeness) return t('alert_likeness', { p: f.percent(Number(likeness[1])) });
  const crowd = CROWD.exec(detail);
  if (crowd) return t('alert_crowd', { n: f.number(Number(crowd[1])), limit: f.number(Number(crowd[2])) });
  const passed = FOLLOWED.exec(detail) ?? PASSED.exec(detail);
  if (!passed) return detail;
  const [, what = '', direction = '', gap] = passed;
  const words = `${named(t, 'class', what)} · ${direction === 'in' ? t('in') : t('out')}`;
  return gap ? `${words} · ${t('alert_gap', { time: f.seconds(Number(gap)) })}` : words;
}
