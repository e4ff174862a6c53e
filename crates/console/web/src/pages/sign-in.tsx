// The way in: name, password and, where the account has one, the code of the authenticator.
import './entrance.css';
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { ApiError, ask } from '../api/client';
import { useReader } from '../app/reader';
import { sessionQuery } from '../app/session';
import { Field } from '../parts/controls';
import { named } from '../words';
import { LanguageChoice } from './language-choice';

const KNOWN = ['password_wrong', 'totp_needed', 'totp_wrong', 'locked', 'disabled'];

export function SignIn() {
  const { t } = useReader();
  const client = useQueryClient();
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [totp, setTotp] = useState('');
  const [asksTotp, setAsksTotp] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);

  const enter = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      const body = { name: name.trim(), password, ...(asksTotp ? { totp: totp.replace(/\s/g, '') } : {}) };
      await ask('/api/v1/session', { method: 'POST', body });
      await client.invalidateQueries({ queryKey: sessionQuery.queryKey });
    } catch (error) {
      const kind = error instanceof ApiError ? error.kind : '';
      if (kind === 'totp_needed' || kind === 'totp_wrong') setAsksTotp(true);
      setProblem(
        KNOWN.includes(kind)
          ? named(t, 'problem', kind)
          : error instanceof ApiError && error.status === 0
            ? t('error_network')
            : t('error_answer', { detail: error instanceof Error ? error.message : String(error) }),
      );
    } finally {
      setBusy(false);
    }
  };

  return (
    <main className="entrance">
      <form className="card entrance-card" onSubmit={(event) => void enter(event)}>
        <img src="/icon.svg" alt="" width="48" height="48" />
        <h1>{t('sign_in')}</h1>
        <p className="soft">{t('sign_in_help')}</p>
        {problem && (
          <p className="banner" data-tone="bad" role="alert">
            {problem}
          </p>
        )}
        <Field label={t('name')}>
          {(ids) => (
            <input
              {...ids}
              name="username"
              autoComplete="username"
              autoCapitalize="none"
              required
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
        <Field label={t('password')}>
          {(ids) => (
            <input
              {...ids}
              name="password"
              type="password"
              autoComplete="current-password"
              required
              value={password}
              onChange={(event) => setPassword(event.target.value)}
            />
          )}
        </Field>
        {asksTotp && (
          <Field label={t('totp')} help={t('totp_help')}>
            {(ids) => (
              <input
                {...ids}
                name="totp"
                inputMode="numeric"
                autoComplete="one-time-code"
                required
                value={totp}
                onChange={(event) => setTotp(event.target.value)}
              />
            )}
          </Field>
        )}
        <button type="submit" className="button" data-look="main" disabled={isBusy}>
          {t('sign_in')}
        </button>
        <LanguageChoice />
      </form>
    </main>
  );
}
