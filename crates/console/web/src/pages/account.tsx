// One's own account: password, second factor, open sessions.
import './entrance.css';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { ask } from '../api/client';
import { useNow, useReader } from '../app/reader';
import { type Session, sessionQuery, useSession } from '../app/session';
import { Badge } from '../parts/marks';
import { Failure, Skeleton, State } from '../parts/state';
import { named } from '../words';
import { PasswordForm, TotpForm } from './account/forms';

interface Opened {
  id: string;
  is_this: boolean;
  opened_at: string;
  seen_at: string;
  address: string;
  agent: string;
}

export function AccountPage() {
  const { t } = useReader();
  const client = useQueryClient();
  const session = useSession();
  if (!session) {
    return (
      <div className="card">
        <State icon="person" title={t('open_hub')} />
      </div>
    );
  }
  const again = () => void client.invalidateQueries({ queryKey: sessionQuery.queryKey });
  return (
    <>
      <header className="page-head">
        <div>
          <h1>{t('my_account')}</h1>
          <p className="soft">
            {session.account.display_name} · {session.account.name} ·{' '}
            {session.roles.map((role) => named(t, 'role', role)).join(', ')}
          </p>
        </div>
      </header>
      <div className="account">
        <section className="card stack" aria-labelledby="own-password">
          <h2 id="own-password">{t('password_change')}</h2>
          <PasswordForm session={session} done={again} />
        </section>
        <section className="card stack" aria-labelledby="own-totp">
          <h2 id="own-totp">{t('totp_title')}</h2>
          {session.has_totp ? <p>{t('totp_on')}</p> : <TotpForm session={session} done={again} />}
        </section>
        <Sessions session={session} />
      </div>
    </>
  );
}

function Sessions({ session }: { session: Session }) {
  const { t, f } = useReader();
  const now = useNow(60_000);
  const client = useQueryClient();
  const path = `/api/v1/accounts/${session.account.id}/sessions`;
  const { data, error, refetch } = useQuery({
    queryKey: ['sessions', session.account.id],
    queryFn: () => ask<{ sessions: Opened[] }>(path).then((answer) => answer.sessions),
  });
  const end = async () => {
    await ask(path, { method: 'DELETE' });
    await client.invalidateQueries({ queryKey: sessionQuery.queryKey });
    await refetch();
  };
  return (
    <section className="card stack" aria-labelledby="own-sessions">
      <div className="card-head">
        <h2 id="own-sessions">{t('my_sessions')}</h2>
        <button type="button" className="button" data-look="bad" onClick={() => void end()}>
          {t('sessions_end_others')}
        </button>
      </div>
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
