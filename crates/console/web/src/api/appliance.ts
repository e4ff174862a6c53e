// Setting up the cameras of the machine that the hub runs on.
import { queryOptions, useQuery } from '@tanstack/react-query';
import { useMay } from '../app/session';
import { api, take } from './client';
import type { Appliance, CameraTrial, GateWanted } from './types';

/** While something starts, it is asked so often. */
const STARTING_MS = 1_000;

/** What the hub's program can do; it does not change while it runs. */
export const setupQuery = queryOptions({
  queryKey: ['setup'],
  queryFn: ({ signal }) => take(api.GET('/api/v1/setup', { signal })),
  staleTime: Number.POSITIVE_INFINITY,
});

export const applianceQuery = queryOptions({
  queryKey: ['appliance'],
  queryFn: ({ signal }) => take(api.GET('/api/v1/appliance', { signal })),
  refetchInterval: (query) => (query.state.data?.stage === 'starting' ? STARTING_MS : false),
});

/** Whether the reader can set up gates here; nothing while that is asked. */
export function useSetsUpGates(): boolean | undefined {
  const may = useMay();
  const mayWrite = may('nodes.write');
  const { data } = useQuery({ ...setupQuery, enabled: mayWrite });
  return mayWrite ? data?.sets_up_gates : false;
}

export function tryCamera(wanted: { address: string } | { video: string }): Promise<CameraTrial> {
  return take(api.POST('/api/v1/appliance/trials', { body: wanted }));
}

export function putGate(gate: string, wanted: GateWanted): Promise<Appliance> {
  return take(api.PUT('/api/v1/appliance/gates/{gate}', { params: { path: { gate } }, body: wanted }));
}
