// Keys with which programs speak to the hub.
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api, done, take } from '../../api/client';
import type { ApiKey } from '../../api/types';
import { useNow, useReader } from '../../app/reader';
import { useMay } from '../../app/session';
import { DAY_MS, dayOf, toApi } from '../../format/time';
import { Field } from '../../parts/controls';
import { DateInput } from '../../parts/date-input';
import { Dialog } from '../../parts/dialog';
import { Badge } from '../../parts/marks';
import { ShownOnce } from '../../parts/once';
import { Problem } from '../../parts/problem';
import { Failure, Skeleton, State } from '../../parts/state';
import { GrantFields, grantsOf, grantsText } from './grants';
import { API_KEYS_KEY } from './keys-of-queries';

/** As many as the hub gives at once; the newest. */
const ROWS_MAX = 500;

export function Keys() {
  const { t, f } = useReader();
  const now = useNow(60_000);
  const may = useMay();
  const client = useQueryClient();
  const [isAdding, setAdding] = useState(false);
  const [revoked, setRevoked] = useState<ApiKey | null>(null);
  const [problem, setProblem] = useState<unknown>(null);
  const { data, error, refetch } = useQuery({
    queryKey: API_KEYS_KEY,
    queryFn: ({ signal }) =>
      take(api.GET('/api/v1/api-keys', { params: { query: { limit: ROWS_MAX } }, signal })).then(
        (answer) => answer.api_keys,
      ),
  });
  if (!data) return error ? <Failure error={error} retry={() => void refetch()} /> : <Skeleton rows={3} height={4} />;
  const revoke = async (key: ApiKey) => {
    try {
      await done(api.DELETE('/api/v1/api-keys/{id}', { params: { path: { id: key.id } } }));
      await client.invalidateQueries({ queryKey: API_KEYS_KEY });
      setRevoked(null);
    } catch (failure) {
      setProblem(failure);
    }
  };
  return (
    <section className="stack" aria-label={t('api_keys')}>
      {may('accounts.write') && (
        <div className="row">
          <button type="button" className="button" data-look="main" onClick={() => setAdding(true)}>
            {t('key_add')}
          </button>
        </div>
      )}
      {data.length === 0 && <State icon="lock" title={t('keys_none')} />}
      <ul className="stack">
        {data.map((key) => (
          <li key={key.id} className="card account-row">
            <div className="stack">
              <p className="row">
                <strong>{key.name}</strong>
                <span className="mono soft">{key.id}</span>
                <KeyState apiKey={key} now={now} />
              </p>
              <p>{grantsText(t, key.grants)}</p>
              <p className="small soft">
                {t('made_by', { at: f.when(Date.parse(key.created_at), now), by: key.created_by })} · {t('key_used')}:{' '}
                {key.used_at ? f.when(Date.parse(key.used_at), now) : t('never')} · {t('key_expires')}:{' '}
                {key.expires_at ? f.when(Date.parse(key.expires_at), now) : t('key_never')}
              </p>
            </div>
            {!key.revoked_at && may('accounts.write') && (
              <button
                type="button"
                className="button"
                data-look="bad"
                aria-label={t('key_revoke_of', { name: key.name })}
                onClick={() => setRevoked(key)}
              >
                {t('key_revoke')}
              </button>
            )}
          </li>
        ))}
      </ul>
      <Dialog title={t('key_add')} isOpen={isAdding} close={() => setAdding(false)}>
        <AddKey />
      </Dialog>
      <Dialog title={t('key_revoke')} isOpen={revoked !== null} close={() => setRevoked(null)}>
        <div className="stack">
          <Problem error={problem} />
          <p>{t('key_revoke_ask', { name: revoked?.name ?? '' })}</p>
          <p className="row">
            <button type="button" className="button" data-look="bad" onClick={() => revoked && void revoke(revoked)}>
              {t('key_revoke')}
            </button>
            <button type="button" className="button" onClick={() => setRevoked(null)}>
              {t('cancel')}
            </button>
          </p>
        </div>
      </Dialog>
    </section>
  );
}

function KeyState({ apiKey, now }: { apiKey: ApiKey; now: number }) {
  const { t } = useReader();
  if (apiKey.revoked_at) return <Badge tone="plain">{t('key_revoked')}</Badge>;
  const isOver = apiKey.expires_at != null && Date.parse(apiKey.expires_at) <= now;
  return <Badge tone={isOver ? 'plain' : 'good'}>{isOver ? t('key_over') : t('key_active')}</Badge>;
}

function AddKey() {
  const { t } = useReader();
  const client = useQueryClient();
  const [problem, setProblem] = useState<unknown>(null);
  const [hasNoRole, setNoRole] = useState(false);
  const [made, setMade] = useState<string | null>(null);
  const add = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const grants = grantsOf(form);
    setNoRole(grants === null);
    if (!grants) return;
    const end = dayOf(String(form.get('expires')));
    const body = {
      name: String(form.get('purpose')).trim(),
      grants,
      // The day that was chosen is the last one.
      ...(end === null ? {} : { expires_at: toApi(end + DAY_MS - 1_000) }),
    };
    try {
      const answer = await take(api.POST('/api/v1/api-keys', { body }));
      setMade(answer.key);
      await client.invalidateQueries({ queryKey: API_KEYS_KEY });
    } catch (error) {
      setProblem(error);
    }
  };
  if (made) return <ShownOnce help={t('key_once')} secret={made} />;
  return (
    <form className="stack" onSubmit={(event) => void add(event)}>
      <Problem error={problem} />
      <Field label={t('key_name')}>{(ids) => <input {...ids} name="purpose" required autoComplete="off" />}</Field>
      <GrantFields grants={[]} isWrong={hasNoRole} without={['security_admin']} />
      <Field label={t('key_expires')}>{(ids) => <DateInput ids={ids} name="expires" />}</Field>
      <button type="submit" className="button" data-look="main">
        {t('key_add')}
      </button>
    </form>
  );
}
