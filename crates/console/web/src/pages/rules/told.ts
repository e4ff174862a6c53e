// What is wrong with a row, in the reader's language. The hub says it in English; what is not known here shows as it is. Pure.
import type { Key, Translate } from '../../words';

const PATTERNS: readonly (readonly [RegExp, Key])[] = [
  [/^(?:\w+: )?"(.*)" is no plate of any kind/, 'told_plate'],
  [/^no category "(.*)": (.*) are given$/, 'told_category'],
  [/^no zone "(.*)": (.*) are given$/, 'told_zone'],
  [/^kind "(.*)" is not known/, 'told_kind'],
  [/^no name: /, 'told_name'],
  [/^nothing to show: /, 'told_nothing'],
  [/^(.*) is also at (.*)$/, 'told_twin'],
  [/^valid_to is not after valid_from$/, 'told_order'],
  [/^\w+: "(.*)" is neither a day/, 'told_moment'],
  [/^valid_to: every (.*) needs an end/, 'told_end'],
  [/^drivers: no holder "(.*)"$/, 'told_driver'],
  [/^drivers: "(.*)" is a vehicle/, 'told_driver_vehicle'],
  [/^(?:\w+: )?"(.*)" is not a valid /, 'told_slug'],
  [/^row (\d+) of the file is about the same$/, 'told_file_twin'],
  [/^(\d+) cells where the first line has (\d+)/, 'told_cells'],
];

export function told(t: Translate, problem: string): string {
  for (const [pattern, key] of PATTERNS) {
    const found = pattern.exec(problem);
    if (found) return t(key, { a: found[1] ?? '', b: found[2] ?? '' });
  }
  return problem;
}
