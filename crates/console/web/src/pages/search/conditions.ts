// What somebody enters to find plates, and what of it is asked. Pure.
import type { PlateSearch } from '../../api/queries';
import { momentOf, toApi } from '../../format/time';

export const OUTCOMES = ['read', 'unknown_kind', 'unreadable', 'not_a_plate'] as const;
export const CLASSES = ['motorbike', 'bicycle', 'car', 'bus', 'truck'] as const;
export const COLOURS = ['white', 'yellow', 'blue', 'red', 'unknown'] as const;
export const VERDICTS = ['permit', 'deny', 'refer'] as const;

/** As they stand in the form; empty is any. */
export interface Conditions {
  key: string;
  like: boolean;
  gate: string;
  from: string;
  to: string;
  outcome: string;
  class: string;
  colour: string;
  list: string;
  verdict: string;
}

export const NO_CONDITIONS: Conditions = {
  key: '',
  like: false,
  gate: '',
  from: '',
  to: '',
  outcome: '',
  class: '',
  colour: '',
  list: '',
  verdict: '',
};

/** Those that are folded away until somebody wants them. */
export const FURTHER = ['outcome', 'class', 'colour', 'list', 'verdict'] as const;

/** Of a plate with unknown signs every plate that fits is meant already. */
export const isPattern = ({ key }: Pick<Conditions, 'key'>) => key.includes('?');

export function searchOf(conditions: Conditions, site: string | undefined, purpose: string): PlateSearch {
  const { like, from, to, ...texts } = conditions;
  const key = texts.key.trim();
  const search: PlateSearch = { purpose };
  for (const [name, text] of Object.entries({ ...texts, key, site: site ?? '' })) {
    if (text) search[name as keyof typeof texts | 'site'] = text;
  }
  if (key && like && !isPattern(conditions)) search.like = true;
  const [first, last] = [momentOf(from), momentOf(to)];
  if (first !== null) search.from = toApi(first);
  if (last !== null) search.to = toApi(last);
  return search;
}
