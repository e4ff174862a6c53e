// Why a plate was not read, in the reader's words. Pure.
import { named, type Translate } from '../words';

/** Nodes say it in English; what they commonly say is told in the reader's language. */
const REASONS: readonly (readonly [RegExp, string])[] = [
  [/^a side of the plate/, 'cut_off'],
  [/^(\d+) signs are unsure/, 'too_unsure'],
  [/^(\d+) signs; a plate has at least/, 'too_few'],
  [/^(\d+) signs; a plate has at most/, 'too_long'],
  [/^a number without letters/, 'number'],
  [/^letters only/, 'word'],
  [/^it does not look like a plate/, 'unlike'],
  [/^too many readings are about as likely/, 'doubtful'],
  [/^nearly no signs/, 'blank'],
  [/^digits only/, 'digits'],
  [/^no authority issues plates with code (\d+)/, 'code'],
  [/^too much speaks against each kind/, 'unlikely'],
];

/** A node's reason in the reader's language; one that nobody translated as it came. */
export function reasonText(t: Translate, reason: string): string {
  for (const [form, key] of REASONS) {
    const found = form.exec(reason);
    if (found) return named(t, 'reason', key).replace('{n}', found[1] ?? '');
  }
  return reason;
}
