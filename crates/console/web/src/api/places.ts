// Where sites and gates are.
import { queryOptions } from '@tanstack/react-query';
import { api, done, take } from './client';
import type { PlacedGate } from './types';

const FRESH_MS = 60_000;

export const placesQuery = queryOptions({
  queryKey: ['places'],
  queryFn: ({ signal }) => take(api.GET('/api/v1/places', { signal })).then((answer) => answer.sites),
  staleTime: FRESH_MS,
});

export function putPlan(site: string, file: File): Promise<void> {
  return done(
    api.PUT('/api/v1/sites/{site}/plan', {
      params: { path: { site } },
      headers: { 'content-type': 'application/octet-stream' },
      body: file as never,
      bodySerializer: (bytes: unknown) => bytes as File,
    }),
  );
}

export function putGates(site: string, gates: PlacedGate[]): Promise<void> {
  return done(api.PUT('/api/v1/sites/{site}/plan/gates', { params: { path: { site } }, body: { gates } }));
}
