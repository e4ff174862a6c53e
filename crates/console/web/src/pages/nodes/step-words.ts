// What a measured step of the checklist showed, in words. Pure.
import type { CommissioningStep } from '../../api/types';
import type { Format } from '../../format/format';
import { isKey, type Translate } from '../../words';

const GIGABYTE = 1e9;

/** Bytes in whole gigabytes, without the unit. */
export function gigabytes(f: Format, bytes: number): string {
  return f.number(Math.round(bytes / GIGABYTE));
}

/** Nothing where there is no number to tell. */
export function seenOf(t: Translate, f: Format, step: CommissioningStep): string {
  const key = `seen_${step.step}`;
  if (step.value == null || step.wanted == null || !isKey(key)) return '';
  const say = (number: number): string => {
    switch (step.step) {
      case 'disk':
        return gigabytes(f, number);
      case 'read_rate':
        return f.percent(number);
      default:
        return f.number(number);
    }
  };
  return t(key, { value: say(step.value), wanted: say(step.wanted) });
}

/** The steps that are measured, by what they are measured of: the node itself (nothing), then each camera. */
export function measured(steps: readonly CommissioningStep[]): [string | null, CommissioningStep[]][] {
  const groups = new Map<string | null, CommissioningStep[]>();
  for (const step of steps) {
    if (step.by_person) continue;
    const camera = step.camera ?? null;
    groups.set(camera, [...(groups.get(camera) ?? []), step]);
  }
  return [...groups];
}
