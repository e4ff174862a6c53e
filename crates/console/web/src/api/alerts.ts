// Alerts and reports. A hub of an older version has neither: then there is nothing to show.
import { queryOptions } from '@tanstack/react-query';
import { ApiError, ask } from './client';

export interface Act {
  by: string;
  at: string;
  note: string;
}

export interface Alert {
  id: string;
  kind: string;
  state: 'open' | 'ended' | 'acknowledged' | 'closed';
  site: string;
  gate: string | null;
  node: string;
  subject: string;
  at: string;
  ended_at: string | null;
  detail: string;
  event: string | null;
  acknowledged: Act | null;
  closed: Act | null;
  outcome: string | null;
}

export interface Report {
  id: string;
  kind: string;
  site: string | null;
  from: string;
  to: string;
  data_until: string;
  made_by: string;
  documents: { language: string; format: string; path: string }[];
}

export const ALERTS_KEY = ['alerts'] as const;
/** Open alerts that the page knows at once. */
const OPEN_ROWS = 200;
const AGAIN_MS = 60_000;

/** What the path answers; `null` where the hub has no such path or does not let this reader have it. */
async function ifThere<T>(path: string): Promise<T | null> {
  try {
    return await ask<T>(path);
  } catch (error) {
    if (error instanceof ApiError && (error.status === 404 || error.status === 403)) return null;
    throw error;
  }
}

export const openAlertsQuery = queryOptions({
  queryKey: [...ALERTS_KEY, 'open'],
  queryFn: () =>
    ifThere<{ alerts: Alert[] }>(`/api/v1/alerts?state=open&limit=${OPEN_ROWS}`).then(
      (answer) => answer?.alerts ?? null,
    ),
  staleTime: AGAIN_MS,
  refetchInterval: (query) => (query.state.data === null ? false : AGAIN_MS),
});

export const alertsQuery = (state: string, site: string | undefined) =>
  queryOptions({
    queryKey: [...ALERTS_KEY, 'list', state, site],
    queryFn: () => {
      const query = new URLSearchParams({ limit: '200', ...(state ? { state } : {}), ...(site ? { site } : {}) });
      return ask<{ alerts: Alert[] }>(`/api/v1/alerts?${query}`).then((answer) => answer.alerts);
    },
  });

export const reportsQuery = queryOptions({
  queryKey: ['reports'],
  queryFn: () => ifThere<{ reports: Report[] }>('/api/v1/reports?limit=200').then((answer) => answer?.reports ?? null),
  staleTime: AGAIN_MS,
});
