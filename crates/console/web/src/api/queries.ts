// What pages ask the hub for.
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api, take } from './client';

/** How long an answer counts as fresh where nothing tells of changes. */
const FRESH_MS = 30_000;

export const sitesQuery = queryOptions({
  queryKey: ['sites'],
  queryFn: ({ signal }) => take(api.GET('/api/v1/sites', { signal })).then((answer) => answer.sites),
});

export const gatesQuery = queryOptions({
  queryKey: ['gates'],
  queryFn: ({ signal }) => take(api.GET('/api/v1/gates', { signal })).then((answer) => answer.gates),
});

export const nodesQuery = queryOptions({
  queryKey: ['nodes'],
  queryFn: ({ signal }) => take(api.GET('/api/v1/nodes', { signal })).then((answer) => answer.nodes),
});

export const alarmsQuery = queryOptions({
  queryKey: ['alarms'],
  queryFn: ({ signal }) =>
    take(api.GET('/api/v1/alarms', { params: { query: { limit: 200 } }, signal })).then((answer) => answer.alarms),
  staleTime: FRESH_MS,
});

export const quarantineQuery = queryOptions({
  queryKey: ['quarantine'],
  queryFn: ({ signal }) =>
    take(api.GET('/api/v1/quarantine', { params: { query: { limit: 100 } }, signal })).then(
      (answer) => answer.messages,
    ),
  staleTime: FRESH_MS,
});

export const policiesQuery = (site: string) =>
  queryOptions({
    queryKey: ['policies', site],
    queryFn: ({ signal }) =>
      take(api.GET('/api/v1/sites/{site}/policies', { params: { path: { site } }, signal })).then(
        (answer) => answer.policies,
      ),
    staleTime: FRESH_MS,
  });

export interface CountsAsked {
  site?: string | undefined;
  gate?: string | undefined;
  from: string;
  to: string;
  bucket: 'minute' | 'hour' | 'day';
}

export const countsQuery = (query: CountsAsked) =>
  queryOptions({
    queryKey: ['counts', query],
    queryFn: ({ signal }) => take(api.GET('/api/v1/counts', { params: { query }, signal })),
    staleTime: FRESH_MS,
  });

export const accuracyQuery = (query: { site?: string | undefined; gate?: string | undefined }) =>
  queryOptions({
    queryKey: ['accuracy', query],
    queryFn: ({ signal }) =>
      take(api.GET('/api/v1/accuracy', { params: { query }, signal })).then((answer) => answer.counts),
    staleTime: 10 * FRESH_MS,
  });

export const plateQuery = (id: string) =>
  queryOptions({
    queryKey: ['plate', id],
    queryFn: ({ signal }) => take(api.GET('/api/v1/plates/{event_id}', { params: { path: { event_id: id } }, signal })),
    staleTime: FRESH_MS,
  });

export const decisionQuery = (id: string) =>
  queryOptions({
    queryKey: ['decision', id],
    queryFn: ({ signal }) =>
      take(api.GET('/api/v1/decisions/{event_id}', { params: { path: { event_id: id } }, signal })),
    staleTime: FRESH_MS,
  });

/** Conditions of a search for plates. Its purpose goes to the audit log with every page that is asked for. */
export interface PlateSearch {
  key?: string;
  like?: boolean;
  site?: string;
  gate?: string;
  outcome?: string;
  class?: string;
  colour?: string;
  list?: string;
  verdict?: string;
  from?: string;
  to?: string;
  purpose: string;
}

/** The lists that a search may ask for. */
export const plateListsQuery = queryOptions({
  queryKey: ['plate-lists'],
  queryFn: ({ signal }) => take(api.GET('/api/v1/plate-lists', { signal })).then((answer) => answer.lists),
  staleTime: FRESH_MS,
});

/** Rows of one page of a search. */
const SEARCH_ROWS = 100;

export const plateSearchQuery = (search: PlateSearch) =>
  infiniteQueryOptions({
    queryKey: ['plates', search],
    queryFn: ({ signal, pageParam }) => {
      const { purpose, ...conditions } = search;
      const query = { ...conditions, limit: SEARCH_ROWS, ...(pageParam ? { before: pageParam } : {}) };
      // Header values are Latin-1; Vietnamese letters travel percent-encoded.
      const headers = { 'x-purpose': encodeURIComponent(purpose) };
      return take(api.GET('/api/v1/plates', { params: { query }, headers, signal }));
    },
    initialPageParam: '',
    getNextPageParam: (last) => last.next ?? undefined,
    staleTime: FRESH_MS,
  });
