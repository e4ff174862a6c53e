// A new password, typed twice.
import { useReader } from '../app/reader';
import { Field } from './controls';

/** What the hub takes at the least. */
export const PASSWORD_MIN = 12;

/** The password of a form with these fields; nothing where both differ. */
export function newPasswordOf(form: FormData): string | null {
  const password = String(form.get('password'));
  return password === String(form.get('again')) ? password : null;
}

export function NewPasswordFields({ label, differs }: { label: string; differs: boolean }) {
  const { t } = useReader();
  return (
    <>
      <Field label={label} help={t('password_rules')}>
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
    </>
  );
}
