// Who waits for the guard. Pure.
import type { Decision } from '../../api/types';
import type { Entry } from '../../live/feed';

/** Whoever was referred longer ago has gone, or was dealt with at the gate itself. */
export const WAITS_MAX_MS = 10 * 60_000;

/** The decisions of the feed, newest first. */
export function decisionsOf(feed: readonly Entry[], site: string | undefined): Decision[] {
  const decisions: Decision[] = [];
  for (const entry of feed) {
    if (entry.kind === 'decision' && (!site || entry.what.site === site)) decisions.push(entry.what);
  }
  return decisions;
}

export function lanesOf(decisions: readonly Decision[]): string[] {
  return [...new Set(decisions.map((decision) => decision.lane))].sort();
}

/** What names whoever is at the lane: the plate, the holder, or the decision itself. */
function whoOf(decision: Decision): string {
  return decision.plate?.key ?? decision.subjects[0] ?? decision.id;
}

/**
 * The referrals that nothing answered yet: a later decision at the same lane about the same plate or holder settles one,
 * whatever it says. Of several looks at the same one only the newest waits.
 */
export function waitingOf(decisions: readonly Decision[], now: number): Decision[] {
  const settled = new Set<string>();
  const waiting: Decision[] = [];
  for (const decision of decisions) {
    const who = `${decision.lane} ${whoOf(decision)}`;
    if (settled.has(who)) continue;
    settled.add(who);
    if (decision.verdict === 'refer' && now - Date.parse(decision.at) <= WAITS_MAX_MS) waiting.push(decision);
  }
  return waiting;
}
