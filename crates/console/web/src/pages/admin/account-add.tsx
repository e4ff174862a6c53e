// A new account.
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api, take } from '../../api/client';
import { useReader } from '../../app/reader';
import { Field } from '../../parts/controls';
import { PASSWORD_MIN } from '../../parts/new-password';
import { Problem } from '../../parts/problem';
import { GrantFields, grantsOf } from './grants';
import { ACCOUNTS_KEY } from './keys-of-queries';

export function AddForm({ done }: { done: () => void }) {
  const { t, language } = useReader();
  const client = useQueryClient();
  const [problem, setProblem] = useState<unknown>(null);
  const [hasNoRole, setNoRole] = useState(false);
  const add = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const grants = grantsOf(form);
    setNoRole(grants === null);
    if (!grants) return;
    const text = (name: string) => String(form.get(name)).trim();
    const password = String(form.get('first'));
    const body = { name: text('username'), display_name: text('display'), language, password, grants };
    try {
      await take(api.POST('/api/v1/accounts', { body }));
      await client.invalidateQueries({ queryKey: ACCOUNTS_KEY });
      done();
    } catch (error) {
      setProblem(error);
    }
  };
  return (
    <form className="stack" onSubmit={(event) => void add(event)}>
      <Problem error={problem} />
      <Field label={t('name')} help={t('name_help')}>
        {(ids) => (
          <input
            {...ids}
            name="username"
            required
            autoComplete="off"
            autoCapitalize="none"
            pattern="[a-z0-9._@\-]{2,64}"
          />
        )}
      </Field>
      <Field label={t('display_name')}>{(ids) => <input {...ids} name="display" required autoComplete="off" />}</Field>
      <Field label={t('first_password')} help={t('first_password_help')}>
        {(ids) => (
          <input {...ids} name="first" type="password" required minLength={PASSWORD_MIN} autoComplete="new-password" />
        )}
      </Field>
      <GrantFields grants={[]} isWrong={hasNoRole} />
      <button type="submit" className="button" data-look="main">
        {t('account_add')}
      </button>
    </form>
  );
}
