// Accounts: who may sign in, and what for.
import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { ask } from '../../api/client';
import { useNow, useReader } from '../../app/reader';
import { useMay, useSession } from '../../app/session';
import { Field } from '../../parts/controls';
import { Dialog } from '../../parts/dialog';
import { Icon } from '../../parts/icon';
import { Badge } from '../../parts/marks';
import { Problem } from '../../parts/problem';
import { Failure, Skeleton, State } from '../../parts/state';
import { type Grant, GrantFields, grantsOf, grantsText } from './grants';

interface Account {
  id: string;
  name: string;
  display_name: string;
  language: string;
  grants: Grant[];
  enabled: boolean;
  has_totp: boolean;
  must_change_password: boolean;
  signed_in_at: string | null;
}

interface Page {
  accounts: Account[];
  next: string | null;
}

const PAGE_ROWS = 100;

export function Accounts() {
  const { t, f } = useReader();
  const now = useNow(60_000);
  const may = useMay();
  const [isAdding, setAdding] = useState(false);
  const [changed, setChanged] = useState<Account | null>(null);
  const found = useInfiniteQuery({
    queryKey: ['accounts'],
    queryFn: ({ pageParam }) =>
      ask<Page>(`/api/v1/accounts?limit=${PAGE_ROWS}${pageParam ? `&after=${encodeURIComponent(pageParam)}` : ''}`),
    initialPageParam: '',
    getNextPageParam: (page) => page.next ?? undefined,
  });
  if (!found.data) {
    return found.error ? (
      <Failure error={found.error} retry={() => void found.refetch()} />
    ) : (
      <Skeleton rows={4} height={4} />
    );
  }
  const accounts = found.data.pages.flatMap((page) => page.accounts);
  return (
    <section className="stack" aria-label={t('accounts')}>
      {may('accounts.write') && (
        <div className="row">
          <button type="button" className="button" data-look="main" onClick={() => setAdding(true)}>
            {t('account_add')}
          </button>
        </div>
      )}
      {accounts.length === 0 && <State icon="person" title={t('account_none')} />}
      <ul className="stack">
        {accounts.map((account) => (
          <li key={account.id} className="card account-row">
            <p className="row">
              <strong>{account.display_name || account.name}</strong>
              <span className="soft">{account.name}</span>
              <Badge tone={account.enabled ? 'good' : 'bad'}>
                {account.enabled ? t('account_enabled') : t('account_disabled')}
              </Badge>
              {account.has_totp && (
                <Badge tone="info" icon="lock">
                  {t('has_totp')}
                </Badge>
              )}
            </p>
            <p>{grantsText(t, account.grants)}</p>
            <p className="row small soft">
              {t('signed_in_last')}: {account.signed_in_at ? f.when(Date.parse(account.signed_in_at), now) : t('never')}
              {may('accounts.write') && (
                <button type="button" className="button" onClick={() => setChanged(account)}>
                  <Icon name="settings" />
                  {t('account_edit', { name: account.name })}
                </button>
              )}
            </p>
          </li>
        ))}
      </ul>
      {found.hasNextPage && (
        <button type="button" className="button" onClick={() => void found.fetchNextPage()}>
          {t('more')}
        </button>
      )}
      <Dialog title={t('account_add')} isOpen={isAdding} close={() => setAdding(false)}>
        <AddForm done={() => setAdding(false)} />
      </Dialog>
      <Dialog
        title={t('account_edit', { name: changed?.name ?? '' })}
        isOpen={changed !== null}
        close={() => setChanged(null)}
      >
        {changed && <ChangeForm account={changed} done={() => setChanged(null)} />}
      </Dialog>
    </section>
  );
}

function AddForm({ done }: { done: () => void }) {
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
    const body = { name: text('username'), display_name: text('display'), language, password: text('first'), grants };
    try {
      await ask('/api/v1/accounts', { method: 'POST', body });
      await client.invalidateQueries({ queryKey: ['accounts'] });
      done();
    } catch (error) {
      setProblem(error);
    }
  };
  return (
    <form className="stack" onSubmit={(event) => void add(event)}>
      <Problem error={problem} />
      <Field label={t('name')}>
        {(ids) => <input {...ids} name="username" required autoComplete="off" autoCapitalize="none" />}
      </Field>
      <Field label={t('display_name')}>{(ids) => <input {...ids} name="display" required autoComplete="off" />}</Field>
      <Field label={t('first_password')} help={t('first_password_help')}>
        {(ids) => <input {...ids} name="first" type="password" required minLength={12} autoComplete="new-password" />}
      </Field>
      <GrantFields grants={[]} isWrong={hasNoRole} />
      <button type="submit" className="button" data-look="main">
        {t('account_add')}
      </button>
    </form>
  );
}

function ChangeForm({ account, done }: { account: Account; done: () => void }) {
  const { t } = useReader();
  const client = useQueryClient();
  const session = useSession();
  const [problem, setProblem] = useState<unknown>(null);
  const [hasNoRole, setNoRole] = useState(false);
  const isOwn = session?.account.id === account.id;
  const path = `/api/v1/accounts/${account.id}`;
  const send = async (what: Promise<unknown>) => {
    try {
      await what;
      await client.invalidateQueries({ queryKey: ['accounts'] });
      done();
    } catch (error) {
      setProblem(error);
    }
  };
  const save = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const grants = isOwn ? undefined : grantsOf(form);
    setNoRole(grants === null);
    if (grants === null) return;
    const body = { display_name: String(form.get('display')).trim(), ...(grants ? { grants } : {}) };
    void send(ask(path, { method: 'PATCH', body }));
  };
  const reset = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const password = String(new FormData(event.currentTarget).get('first'));
    void send(ask(`${path}/password`, { method: 'POST', body: { password } }));
  };
  return (
    <div className="stack">
      <Problem error={problem} />
      <form className="stack" onSubmit={save}>
        <Field label={t('display_name')}>
          {(ids) => <input {...ids} name="display" required defaultValue={account.display_name} />}
        </Field>
        {!isOwn && <GrantFields grants={account.grants} isWrong={hasNoRole} />}
        <button type="submit" className="button" data-look="main">
          {t('save')}
        </button>
      </form>
      {!isOwn && (
        <>
          <form className="stack" onSubmit={reset}>
            <Field label={t('first_password')} help={t('first_password_help')}>
              {(ids) => (
                <input {...ids} name="first" type="password" required minLength={12} autoComplete="new-password" />
              )}
            </Field>
            <button type="submit" className="button">
              {t('reset_password')}
            </button>
          </form>
          <p className="row">
            {account.has_totp && (
              <button
                type="button"
                className="button"
                data-look="bad"
                onClick={() => void send(ask(`${path}/totp`, { method: 'DELETE' }))}
              >
                {t('remove_totp')}
              </button>
            )}
            <button
              type="button"
              className="button"
              onClick={() => void send(ask(`${path}/sessions`, { method: 'DELETE' }))}
            >
              {t('end_sessions')}
            </button>
            <button
              type="button"
              className="button"
              data-look={account.enabled ? 'bad' : undefined}
              onClick={() => void send(ask(path, { method: 'PATCH', body: { enabled: !account.enabled } }))}
            >
              {account.enabled ? t('disable') : t('enable')}
            </button>
          </p>
        </>
      )}
    </div>
  );
}
