// Shows the console to those who are signed in, and the way in to the others.
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { lazy, type ReactNode, Suspense, useEffect } from 'react';
import type { Permission } from '../api/types';
import { follow } from '../live/store';
import { Failure } from '../parts/state';
import './elsewhere';
import { useReader } from './reader';
import { sessionQuery } from './session';

const SignIn = lazy(() => import('../pages/sign-in').then((page) => ({ default: page.SignIn })));
const Duties = lazy(() => import('../pages/duties').then((page) => ({ default: page.Duties })));
const Setup = lazy(() => import('../pages/setup').then((page) => ({ default: page.Setup })));

const NONE: readonly Permission[] = [];

export function Gatekeeper({ children }: { children: ReactNode }) {
  const { data, error, refetch } = useQuery(sessionQuery);
  const client = useQueryClient();
  const session = data?.kind === 'signed_in' ? data.session : null;
  const isIn = session !== null && session.duties.length === 0;
  const who = isIn ? session.account.id : null;
  // The query keeps the list while what it says stays the same.
  const permissions = isIn ? session.permissions : NONE;
  useEffect(() => {
    if (who === null) return;
    const end = follow(client, new Set(permissions));
    return () => {
      end();
      // Whoever comes next sees nothing that this one was shown.
      client.removeQueries({ predicate: (query) => query.queryKey[0] !== sessionQuery.queryKey[0] });
    };
  }, [who, permissions, client]);
  if (!data) {
    if (!error) return <Curtain />;
    return (
      <main className="entrance">
        <Failure error={error} retry={() => void refetch()} />
      </main>
    );
  }
  if (isIn) return children;
  return (
    <Suspense fallback={<Curtain />}>
      {data.kind === 'signed_in' ? (
        <Duties session={data.session} />
      ) : data.setup ? (
        <Setup />
      ) : (
        <SignIn hasEnded={data.ended} elsewhere={data.elsewhere} />
      )}
    </Suspense>
  );
}

function Curtain() {
  const { t } = useReader();
  return (
    <main className="entrance" aria-busy="true">
      <img src="/icon.svg" alt="" width="48" height="48" />
      <p className="soft">{t('loading')}</p>
    </main>
  );
}
