// The way in: name, password and, where the account has one, the code of the authenticator. Or the identity provider, where
// the hub knows one.
import './entrance.css';
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { ApiError, answered, api } from '../api/client';
import { forgetRefusal, refusedElsewhere, START } from '../app/elsewhere';
import { prefer } from '../app/preferences';
import { useReader } from '../app/reader';
import { sessionQuery } from '../app/session';
import type { Format } from '../format/format';
import { Field } from '../parts/controls';
import { isKey, LANGUAGES, named, type Translate } from '../words';
import { LanguageChoice } from './language-choice';

const KNOWN = ['password_wrong', 'totp_needed', 'totp_wrong', 'disabled'];

/** A code that is asked for is no failure. */
function isAsked(problem: unknown): boolean {
  return problem instanceof ApiError && problem.kind === 'totp_needed';
}

function problemText(t: Translate, f: Format, problem: unknown): string {
  if (!(problem instanceof ApiError)) return t('error_answer', { detail: String(problem) });
  if (problem.status === 0) return t('error_network');
  if (problem.kind === 'locked') return t('problem_locked', { wait: f.span(problem.waitMs ?? 60_000) });
  return KNOWN.includes(problem.kind)
    ? named(t, 'problem', problem.kind)
    : t('error_answer', { detail: problem.detail });
}

/** What came of the sign-in at the provider, in words of this page: the address may say anything. */
function elsewhereText(t: Translate, word: string): string {
  const key = `elsewhere_${word}`;
  return isKey(key) ? t(key) : t('elsewhere_failed');
}

export function SignIn({ hasEnded, elsewhere }: { hasEnded: boolean; elsewhere: string | null }) {
  const { t, f } = useReader();
  const client = useQueryClient();
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [totp, setTotp] = useState('');
  const [asksTotp, setAsksTotp] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const [refused, setRefused] = useState(refusedElsewhere);

  const enter = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    forgetRefusal();
    setRefused(null);
    try {
      const body = { name: name.trim(), password, ...(asksTotp ? { totp: totp.replace(/\s/g, '') } : {}) };
      const { data } = await answered(api.POST('/api/v1/session', { body }));
      const language = LANGUAGES.find((known) => known === data?.account.language);
      if (language) prefer({ language });
      await client.invalidateQueries({ queryKey: sessionQuery.queryKey });
    } catch (error) {
      const kind = error instanceof ApiError ? error.kind : '';
      if (kind === 'totp_needed' || kind === 'totp_wrong') {
        setAsksTotp(true);
        setTotp('');
      }
      setProblem(error);
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
        {refused !== null && (
          <p className="banner" data-tone="bad" role="alert">
            {elsewhereText(t, refused)}
          </p>
        )}
        {hasEnded && !problem && (
          <p className="banner" data-tone="info" role="status">
            {t('session_ended')}
          </p>
        )}
        {problem !== null && (
          <p className="banner" data-tone={isAsked(problem) ? 'info' : 'bad'} role="alert">
            {problemText(t, f, problem)}
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
                // biome-ignore lint/a11y/noAutofocus: it has just been asked for, and nothing else is left to do
                autoFocus
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
        {elsewhere !== null && (
          // Not a page of the console: the hub itself leads away from here.
          <a className="button" href={START}>
            {t('sign_in_elsewhere', { label: elsewhere })}
          </a>
        )}
        <LanguageChoice />
      </form>
    </main>
  );
}
