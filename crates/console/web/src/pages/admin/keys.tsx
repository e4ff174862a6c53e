// Keys with which programs speak to the hub.
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { ask } from '../../api/client';
import { useNow, useReader } from '../../app/reader';
import { useMay } from '../../app/session';
import { dayOf, toApi } from '../../format/time';
import { Field } from '../../parts/controls';
import { Dialog } from '../../parts/dialog';
import { Badge } from '../../parts/marks';
import { Problem } from '../../parts/problem';
import { Failure, Skeleton, State } from '../../parts/state';
import { type Grant, GrantFields, grantsOf, grantsText } from './grants';

interface Key {
  id: string;
  name: string;
  grants: Grant[];
  created_at: string;
  created_by: string;
  expires_at: string | null;
  used_at: string | null;
  revoked_at: string | null;
}

export function Keys() {
  const { t, f } = useReader();
  const now = useNow(60_000);
  const may = useMay();
  const client = useQueryClient();
  const [isAdding, setAdding] = useState(false);
  const [revoked, setRevoked] = useState<Key | null>(null);
  const [problem, setProblem] = useState<unknown>(null);
  const { data, error, refetch } = useQuery({
    queryKey: ['api-keys'],
    queryFn: () => ask<{ api_keys: Key[] }>('/api/v1/api-keys?limit=500').then((answer) => answer.api_keys),
  });
  if (!data) return error ? <Failure error={error} retry={() => void refetch()} /> : <Skeleton rows={3} height={4} />;
  const revoke = async (key: Key) => {
    try {
      await ask(`/api/v1/api-keys/${encodeURIComponent(key.id)}`, { method: 'DELETE' });
      await client.invalidateQueries({ queryKey: ['api-keys'] });
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
            <p className="row">
              <strong>{key.name}</strong>
              <span className="mono soft">{key.id}</span>
              <Badge tone={key.revoked_at ? 'plain' : 'good'}>
                {key.revoked_at ? t('key_revoked') : t('key_active')}
              </Badge>
            </p>
            <p>{grantsText(t, key.grants)}</p>
            <p className="row small soft">
              {t('added_by', { at: f.when(Date.parse(key.created_at), now), by: key.created_by })} · {t('key_used')}:{' '}
              {key.used_at ? f.when(Date.parse(key.used_at), now) : t('never')} · {t('key_expires')}:{' '}
              {key.expires_at ? f.when(Date.parse(key.expires_at), now) : t('key_never')}
              {!key.revoked_at && may('accounts.write') && (
                <button type="button" className="button" data-look="bad" onClick={() => setRevoked(key)}>
                  {t('key_revoke')}
                </button>
              )}
            </p>
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

function AddKey() {
  const { t } = useReader();
  const client = useQueryClient();
  const [problem, setProblem] = useState<unknown>(null);
  const [hasNoRole, setNoRole] = useState(false);
  const [made, setMade] = useState<string | null>(null);
  const [isCopied, setCopied] = useState(false);
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
      ...(end === null ? {} : { expires_at: toApi(end) }),
    };
    try {
      const answer = await ask<{ key: string }>('/api/v1/api-keys', { method: 'POST', body });
      setMade(answer.key);
      await client.invalidateQueries({ queryKey: ['api-keys'] });
    } catch (error) {
      setProblem(error);
    }
  };
  if (made) {
    return (
      <div className="stack">
        <p>{t('key_once')}</p>
        <p className="mono key-once">{made}</p>
        <button
          type="button"
          className="button"
          data-look="main"
          onClick={() => void navigator.clipboard.writeText(made).then(() => setCopied(true))}
        >
          {isCopied ? t('copied') : t('copy')}
        </button>
      </div>
    );
  }
  return (
    <form className="stack" onSubmit={(event) => void add(event)}>
      <Problem error={problem} />
      <Field label={t('key_name')}>{(ids) => <input {...ids} name="purpose" required autoComplete="off" />}</Field>
      <GrantFields grants={[]} isWrong={hasNoRole} />
      <Field label={t('key_expires')}>{(ids) => <input {...ids} name="expires" type="date" />}</Field>
      <button type="submit" className="button" data-look="main">
        {t('key_add')}
      </button>
    </form>
  );
}
