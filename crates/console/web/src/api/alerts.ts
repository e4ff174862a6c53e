// Alerts and reports.
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api, take } from './client';

export const ALERTS_KEY = ['alerts'] as const;
export const REPORTS_KEY = ['reports'] as const;
export const REPORT_KINDS = ['day', 'week', 'month', 'half_year', 'year'] as const;
/** Open alerts that the page knows at once; where there are more, it says so. */
export const OPEN_ROWS = 200;
/** Rows that a list asks for at a time. */
const PAGE_ROWS = 50;
/** The stream tells of changes; this is for what it could not tell. */
const AGAIN_MS = 60_000;

export const openAlertsQuery = queryOptions({
  queryKey: [...ALERTS_KEY, 'open'],
  queryFn: ({ signal }) =>
    take(api.GET('/api/v1/alerts', { params: { query: { state: 'open', limit: OPEN_ROWS } }, signal })).then(
      (answer) => answer.alerts,
    ),
  staleTime: AGAIN_MS,
  refetchInterval: AGAIN_MS,
});

export interface AlertSearch {
  state?: string;
  kind?: string;
  site?: string;
  from?: string;
  to?: string;
}

export const alertsQuery = (search: AlertSearch) =>
  infiniteQueryOptions({
    queryKey: [...ALERTS_KEY, 'list', search],
    queryFn: ({ signal, pageParam }) => {
      const query = { ...search, limit: PAGE_ROWS, ...(pageParam ? { before: pageParam } : {}) };
      return take(api.GET('/api/v1/alerts', { params: { query }, signal }));
    },
    initialPageParam: '',
    getNextPageParam: (last) => last.next ?? undefined,
  });

export const reportsQuery = (site: string | undefined) =>
  infiniteQueryOptions({
    queryKey: [...REPORTS_KEY, site],
    queryFn: ({ signal, pageParam }) => {
      const query = { limit: PAGE_ROWS, ...(site ? { site } : {}), ...(pageParam ? { before: pageParam } : {}) };
      return take(api.GET('/api/v1/reports', { params: { query }, signal }));
    },
    initialPageParam: '',
    getNextPageParam: (last) => last.next ?? undefined,
    staleTime: AGAIN_MS,
  });

export const reportSchedulesQuery = queryOptions({
  queryKey: ['report-schedules'],
  queryFn: ({ signal }) => take(api.GET('/api/v1/report-schedules', { signal })).then((answer) => answer.schedules),
  refetchInterval: AGAIN_MS,
});
