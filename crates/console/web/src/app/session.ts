// Who is at the desk. A hub that knows no accounts asks for no login: then everything is open.
import { queryOptions, useQuery } from '@tanstack/react-query';
import { ApiError, ask, setCsrf } from '../api/client';

export interface Session {
  account: { id: string; name: string; display_name: string; language?: string | null };
  roles: string[];
  sites: string[];
  permissions: string[];
  /** What must be seen to before anything else: `password`, `totp`. */
  duties?: string[];
  has_totp?: boolean;
  csrf: string;
  expires_at: string;
}

export type Standing =
  | { kind: 'open' }
  | { kind: 'signed_in'; session: Session }
  | { kind: 'signed_out'; setup: boolean };

export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: async (): Promise<Standing> => {
    try {
      const session = await ask<Session>('/api/v1/session');
      setCsrf(session.csrf);
      return { kind: 'signed_in', session };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setCsrf(null);
      if (error.status === 404) return { kind: 'open' };
      if (error.status !== 401) throw error;
      return { kind: 'signed_out', setup: await isSetupNeeded() };
    }
  },
  staleTime: 60_000,
  retry: 3,
});

async function isSetupNeeded(): Promise<boolean> {
  try {
    return (await ask<{ needed: boolean }>('/api/v1/setup')).needed;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return false;
    throw error;
  }
}

export function useSession(): Session | null {
  const { data } = useQuery(sessionQuery);
  return data?.kind === 'signed_in' ? data.session : null;
}

/** Whether the reader may do something, by the name of the permission. A hub without accounts lets everybody. */
export function useMay(): (permission: string) => boolean {
  const { data } = useQuery(sessionQuery);
  if (data?.kind === 'open') return () => true;
  const held = new Set(data?.kind === 'signed_in' ? data.session.permissions : []);
  return (permission) => held.has(permission);
}
