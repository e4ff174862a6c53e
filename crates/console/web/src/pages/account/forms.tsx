// The password and the second factor of one's own account.
import { type FormEvent, useState } from 'react';
import { renderSVG } from 'uqr';
import { ApiError, ask } from '../../api/client';
import { useReader } from '../../app/reader';
import type { Session } from '../../app/session';
import { Field } from '../../parts/controls';
import { Problem } from '../../parts/problem';

const PASSWORD_MIN = 12;

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
      await ask(`/api/v1/accounts/${session.account.id}/password`, { method: 'POST', body });
      setProblem(null);
      setDone(true);
      element.reset();
      done();
    } catch (error) {
      setProblem(error);
    }
  };
  return (
    <form className="stack" onSubmit={(event) => void change(event)}>
      <Problem error={problem} />
      {isDone && (
        <p className="banner" data-tone="good" role="status">
          {t('password_changed')}
        </p>
      )}
      <input type="hidden" name="username" autoComplete="username" value={session.account.name} readOnly />
      <Field label={t('password_current')}>
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

export function TotpForm({ session, done }: { session: Session; done: () => void }) {
  const { t } = useReader();
  const [made, setMade] = useState<{ secret: string; uri: string } | null>(null);
  const [problem, setProblem] = useState<unknown>(null);
  const path = `/api/v1/accounts/${session.account.id}/totp`;
  const begin = async () => {
    try {
      setMade(await ask(path, { method: 'POST', body: {} }));
      setProblem(null);
    } catch (error) {
      setProblem(error);
    }
  };
  const confirm = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const code = String(new FormData(event.currentTarget).get('code')).replace(/\s/g, '');
    try {
      await ask(path, { method: 'POST', body: { code } });
      setProblem(null);
      done();
    } catch (error) {
      setProblem(error);
    }
  };
  if (!made) {
    return (
      <div className="stack">
        <Problem error={problem} />
        <button type="button" className="button" data-look="main" onClick={() => void begin()}>
          {t('totp_begin')}
        </button>
      </div>
    );
  }
  const picture = `data:image/svg+xml,${encodeURIComponent(renderSVG(made.uri))}`;
  const isWrong = problem instanceof ApiError && problem.kind === 'totp_wrong';
  return (
    <form className="stack" onSubmit={(event) => void confirm(event)}>
      {!isWrong && <Problem error={problem} />}
      <p>{t('totp_scan')}</p>
      <img className="totp-code" src={picture} alt={t('totp_title')} width="220" height="220" />
      <p>
        {t('totp_secret')}: <span className="mono">{made.secret.replace(/(.{4})/g, '$1 ')}</span>
      </p>
      <Field label={t('totp')} error={isWrong ? t('problem_totp_wrong') : undefined}>
        {(ids) => (
          <input {...ids} name="code" inputMode="numeric" autoComplete="one-time-code" required maxLength={9} />
        )}
      </Field>
      <button type="submit" className="button" data-look="main">
        {t('totp_confirm')}
      </button>
    </form>
  );
}
