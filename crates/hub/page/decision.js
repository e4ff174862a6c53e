// What a decision at a lane is in words. Pure: no page, no network.

import { named } from './words.js';

/** The sign beside a verdict, so that colour is not all that tells them apart. */
const SIGNS = { permit: 'check', deny: 'stop', refer: 'alert' };

/** The icon of a verdict; of one that this page does not know, the one that asks for a look. */
export function verdictSign(verdict) {
  return SIGNS[verdict] ?? 'alert';
}

/** Who it is about: the plate that was read, else those whom the lists or the pass name, else how somebody showed it. */
export function whoText(decision, { t }) {
  if (decision.plate) return decision.plate;
  const subjects = subjectsText(decision, { t });
  if (subjects) return subjects;
  return decision.method ? named(t, 'method', decision.method) : t('decision_nobody');
}

/** Those whom the lists or the pass name, by their ids. */
export function subjectsText({ subjects }, { t }) {
  return subjects.map((subject) => {
    const [kind, id] = subject.split(/:(.*)/s);
    return id === undefined ? subject : kind === 'holder' ? id : `${named(t, 'subject', kind)} ${id.slice(-8)}`;
  }).join(', ');
}

/** Why, in the reader's language; a reason that nobody translated as the node said it. */
export function whyText(decision, { t }) {
  const { reason, detail, rule, guard } = decision;
  if (guard) return t('why_guard', { name: guard.name, reason: guard.reason });
  if (reason === 'rule' && rule) return t('why_rule', { rule });
  const text = named(t, 'why', reason);
  return text === reason ? detail || reason : text;
}

/** One check of the trail: what was looked at, and what was found. */
export function stepText(step, { t }) {
  const found = named(t, 'finding', step.finding);
  return { check: named(t, 'check', step.check), found: step.detail ? `${found}: ${step.detail}` : found };
}
