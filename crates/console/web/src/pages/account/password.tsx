// The password of one's own account.
import { type FormEvent, useState } from 'react';
import { ApiError, api, done as finished } from '../../api/client';
import type { Session } from '../../api/types';
import { useReader } from '../../app/reader';
import { Field } from '../../parts/controls';
import { Problem } from '../../parts/problem';

/** What the hub takes at the least. */
export const PASSWORD_MIN = 12;

export function PasswordForm({ session, done }: { session: Session; done: () => void }) {
  const { t } = useReader();
  const [problem, setProblem] = useState<unknown>(null);
  const [differs, setDiffers] = useState(false);
  const [isDone, setDone] = useState(false);
  const change = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const element = event.currentTarget;
    const form = new FormData(element);
    const password = String(form.get('password'));
    const isSame = password === String(form.get('again'));
    setDiffers(!isSame);
    if (!isSame) return;
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
      <Field label={t('password_new')} help={t('password_rules')}>
        {(ids) => (
          <input
            {...ids}
            name="password"
            type="password"
            required
            minLength={PASSWORD_MIN}
            autoComplete="new-password"
          />
        )}
      </Field>
      <Field label={t('password_again')} error={differs ? t('password_differs') : undefined}>
        {(ids) => <input {...ids} name="again" type="password" required autoComplete="new-password" />}
      </Field>
      <button type="submit" className="button" data-look="main">
        {t('password_change')}
      </button>
    </form>
  );
}
