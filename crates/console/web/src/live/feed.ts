// The newest events in the order of time, at most so many. Pure.
import type { Decision, Evidence, Incident, LaneChanged, Passage, Plate } from '../api/types';

/** Events kept; the oldest go first. What is older is found by searching. */
export const FEED_MAX = 500;

export type Entry =
  | { kind: 'passage'; id: string; at: number; what: Passage }
  | { kind: 'plate'; id: string; at: number; what: Plate }
  | { kind: 'decision'; id: string; at: number; what: Decision }
  | { kind: 'incident'; id: string; at: number; what: Incident }
  | { kind: 'lane'; id: string; at: number; what: LaneChanged };

export type Kind = Entry['kind'];

export const entryOf = {
  passage: (what: Passage): Entry => ({ kind: 'passage', id: what.id, at: Date.parse(what.at), what }),
  plate: (what: Plate): Entry => ({ kind: 'plate', id: what.id, at: Date.parse(what.to), what }),
  decision: (what: Decision): Entry => ({ kind: 'decision', id: what.id, at: Date.parse(what.at), what }),
  incident: (what: Incident): Entry => ({ kind: 'incident', id: what.id, at: Date.parse(what.at), what }),
  lane: (what: LaneChanged): Entry => ({ kind: 'lane', id: what.id, at: Date.parse(what.at), what }),
};

/** The gates that an event is of; a decision may name none. */
export function gatesOf(entry: Entry): readonly string[] {
  if (entry.kind === 'plate') return entry.what.gates;
  return entry.what.gate ? [entry.what.gate] : [];
}

export function evidenceOf(entry: Entry): readonly Evidence[] {
  return entry.kind === 'lane' ? [] : entry.what.evidence;
}

/** The list with `news` in their places, newest first; what is there already is replaced. */
export function merged(list: readonly Entry[], news: readonly Entry[], max = FEED_MAX): readonly Entry[] {
  if (news.length === 0) return list;
  const fresh = new Map<string, Entry>();
  for (const entry of news) fresh.set(entry.id, entry);
  const kept = list.filter((entry) => !fresh.has(entry.id));
  const sorted = [...fresh.values()].sort((a, b) => b.at - a.at);
  const all: Entry[] = [];
  let [i, j] = [0, 0];
  while (all.length < max && (i < kept.length || j < sorted.length)) {
    const [a, b] = [kept[i], sorted[j]];
    if (b === undefined || (a !== undefined && a.at > b.at)) {
      if (a !== undefined) all.push(a);
      i += 1;
    } else {
      all.push(b);
      j += 1;
    }
  }
  return all;
}

/** The list with these media marked as arrived; the same list where none of them is in it. */
export function arrived(list: readonly Entry[], hashes: ReadonlySet<string>): readonly Entry[] {
  const waits = (medium: Evidence): boolean => !medium.stored && hashes.has(medium.sha256);
  if (!list.some((entry) => evidenceOf(entry).some(waits))) return list;
  return list.map((entry) => {
    if (entry.kind === 'lane' || !entry.what.evidence.some(waits)) return entry;
    const evidence = entry.what.evidence.map((medium) => (waits(medium) ? { ...medium, stored: true } : medium));
    return { ...entry, what: { ...entry.what, evidence } } as Entry;
  });
}
