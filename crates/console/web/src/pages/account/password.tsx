// The password of one's own account.
import { type FormEvent, useState } from 'react';
import { ApiError, api, done as finished } from '../../api/client';
import type { Session } from '../../api/types';
import { useReader } from '../../app/reader';
import { Field } from '../../parts/controls';
import { NewPasswordFields, newPasswordOf } from '../../parts/new-password';
import { Problem } from '../../parts/problem';

export function PasswordForm({ session, done }: { session: Session; done: () => void }) {
  const { t } = useReader();
  const [problem, setProblem] = useState<unknown>(null);
  const [differs, setDiffers] = useState(false);
  const [isDone, setDone] = useState(false);
  const change = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const element = event.currentTarget;
    const form = new FormData(element);
    const password = newPasswordOf(form);
    setDiffers(password === null);
    if (password === null) return;
    try {
      const body = { password, current: String(form.get('current')) };
      const params = { path: { id: session.account.id } };
      await finished(api.POST('/api/v1/accounts/{id}/password', { params, body }));
      setProblem(null);
      setDone(true);
      element.reset();
      done();
    } catch (error) {
      setDone(false);
      setProblem(error);
    }
  };
  const isCurrentWrong = problem instanceof ApiError && problem.kind === 'password_wrong';
  return (
    <form className="stack" onSubmit={(event) => void change(event)}>
      {!isCurrentWrong && <Problem error={problem} />}
      {isDone && (
        <p className="banner" data-tone="good" role="status">
          {t('password_changed')}
        </p>
      )}
      <input type="hidden" name="username" autoComplete="username" value={session.account.name} readOnly />
      <Field label={t('password_current')} error={isCurrentWrong ? t('password_current_wrong') : undefined}>
        {(ids) => <input {...ids} name="current" type="password" required autoComplete="current-password" />}
      </Field>
      <NewPasswordFields label={t('password_new')} differs={differs} />
      <button type="submit" className="button" data-look="main">
        {t('password_change')}
      </button>
    </form>
  );
}
