// Guards' orders to lanes, the lanes themselves, and calls for help.
import { queryOptions } from '@tanstack/react-query';
import { api, take } from './client';
import type { Order, OrderWanted } from './types';

export const ORDERS_KEY = ['orders'] as const;
export const LANES_KEY = ['lanes'] as const;
/** Orders that the desk shows. */
const ROWS = 20;
/** The stream tells of most changes; this is for what it cannot tell. */
const AGAIN_MS = 60_000;

export const ordersQuery = (site: string | undefined) =>
  queryOptions({
    queryKey: [...ORDERS_KEY, site],
    queryFn: ({ signal }) =>
      take(api.GET('/api/v1/orders', { params: { query: { limit: ROWS, ...(site ? { site } : {}) } }, signal })).then(
        (answer) => answer.orders,
      ),
    staleTime: AGAIN_MS,
  });

export const lanesQuery = queryOptions({
  queryKey: LANES_KEY,
  queryFn: ({ signal }) => take(api.GET('/api/v1/lanes', { signal })),
  staleTime: AGAIN_MS,
  refetchInterval: AGAIN_MS,
});

/** Gives an order. The same key again sends nothing, and gives the same order. */
export function giveOrder(body: OrderWanted, key: string): Promise<Order> {
  return take(api.POST('/api/v1/orders', { params: { header: { 'Idempotency-Key': key } }, body }));
}

/** Calls for help at a lane: an alert on every desk of the site. */
export async function callForHelp(place: { node: string; lane: string }, reason: string): Promise<void> {
  await take(api.POST('/api/v1/alerts', { body: { ...place, reason } }));
}
