// Name for people and language, which holds on every device where the account signs in.
import { type FormEvent, useState } from 'react';
import { api, take } from '../../api/client';
import type { Session } from '../../api/types';
import { prefer } from '../../app/preferences';
import { useReader } from '../../app/reader';
import { Field } from '../../parts/controls';
import { Problem } from '../../parts/problem';
import { LANGUAGES } from '../../words';

export function ProfileForm({ session, done }: { session: Session; done: () => void }) {
  const { t } = useReader();
  const [problem, setProblem] = useState<unknown>(null);
  const [isDone, setDone] = useState(false);
  const { id, display_name, language } = session.account;
  const save = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const chosen = LANGUAGES.find((known) => known === form.get('language')) ?? 'vi';
    const body = { display_name: String(form.get('display')).trim(), language: chosen };
    try {
      await take(api.PATCH('/api/v1/accounts/{id}', { params: { path: { id } }, body }));
      setProblem(null);
      setDone(true);
      prefer({ language: chosen });
      done();
    } catch (error) {
      setDone(false);
      setProblem(error);
    }
  };
  return (
    <form className="stack" onSubmit={(event) => void save(event)}>
      <Problem error={problem} />
      {isDone && (
        <p className="banner" data-tone="good" role="status">
          {t('done_saved')}
        </p>
      )}
      <Field label={t('display_name')}>
        {(ids) => <input {...ids} name="display" required autoComplete="name" defaultValue={display_name} />}
      </Field>
      <Field label={t('language')} help={t('language_help')}>
        {(ids) => (
          <select {...ids} name="language" defaultValue={language}>
            {LANGUAGES.map((known) => (
              <option key={known} value={known}>
                {t(`language_${known}`)}
              </option>
            ))}
          </select>
        )}
      </Field>
      <button type="submit" className="button" data-look="main">
        {t('save')}
      </button>
    </form>
  );
}
