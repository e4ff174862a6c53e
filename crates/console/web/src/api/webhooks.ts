// Webhooks and what they did not take.
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api, take } from './client';

const AGAIN_MS = 15_000;
const LETTERS = 50;

export const webhooksQuery = queryOptions({
  queryKey: ['webhooks'],
  queryFn: ({ signal }) => take(api.GET('/api/v1/webhooks', { signal })).then((answer) => answer.webhooks),
  refetchInterval: AGAIN_MS,
});

export const deadLettersQuery = (id: string) =>
  infiniteQueryOptions({
    queryKey: ['dead-letters', id],
    queryFn: ({ signal, pageParam }) => {
      const query = { limit: LETTERS, ...(pageParam === null ? {} : { before: pageParam }) };
      return take(api.GET('/api/v1/webhooks/{id}/dead-letters', { params: { path: { id }, query }, signal }));
    },
    initialPageParam: null as number | null,
    getNextPageParam: (last) => last.next ?? undefined,
  });
