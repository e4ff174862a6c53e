// Accounts: who may sign in, and what for.
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, take } from '../../api/client';
import type { Account } from '../../api/types';
import { useNow, useReader } from '../../app/reader';
import { useMay } from '../../app/session';
import { Dialog } from '../../parts/dialog';
import { Icon } from '../../parts/icon';
import { Badge } from '../../parts/marks';
import { Failure, Skeleton, State } from '../../parts/state';
import { AddForm } from './account-add';
import { ChangeForm } from './account-change';
import { grantsText } from './grants';
import { ACCOUNTS_KEY } from './keys-of-queries';

const PAGE_ROWS = 100;

export function Accounts() {
  const { t } = useReader();
  const may = useMay();
  const [isAdding, setAdding] = useState(false);
  const [changed, setChanged] = useState<Account | null>(null);
  const found = useInfiniteQuery({
    queryKey: ACCOUNTS_KEY,
    queryFn: ({ signal, pageParam }) => {
      const query = { limit: PAGE_ROWS, ...(pageParam ? { after: pageParam } : {}) };
      return take(api.GET('/api/v1/accounts', { params: { query }, signal }));
    },
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
        <p className="row">
          <button type="button" className="button" data-look="main" onClick={() => setAdding(true)}>
            {t('account_add')}
          </button>
        </p>
      )}
      {accounts.length === 0 && <State icon="person" title={t('account_none')} />}
      <ul className="stack">
        {accounts.map((account) => (
          <Row key={account.id} account={account} change={may('accounts.write') ? setChanged : null} />
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

function Row({ account, change }: { account: Account; change: ((account: Account) => void) | null }) {
  const { t, f } = useReader();
  const now = useNow(60_000);
  return (
    <li className="card account-row">
      <div className="stack">
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
          {account.signs_in_elsewhere && <Badge tone="info">{t('signs_in_elsewhere')}</Badge>}
          {account.locked_until && Date.parse(account.locked_until) > now && (
            <Badge tone="warn" icon="lock">
              {t('account_locked', { at: f.when(Date.parse(account.locked_until), now) })}
            </Badge>
          )}
          {account.must_change_password && <Badge tone="warn">{t('must_change_password')}</Badge>}
        </p>
        <p>{grantsText(t, account.grants)}</p>
        <p className="small soft">
          {t('signed_in_last')}: {account.signed_in_at ? f.when(Date.parse(account.signed_in_at), now) : t('never')} ·{' '}
          {t('made_by', { at: f.when(Date.parse(account.created_at), now), by: account.created_by })}
        </p>
      </div>
      {change && (
        <button
          type="button"
          className="button"
          aria-label={t('account_edit', { name: account.name })}
          onClick={() => change(account)}
        >
          <Icon name="settings" />
          {t('edit')}
        </button>
      )}
    </li>
  );
}
