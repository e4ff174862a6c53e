// An account that is there: its name, its roles, its password, whether it may sign in. One's own rights nobody changes.
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api, done as finished, take } from '../../api/client';
import type { Account } from '../../api/types';
import { useReader } from '../../app/reader';
import { useSession } from '../../app/session';
import { Field } from '../../parts/controls';
import { PASSWORD_MIN } from '../../parts/new-password';
import { Problem } from '../../parts/problem';
import { GrantFields, grantsOf } from './grants';
import { ACCOUNTS_KEY } from './keys-of-queries';

export function ChangeForm({ account, done }: { account: Account; done: () => void }) {
  const { t } = useReader();
  const client = useQueryClient();
  const session = useSession();
  const [problem, setProblem] = useState<unknown>(null);
  const [hasNoRole, setNoRole] = useState(false);
  const isOwn = session?.account.id === account.id;
  const path = { id: account.id };
  const params = { path };
  const send = async (what: Promise<unknown>) => {
    try {
      await what;
      await client.invalidateQueries({ queryKey: ACCOUNTS_KEY });
      done();
    } catch (error) {
      setProblem(error);
    }
  };
  const change = (body: { display_name?: string; grants?: Account['grants']; enabled?: boolean }) => {
    // Somebody else may have changed it since it was read.
    const header = { 'if-match': `"${account.version}"` };
    void send(take(api.PATCH('/api/v1/accounts/{id}', { params: { path, header }, body })));
  };
  const save = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const grants = isOwn ? undefined : grantsOf(form);
    setNoRole(grants === null);
    if (grants === null) return;
    change({ display_name: String(form.get('display')).trim(), ...(grants ? { grants } : {}) });
  };
  const reset = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const password = String(new FormData(event.currentTarget).get('first'));
    void send(finished(api.POST('/api/v1/accounts/{id}/password', { params, body: { password } })));
  };
  return (
    <div className="stack">
      <Problem error={problem} />
      <form className="stack" onSubmit={save}>
        <Field label={t('display_name')}>
          {(ids) => <input {...ids} name="display" required defaultValue={account.display_name} />}
        </Field>
        {account.signs_in_elsewhere && <p className="soft">{t('roles_elsewhere')}</p>}
        {isOwn ? (
          <p className="soft">{t('own_rights')}</p>
        ) : (
          <GrantFields grants={account.grants} isWrong={hasNoRole} />
        )}
        <button type="submit" className="button" data-look="main">
          {t('save')}
        </button>
      </form>
      {!isOwn && (
        <>
          {!account.signs_in_elsewhere && (
            <form className="stack part" onSubmit={reset}>
              <Field label={t('first_password')} help={t('reset_password_help')}>
                {(ids) => (
                  <input
                    {...ids}
                    name="first"
                    type="password"
                    required
                    minLength={PASSWORD_MIN}
                    autoComplete="new-password"
                  />
                )}
              </Field>
              <button type="submit" className="button">
                {t('reset_password')}
              </button>
            </form>
          )}
          <p className="row part">
            {account.locked_until && (
              <button
                type="button"
                className="button"
                onClick={() => void send(finished(api.POST('/api/v1/accounts/{id}/unlock', { params })))}
              >
                {t('unlock')}
              </button>
            )}
            {account.has_totp && (
              <button
                type="button"
                className="button"
                data-look="bad"
                onClick={() => void send(finished(api.DELETE('/api/v1/accounts/{id}/totp', { params })))}
              >
                {t('remove_totp')}
              </button>
            )}
            <button
              type="button"
              className="button"
              onClick={() => void send(finished(api.DELETE('/api/v1/accounts/{id}/sessions', { params })))}
            >
              {t('end_sessions')}
            </button>
            <button
              type="button"
              className="button"
              data-look={account.enabled ? 'bad' : undefined}
              onClick={() => change({ enabled: !account.enabled })}
            >
              {account.enabled ? t('disable') : t('enable')}
            </button>
          </p>
        </>
      )}
    </div>
  );
}
