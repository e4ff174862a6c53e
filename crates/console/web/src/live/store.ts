// What is live: figures go into the query cache, events into the feed. Screens are told once per drawn picture.
import type { QueryClient } from '@tanstack/react-query';
import { useSyncExternalStore } from 'react';
import { ALERTS_KEY } from '../api/alerts';
import { api, take } from '../api/client';
import { alarmsQuery, gatesQuery, nodesQuery, sitesQuery } from '../api/queries';
import type { Gate, Node, Permission, Site, SiteInside } from '../api/types';
import { sessionQuery } from '../app/session';
import { arrived, type Entry, entryOf, merged } from './feed';
import { type Change, type LinkState, openLink } from './link';

/** Events of each kind that are read when the page opens. */
const SEED_ROWS = 60;
/** Changes are shown together, at most so late. A hidden page is drawn more seldom. */
const SHOW_MS = 80;
const SHOW_HIDDEN_MS = 1_000;
/** Media that arrived before the event that names them was read. */
const ARRIVED_MAX = 2_000;

export interface Live {
  readonly link: LinkState;
  /** When something was last heard. */
  readonly heardAt: number | null;
  readonly feed: readonly Entry[];
  readonly isSeeded: boolean;
  /** Version of the hub, as it said when the page connected; and a newer one that it said later. */
  readonly version: string | null;
  readonly newVersion: string | null;
  /** How the last gap was closed, and when. */
  readonly closed: { how: 'caught_up' | 'reloaded'; at: number } | null;
  /** Events that came live, for sounds and counters. */
  readonly arrivals: number;
}

const BEFORE: Live = {
  link: 'connecting',
  heardAt: null,
  feed: [],
  isSeeded: false,
  version: null,
  newVersion: null,
  closed: null,
  arrivals: 0,
};
let live = BEFORE;
const readers = new Set<() => void>();

function set(next: Partial<Live>): void {
  live = { ...live, ...next };
  for (const tell of readers) tell();
}

function subscribe(tell: () => void): () => void {
  readers.add(tell);
  return () => readers.delete(tell);
}

export function useLive<T>(pick: (live: Live) => T): T {
  return useSyncExternalStore(subscribe, () => pick(live));
}

/** Those who want each live event once: sounds, the desk. */
const listeners = new Set<(entries: readonly Entry[]) => void>();

export function onArrival(listener: (entries: readonly Entry[]) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

interface Waiting {
  entries: Entry[];
  hashes: Set<string>;
  gates: Map<string, Gate>;
  nodes: Map<string, Node>;
  sites: Map<string, SiteInside>;
}

const nothing = (): Waiting => ({
  entries: [],
  hashes: new Set(),
  gates: new Map(),
  nodes: new Map(),
  sites: new Map(),
});

/** Begins to follow the hub for somebody with these permissions; the answer ends it and forgets what was shown. */
export function follow(client: QueryClient, held: ReadonlySet<Permission>): () => void {
  let waiting = nothing();
  let early = new Set<string>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let link: { close(): void } | null = null;
  let ended = false;
  let wasLost = false;
  let isReset = false;

  const show = (): void => {
    timer = undefined;
    const { entries, hashes, gates, nodes, sites } = waiting;
    waiting = nothing();
    if (gates.size > 0) client.setQueryData(gatesQuery.queryKey, (old) => replaced(old, gates, gateKey));
    if (nodes.size > 0) {
      client.setQueryData(nodesQuery.queryKey, (old) => replaced(old, nodes, nodeKey));
      void client.invalidateQueries({ queryKey: alarmsQuery.queryKey });
    }
    if (sites.size > 0) client.setQueryData(sitesQuery.queryKey, (old) => withInside(old, sites));
    for (const hash of hashes) early.add(hash);
    if (early.size > ARRIVED_MAX) early = new Set([...early].slice(-ARRIVED_MAX));
    const feed = arrived(merged(live.feed, entries), early);
    const arrivals = live.arrivals + entries.length;
    set({ heardAt: Date.now(), feed, arrivals });
    if (entries.length > 0 && live.isSeeded) for (const listener of listeners) listener(entries);
  };

  const soon = (): void => {
    timer ??= setTimeout(show, document.hidden ? SHOW_HIDDEN_MS : SHOW_MS);
  };

  const change = (change: Change): void => {
    switch (change.name) {
      case 'hello':
        hello(change.data.version);
        break;
      case 'reset':
        isReset = true;
        void seed().then(() => client.invalidateQueries());
        break;
      case 'gate':
        waiting.gates.set(gateKey(change.data), change.data);
        break;
      case 'node':
        waiting.nodes.set(nodeKey(change.data), change.data);
        break;
      case 'site':
        waiting.sites.set(change.data.site, change.data);
        break;
      case 'alert':
        void client.invalidateQueries({ queryKey: ALERTS_KEY });
        break;
      case 'blob':
        waiting.hashes.add(change.data.sha256);
        break;
      case 'passage':
        waiting.entries.push(entryOf.passage(change.data));
        break;
      case 'plate':
        waiting.entries.push(entryOf.plate(change.data));
        break;
      case 'decision':
        waiting.entries.push(entryOf.decision(change.data));
        break;
      case 'incident':
        waiting.entries.push(entryOf.incident(change.data));
        break;
      case 'lane':
        waiting.entries.push(entryOf.lane(change.data));
        break;
    }
    soon();
  };

  const hello = (version: string): void => {
    if (live.version === null) set({ version });
    else if (live.version !== version) set({ newVersion: version });
    if (wasLost) {
      // What was missed follows behind this; a reset says that it was too much.
      setTimeout(() => set({ closed: { how: isReset ? 'reloaded' : 'caught_up', at: Date.now() } }), SHOW_MS * 2);
      void client.invalidateQueries({ queryKey: ['counts'] });
    }
    wasLost = false;
    isReset = false;
  };

  const state = (link: LinkState): void => {
    if (link === 'reconnecting' || link === 'offline') wasLost = true;
    set({ link });
  };

  /** A broken stream may be a session that is over. */
  const broken = (): void => {
    void client.invalidateQueries({ queryKey: sessionQuery.queryKey }, { cancelRefetch: false });
  };

  const seed = async (): Promise<number | null> => {
    const params = { query: { limit: SEED_ROWS } };
    const ifMay = <T>(permission: Permission, ask: () => Promise<T>): Promise<T> =>
      held.has(permission) ? ask() : Promise.reject(new Error(permission));
    const [passages, plates, decisions, incidents] = await Promise.allSettled([
      ifMay('events.read', () => take(api.GET('/api/v1/passages', { params }))),
      ifMay('plates.read', () => take(api.GET('/api/v1/plates', { params }))),
      ifMay('decisions.read', () => take(api.GET('/api/v1/decisions', { params }))),
      ifMay('events.read', () => take(api.GET('/api/v1/incidents', { params }))),
    ]);
    const entries: Entry[] = [];
    const places: number[] = [];
    if (passages.status === 'fulfilled') {
      entries.push(...passages.value.passages.map(entryOf.passage));
      places.push(passages.value.pos);
    }
    if (plates.status === 'fulfilled') {
      entries.push(...plates.value.plates.map(entryOf.plate));
      places.push(plates.value.pos);
    }
    if (decisions.status === 'fulfilled') {
      entries.push(...decisions.value.decisions.map(entryOf.decision));
      places.push(decisions.value.pos);
    }
    if (incidents.status === 'fulfilled') {
      entries.push(...incidents.value.incidents.map(entryOf.incident));
      places.push(incidents.value.pos);
    }
    if (ended) return null;
    set({ feed: arrived(merged(live.feed, entries), early), isSeeded: true, heardAt: Date.now() });
    return places.length === 0 ? null : Math.min(...places);
  };

  // Whoever may not read figures is let into no stream.
  if (held.has('figures.read')) {
    void seed().then((after) => {
      if (!ended) link = openLink(after, { change, state, broken });
    });
  }

  return () => {
    ended = true;
    clearTimeout(timer);
    link?.close();
    set({ ...BEFORE, version: live.version, newVersion: live.newVersion });
  };
}

const gateKey = (gate: Gate): string => `${gate.site} ${gate.gate}`;
const nodeKey = (node: Node): string => node.node;

function replaced<T>(old: T[] | undefined, news: Map<string, T>, key: (row: T) => string): T[] {
  const rest = new Map(news);
  const rows = (old ?? []).map((row) => {
    const name = key(row);
    const fresh = rest.get(name);
    rest.delete(name);
    return fresh ?? row;
  });
  return [...rows, ...rest.values()].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

function withInside(old: Site[] | undefined, news: Map<string, SiteInside>): Site[] | undefined {
  return old?.map((site) => {
    const inside = news.get(site.site);
    return inside ? { ...site, occupancy: inside.occupancy } : site;
  });
}
