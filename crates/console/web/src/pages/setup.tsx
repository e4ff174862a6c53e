// The first account of a new hub. There is no default password: whoever reads the one-time code sets it.
import './entrance.css';
import './set-up/set-up.css';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { setupQuery } from '../api/appliance';
import { ApiError, answered, api } from '../api/client';
import { useReader } from '../app/reader';
import { sessionQuery } from '../app/session';
import { Field } from '../parts/controls';
import { NewPasswordFields, newPasswordOf } from '../parts/new-password';
import { LanguageChoice } from './language-choice';
import { Steps } from './set-up/steps';

export function Setup() {
  const { t, language } = useReader();
  const client = useQueryClient();
  const { data } = useQuery(setupQuery);
  const [problem, setProblem] = useState<string | null>(null);
  const [differs, setDiffers] = useState(false);
  const [isBusy, setBusy] = useState(false);

  const create = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (name: string) => String(form.get(name) ?? '');
    const password = newPasswordOf(form);
    setDiffers(password === null);
    if (password === null) return;
    setBusy(true);
    setProblem(null);
    try {
      const name = text('username').trim();
      // The hub signs the new administrator in with its answer.
      const display_name = text('display').trim();
      const body = { code: text('code').trim(), name, display_name, password, language };
      await answered(api.POST('/api/v1/setup', { body }));
      await client.invalidateQueries({ queryKey: sessionQuery.queryKey });
    } catch (error) {
      const isCode = error instanceof ApiError && error.kind === 'code_wrong';
      const detail = error instanceof Error ? error.message : String(error);
      setProblem(isCode ? t('problem_code_wrong') : t('error_answer', { detail }));
      await client.invalidateQueries({ queryKey: sessionQuery.queryKey });
    } finally {
      setBusy(false);
    }
  };

  return (
    <main className="entrance">
      <form className="card entrance-card" onSubmit={(event) => void create(event)}>
        <img src="/icon.svg" alt="" width="48" height="48" />
        {data?.sets_up_gates && <Steps at="admin" />}
        <h1>{t('setup_title')}</h1>
        <p className="soft">{t('setup_help')}</p>
        {problem && (
          <p className="banner" data-tone="bad" role="alert">
            {problem}
          </p>
        )}
        <Field label={t('setup_code')} help={t('setup_code_help')}>
          {(ids) => <input {...ids} name="code" required autoComplete="off" />}
        </Field>
        <Field label={t('name')}>
          {(ids) => <input {...ids} name="username" required autoComplete="username" autoCapitalize="none" />}
        </Field>
        <Field label={t('display_name')}>
          {(ids) => <input {...ids} name="display" required autoComplete="name" />}
        </Field>
        <NewPasswordFields label={t('password')} differs={differs} />
        <button type="submit" className="button" data-look="main" disabled={isBusy}>
          {t('setup_create')}
        </button>
        <LanguageChoice />
      </form>
    </main>
  );
}
