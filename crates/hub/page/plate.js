// What a plate's result is in words. Pure: no page, no network.

import { named } from './words.js';

/**
 * Why there is no reading. Nodes say it in English; what they commonly say is told in the reader's language, and
 * anything else as it came.
 */
const REASONS = [
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

/** A node's reason in the reader's language, else as it came. */
export function reasonText(t, reason) {
  for (const [form, key] of REASONS) {
    const found = form.exec(reason);
    if (found) return t(`reason_${key}`, { n: found[1] ?? '' });
  }
  return reason;
}

/** What came of reading a plate: the plate itself, or what is wrong with it. */
export function plateTitle(plate, { t }) {
  return plate.outcome === 'read' ? plate.display : named(t, 'outcome', plate.outcome);
}

/** Kind, issuer and colour of a read plate; why there is no reading of another. */
export function plateWhat(plate, { t }) {
  const colour = named(t, 'colour', plate.colour);
  if (plate.outcome !== 'read') return [reasonText(t, plate.reason), colour].filter(Boolean).join(' · ');
  return [named(t, 'kind', plate.kind), plate.issuer, colour].filter(Boolean).join(' · ');
}

/** What a person should know before he trusts the reading; empty where there is nothing. */
export function plateDoubt(plate, { t }) {
  if (plate.outcome !== 'read') return '';
  return [plate.isAmbiguous && t('plate_ambiguous'), reasonText(t, plate.reason)].filter(Boolean).join(' · ');
}

/**
 * The match in a list of the plate with this key; nothing where there is none. Whoever is looked for is told apart in
 * words, not only by colour. The score holds how sure the reading is, so that only the keys say whether it is the entry.
 */
export function listedText(listed, plateKey, { t, f }) {
  if (!listed) return null;
  const { list, key, purpose, score } = listed;
  const word = purpose === 'watch' ? 'plate_watch' : 'plate_allow';
  return t(key === plateKey ? `${word}_same` : word, { list, key, p: f.percent(score) });
}

/** Where plate and entry differ, in words. */
export function differencesText(match, { t }) {
  if (match.differing.length === 0) return t('plate_same');
  // People count from 1.
  return match.differing
    .map(({ position, listed, read }) => t('plate_difference', { place: position + 1, listed, read }))
    .join('; ');
}

/** Weights of looks as shares of the heaviest, for bars; all 0 where none weighs anything. */
export function shares(votes) {
  const heaviest = Math.max(0, ...votes.map((vote) => vote.weight));
  return votes.map((vote) => (heaviest > 0 ? Math.max(0, vote.weight) / heaviest : 0));
}
