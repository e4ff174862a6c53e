// Why a plate was not read, and how it differs from one that was looked for, in the reader's words. Pure.
import type { PlateLikeness } from '../api/types';
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

/** What stands where one of two plates has no sign. */
const NO_SIGN = '-';

/** How a plate differs from the one that was looked for; nothing where the search was for this very plate alone. */
export function likenessText(t: Translate, likeness: PlateLikeness | null | undefined): string {
  if (!likeness) return '';
  if (likeness.differing.length === 0) return t('like_same');
  const where = likeness.differing.map(({ position, listed, read }) => {
    if (read === NO_SIGN) return t('like_missing', { listed });
    return listed === NO_SIGN ? t('like_more', { read }) : t('like_place', { place: position + 1, listed, read });
  });
  return t('like_score', { where: where.join('; ') });
}
