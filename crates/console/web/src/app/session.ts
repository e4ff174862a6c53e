// Who is at the desk, what he may do, and until when.
import { type QueryClient, queryOptions, useQuery } from '@tanstack/react-query';
import { ApiError, answered, api, done, setCsrf } from '../api/client';
import type { Permission, Session } from '../api/types';

export type Standing =
  | {
      kind: 'signed_in';
      session: Session;
      /** When the session ends by this device's clock, unless somebody touches the page. */
      endsAt: number;
    }
  | {
      kind: 'signed_out';
      /** Whether there is no account at all yet. */
      setup: boolean;
      /** Whether somebody was signed in on this page before, and did not leave by himself. */
      ended: boolean;
      /** What the identity provider is called where one may sign in too. */
      elsewhere: string | null;
    };

/** Attempts where the hub is away or broken; a refusal is an answer. */
const ATTEMPTS_MAX = 3;
/** After a failure it is asked again by itself. */
const AGAIN_MS = 5_000;

let wasIn = false;

export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: async (): Promise<Standing> => {
    try {
      const { data: session, response } = await answered(api.GET('/api/v1/session'));
      if (!session) throw new ApiError(response.status, 'empty', 'an empty answer');
      setCsrf(session.csrf);
      wasIn = true;
      return { kind: 'signed_in', session, endsAt: endOf(session, response) };
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 401)) throw error;
      setCsrf(null);
      const { data } = await answered(api.GET('/api/v1/setup'));
      const elsewhere = data?.sign_in_elsewhere ?? null;
      return { kind: 'signed_out', setup: data?.needed ?? false, ended: wasIn, elsewhere };
    }
  },
  staleTime: 60_000,
  retry: (attempts, error) =>
    attempts < ATTEMPTS_MAX && !(error instanceof ApiError && error.status >= 400 && error.status < 500),
  refetchInterval: (query) => (query.state.status === 'error' ? AGAIN_MS : false),
});

/** The hub's clock and this device's may differ: what counts is how much is left. */
function endOf(session: Session, response: Response): number {
  const hubNow = Date.parse(response.headers.get('date') ?? '');
  const left = Date.parse(session.expires_at) - (Number.isFinite(hubNow) ? hubNow : Date.now());
  return Date.now() + left;
}

/** Ends the session. A hub that cannot be reached has ended nothing: then the page comes back, and says so by its banner. */
export async function signOut(client: QueryClient): Promise<void> {
  const { queryKey } = sessionQuery;
  const before = client.getQueryData(queryKey);
  // Nothing is asked any more while the session goes.
  client.setQueryData(queryKey, { kind: 'signed_out', setup: false, ended: false, elsewhere: null });
  try {
    await done(api.DELETE('/api/v1/session'));
    wasIn = false;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    client.setQueryData(queryKey, before);
  }
  await client.invalidateQueries({ queryKey });
}

export function useSession(): Session | null {
  const { data } = useQuery(sessionQuery);
  return data?.kind === 'signed_in' ? data.session : null;
}

/** Whether whoever is signed in at this moment may do something somewhere. */
export function mayNow(client: QueryClient, permission: Permission): boolean {
  const standing = client.getQueryData(sessionQuery.queryKey);
  return standing?.kind === 'signed_in' && standing.session.permissions.includes(permission);
}

/** Whether the reader may do something somewhere. */
export function useMay(): (permission: Permission) => boolean {
  const session = useSession();
  const held = new Set<Permission>(session?.permissions);
  return (permission) => held.has(permission);
}
