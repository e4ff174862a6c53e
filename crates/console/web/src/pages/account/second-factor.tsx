// The second factor of one's own account: six digits of an authenticator. The picture is drawn here: the secret goes to
// nobody else.
import { type FormEvent, useState } from 'react';
import { renderSVG } from 'uqr';
import { ApiError, api, done as finished, take } from '../../api/client';
import type { Session } from '../../api/types';
import { useReader } from '../../app/reader';
import { Field } from '../../parts/controls';
import { Problem } from '../../parts/problem';

interface Props {
  session: Session;
  done: () => void;
}

export function SecondFactor({ session, done }: Props) {
  return session.has_totp ? <TakeAway session={session} done={done} /> : <TotpForm session={session} done={done} />;
}

function TakeAway({ session, done }: Props) {
  const { t } = useReader();
  const [problem, setProblem] = useState<unknown>(null);
  const [isSure, setSure] = useState(false);
  const remove = async () => {
    try {
      await finished(api.DELETE('/api/v1/accounts/{id}/totp', { params: { path: { id: session.account.id } } }));
      done();
    } catch (error) {
      setProblem(error);
    }
  };
  return (
    <div className="stack">
      <Problem error={problem} />
      <p>{isSure ? t('totp_remove_ask') : t('totp_on')}</p>
      <p className="row">
        <button
          type="button"
          className="button"
          data-look="bad"
          onClick={() => (isSure ? void remove() : setSure(true))}
        >
          {t('remove_totp')}
        </button>
        {isSure && (
          <button type="button" className="button" onClick={() => setSure(false)}>
            {t('cancel')}
          </button>
        )}
      </p>
    </div>
  );
}

export function TotpForm({ session, done }: Props) {
  const { t } = useReader();
  const [made, setMade] = useState<{ secret: string; uri: string } | null>(null);
  const [problem, setProblem] = useState<unknown>(null);
  const params = { path: { id: session.account.id } };
  const begin = async () => {
    try {
      setMade(await take(api.POST('/api/v1/accounts/{id}/totp', { params, body: {} })));
      setProblem(null);
    } catch (error) {
      setProblem(error);
    }
  };
  const confirm = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const code = String(new FormData(event.currentTarget).get('code')).replace(/\s/g, '');
    try {
      await finished(api.POST('/api/v1/accounts/{id}/totp', { params, body: { code } }));
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
        <p className="soft">{t('totp_why')}</p>
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
      <img className="totp-code" src={picture} alt={t('totp_picture')} width="220" height="220" />
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
