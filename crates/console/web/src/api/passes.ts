// Visitors' passes and watch lists of a site.
import { queryOptions } from '@tanstack/react-query';
import { api, take } from './client';

/** As many as the hub gives at once; the newest. */
const ROWS_MAX = 500;
const AGAIN_MS = 30_000;

export const passesQuery = (site: string) =>
  queryOptions({
    queryKey: ['passes', site],
    queryFn: ({ signal }) =>
      take(
        api.GET('/api/v1/sites/{site}/passes', {
          params: { path: { site }, query: { limit: ROWS_MAX } },
          signal,
        }),
      ).then((answer) => answer.passes),
    refetchInterval: AGAIN_MS,
  });

export const watchQuery = (site: string) =>
  queryOptions({
    queryKey: ['watch', site],
    queryFn: ({ signal }) =>
      take(
        api.GET('/api/v1/sites/{site}/watch-entries', {
          params: { path: { site }, query: { limit: ROWS_MAX } },
          signal,
        }),
      ).then((answer) => answer.entries),
    refetchInterval: AGAIN_MS,
  });
