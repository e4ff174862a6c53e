// One's own account: name, language, password, second factor, open sessions.
import './entrance.css';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, done, take } from '../api/client';
import type { Session } from '../api/types';
import { useNow, useReader } from '../app/reader';
import { sessionQuery, useSession } from '../app/session';
import { Badge } from '../parts/marks';
import { Problem } from '../parts/problem';
import { Failure, Skeleton } from '../parts/state';
import { PasswordForm } from './account/password';
import { ProfileForm } from './account/profile';
import { SecondFactor } from './account/second-factor';

export function AccountPage() {
  const { t } = useReader();
  const client = useQueryClient();
  const session = useSession();
  if (!session) return null;
  const again = () => void client.invalidateQueries({ queryKey: sessionQuery.queryKey });
  const where = session.sites.includes('*') ? t('all_sites') : session.sites.join(', ');
  return (
    <>
      <header className="page-head">
        <div>
          <h1>{t('my_account')}</h1>
          <p className="soft">
            {session.account.name} · {session.roles.map((role) => t(`role_${role}`)).join(', ')} · {where}
          </p>
        </div>
      </header>
      <div className="account">
        <section className="card stack" aria-labelledby="own-profile">
          <h2 id="own-profile">{t('own_profile')}</h2>
          <ProfileForm session={session} done={again} />
        </section>
        <section className="card stack" aria-labelledby="own-password">
          <h2 id="own-password">{t('password')}</h2>
          <PasswordForm session={session} done={again} />
        </section>
        <section className="card stack" aria-labelledby="own-totp">
          <h2 id="own-totp">{t('totp_title')}</h2>
          <SecondFactor session={session} done={again} />
        </section>
        <Sessions session={session} />
      </div>
    </>
  );
}

function Sessions({ session }: { session: Session }) {
  const { t, f } = useReader();
  const now = useNow(60_000);
  const [problem, setProblem] = useState<unknown>(null);
  const params = { path: { id: session.account.id } };
  const { data, error, refetch } = useQuery({
    queryKey: ['sessions', session.account.id],
    queryFn: ({ signal }) =>
      take(api.GET('/api/v1/accounts/{id}/sessions', { params, signal })).then((answer) => answer.sessions),
  });
  const end = async () => {
    try {
      await done(api.DELETE('/api/v1/accounts/{id}/sessions', { params }));
      setProblem(null);
      await refetch();
    } catch (failure) {
      setProblem(failure);
    }
  };
  return (
    <section className="card stack" aria-labelledby="own-sessions">
      <div className="card-head">
        <h2 id="own-sessions">{t('my_sessions')}</h2>
        {data && data.length > 1 && (
          <button type="button" className="button" data-look="bad" onClick={() => void end()}>
            {t('sessions_end_others')}
          </button>
        )}
      </div>
      <Problem error={problem} />
      {error && !data && <Failure error={error} retry={() => void refetch()} />}
      {!error && !data && <Skeleton rows={2} height={3} />}
      <ul className="stack">
        {data?.map((one) => (
          <li key={one.id}>
            <p className="row">
              <strong>{one.address}</strong>
              {one.is_this && <Badge tone="info">{t('session_this')}</Badge>}
              <span className="soft small">
                {t('opened')} {f.when(Date.parse(one.opened_at), now)} · {t('seen_at')}{' '}
                {f.ago(Date.parse(one.seen_at), now)}
              </span>
            </p>
            <p className="soft small">{one.agent}</p>
          </li>
        ))}
      </ul>
    </section>
  );
}
