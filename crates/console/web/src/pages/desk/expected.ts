// Which passes are for today, and who came on one. Pure.
import type { Decision, IssuedPass } from '../../api/types';

/** Passes that are good at some time between the two moments, in the order in which they begin. Revoked ones are not. */
export function expected(passes: readonly IssuedPass[], from: number, to: number): IssuedPass[] {
  const isOf = (pass: IssuedPass) =>
    pass.state !== 'revoked' && Date.parse(pass.not_before) < to && Date.parse(pass.not_after) > from;
  return passes.filter(isOf).sort((a, b) => Date.parse(a.not_before) - Date.parse(b.not_before));
}

/** When somebody was last let in on a pass, by the pass. `decisions` are the newest first. */
export function arrivals(decisions: readonly Decision[]): ReadonlyMap<string, number> {
  const came = new Map<string, number>();
  for (const decision of decisions) {
    if (decision.verdict !== 'permit') continue;
    for (const subject of decision.subjects) {
      const pass = subject.startsWith('pass:') ? subject.slice('pass:'.length) : '';
      if (pass && !came.has(pass)) came.set(pass, Date.parse(decision.at));
    }
  }
  return came;
}
