// Who waits for the guard, at which lane. Pure.
import type { Decision, Lane } from '../../api/types';
import type { Entry } from '../../live/feed';

/** Whoever was referred longer ago has gone, or was dealt with at the gate itself. */
export const WAITS_MAX_MS = 10 * 60_000;

/** A lane of a node. */
export interface LanePlace {
  site: string;
  node: string;
  lane: string;
}

export const keyOf = (place: LanePlace): string => `${place.node} ${place.lane}`;

/** The decisions of the feed, newest first. */
export function decisionsOf(feed: readonly Entry[], site: string | undefined): Decision[] {
  const decisions: Decision[] = [];
  for (const entry of feed) {
    if (entry.kind === 'decision' && (!site || entry.what.site === site)) decisions.push(entry.what);
  }
  return decisions;
}

/** The lanes that the hub knows and those of the feed, in the order of their names. */
export function lanesOf(
  known: readonly Lane[] | undefined,
  feed: readonly Entry[],
  site: string | undefined,
): LanePlace[] {
  const found = new Map<string, LanePlace>();
  const add = (place: LanePlace) => {
    const { site: of, node, lane } = place;
    if (!site || of === site) found.set(keyOf(place), { site: of, node, lane });
  };
  for (const lane of known ?? []) add(lane);
  for (const entry of feed) if (entry.kind === 'decision' || entry.kind === 'lane') add(entry.what);
  return [...found.values()].sort((a, b) => (a.lane + a.node < b.lane + b.node ? -1 : 1));
}

/** What a lane is called: with its node where two have lanes of that name. */
export function laneName(place: LanePlace, all: readonly LanePlace[]): string {
  const isTwice = all.some((other) => other.lane === place.lane && other.node !== place.node);
  return isTwice ? `${place.lane} (${place.node})` : place.lane;
}

/** What names whoever is at the lane: the plate, the holder, or the decision itself. */
function whoOf(decision: Decision): string {
  return decision.plate?.key ?? decision.subjects[0] ?? decision.id;
}

/** The decisions that a guard refused, by node and number. */
export function refusedOf(feed: readonly Entry[]): ReadonlySet<string> {
  const refused = new Set<string>();
  for (const entry of feed) {
    if (entry.kind !== 'lane' || entry.what.change !== 'ordered' || entry.what.cause !== 'refuse') continue;
    refused.add(`${entry.what.node} ${entry.what.decision ?? ''}`);
  }
  return refused;
}

/**
 * The referrals that nothing answered yet: a later decision at the same lane about the same plate or holder settles one,
 * whatever it says, and so does a guard who refuses. Of several looks at the same one only the newest waits.
 */
export function waitingOf(
  decisions: readonly Decision[],
  now: number,
  refused: ReadonlySet<string> = new Set(),
): Decision[] {
  const settled = new Set<string>();
  const waiting: Decision[] = [];
  for (const decision of decisions) {
    const who = `${keyOf(decision)} ${whoOf(decision)}`;
    if (settled.has(who)) continue;
    settled.add(who);
    if (refused.has(`${decision.node} ${decision.number}`)) continue;
    if (decision.verdict === 'refer' && now - Date.parse(decision.at) <= WAITS_MAX_MS) waiting.push(decision);
  }
  return waiting;
}
