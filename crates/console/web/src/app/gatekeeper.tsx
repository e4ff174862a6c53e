// Shows the console to those who are signed in, and the way in to the others.
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { lazy, type ReactNode, Suspense, useEffect } from 'react';
import { follow } from '../live/store';
import { Failure } from '../parts/state';
import { useReader } from './reader';
import { sessionQuery } from './session';

const SignIn = lazy(() => import('../pages/sign-in').then((page) => ({ default: page.SignIn })));
const Duties = lazy(() => import('../pages/duties').then((page) => ({ default: page.Duties })));
const Setup = lazy(() => import('../pages/setup').then((page) => ({ default: page.Setup })));

export function Gatekeeper({ children }: { children: ReactNode }) {
  const { data, error, refetch } = useQuery(sessionQuery);
  const client = useQueryClient();
  const duties = data?.kind === 'signed_in' ? (data.session.duties ?? []) : [];
  const isIn = data?.kind === 'open' || (data?.kind === 'signed_in' && duties.length === 0);
  useEffect(() => (isIn ? follow(client) : undefined), [isIn, client]);
  if (!data) {
    if (!error) return <Curtain />;
    return (
      <main className="entrance">
        <Failure error={error} retry={() => void refetch()} />
      </main>
    );
  }
  if (isIn) return children;
  if (data.kind === 'signed_in') {
    return (
      <Suspense fallback={<Curtain />}>
        <Duties session={data.session} />
      </Suspense>
    );
  }
  return (
    <Suspense fallback={<Curtain />}>{data.kind === 'signed_out' && data.setup ? <Setup /> : <SignIn />}</Suspense>
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
