// What is kept for how long, what was deleted by which rule, and what somebody holds.
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { api, take } from '../../api/client';
import type { Deletion, RetentionRules } from '../../api/types';
import { useNow, useReader } from '../../app/reader';
import { useMay } from '../../app/session';
import { Failure, Skeleton, State } from '../../parts/state';
import { TableScroll } from '../../parts/table-scroll';
import { named } from '../../words';
import { ChainCheck } from './chain-check';
import { Holds } from './holds';

const PAGE_ROWS = 50;

export function Retention() {
  const may = useMay();
  return (
    <div className="stack">
      {may('retention.read') && <Rules />}
      {may('holds.read') && <Holds />}
      {may('retention.read') && <DeletionLog />}
    </div>
  );
}

function Rules() {
  const { t } = useReader();
  const { data, error, refetch } = useQuery({
    queryKey: ['retention'],
    queryFn: ({ signal }) => take(api.GET('/api/v1/retention', { signal })),
  });
  if (!data) return error ? <Failure error={error} retry={() => void refetch()} /> : <Skeleton rows={3} height={3} />;
  return (
    <section className="stack" aria-label={t('retention_rules')}>
      <h2>{t('retention_rules')}</h2>
      {!data.is_active && (
        <p className="banner" data-tone="warn" role="status">
          {t('retention_off')}
        </p>
      )}
      <RuleTable found={data} />
    </section>
  );
}

function RuleTable({ found }: { found: RetentionRules }) {
  const { t, f } = useReader();
  const now = useNow(60_000);
  const kept = (days: number | null | undefined) =>
    days == null ? t('retention_for_ever') : t('retention_days', { n: f.number(days) });
  return (
    <div className="card stack">
      <TableScroll label={t('retention_rules')}>
        <table className="table">
          <thead>
            <tr>
              <th scope="col">{t('retention_class')}</th>
              <th scope="col">{t('retention_kept')}</th>
              <th scope="col">{t('retention_oldest')}</th>
            </tr>
          </thead>
          <tbody>
            {found.rules.map((rule) => (
              <tr key={rule.class}>
                <td>{named(t, 'retention_class', rule.class)}</td>
                <td>{kept(rule.days)}</td>
                <td className="figure">{rule.oldest ? f.when(Date.parse(rule.oldest), now) : '–'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableScroll>
      {found.bytes_left > 0 && (
        <p className="soft small">{t('retention_bytes_left', { n: f.number(found.bytes_left) })}</p>
      )}
    </div>
  );
}

function DeletionLog() {
  const { t } = useReader();
  const found = useInfiniteQuery({
    queryKey: ['deletion-log'],
    queryFn: ({ signal, pageParam }) => {
      const query = { limit: PAGE_ROWS, ...(pageParam === null ? {} : { before: pageParam }) };
      return take(api.GET('/api/v1/deletion-log', { params: { query }, signal }));
    },
    initialPageParam: null as number | null,
    getNextPageParam: (page) => page.next ?? undefined,
  });
  const again = () => void found.refetch();
  const deletions = found.data?.pages.flatMap((page) => page.deletions);
  return (
    <section className="stack" aria-label={t('deletion_log')}>
      <h2>{t('deletion_log')}</h2>
      <ChainCheck text={t('audit_verify')} check={() => take(api.GET('/api/v1/deletion-log/verify'))} />
      {!deletions && (found.error ? <Failure error={found.error} retry={again} /> : <Skeleton rows={4} height={3} />)}
      {deletions?.length === 0 && <State icon="lists" title={t('deletion_none')} />}
      {deletions && deletions.length > 0 && <DeletionTable deletions={deletions} />}
      {found.hasNextPage && (
        <button type="button" className="button" onClick={() => void found.fetchNextPage()}>
          {t('more')}
        </button>
      )}
    </section>
  );
}

function DeletionTable({ deletions }: { deletions: readonly Deletion[] }) {
  const { t, f } = useReader();
  const now = useNow(60_000);
  return (
    <TableScroll label={t('deletion_log')} isCard>
      <table className="table audit">
        <thead>
          <tr>
            <th scope="col">{t('time')}</th>
            <th scope="col">{t('retention_class')}</th>
            <th scope="col">{t('deletion_count')}</th>
            <th scope="col">{t('deletion_cutoff')}</th>
            <th scope="col">{t('deletion_rule')}</th>
            <th scope="col">{t('deletion_by')}</th>
          </tr>
        </thead>
        <tbody>
          {deletions.map((row) => (
            <tr key={row.seq}>
              <td className="figure">{f.when(Date.parse(row.at), now)}</td>
              <td>
                {named(t, 'retention_class', row.class)}
                {row.sha256.length > 0 && <Hashes hashes={row.sha256} />}
              </td>
              <td className="figure">{f.number(row.count)}</td>
              <td className="figure">{f.when(Date.parse(row.cutoff), now)}</td>
              <td className="mono small">{row.rule}</td>
              <td>{row.by}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableScroll>
  );
}

function Hashes({ hashes }: { hashes: readonly string[] }) {
  const { t, f } = useReader();
  return (
    <details>
      <summary className="small">{t('deletion_media', { n: f.number(hashes.length) })}</summary>
      <ul className="mono small">
        {hashes.map((hash) => (
          <li key={hash}>{hash}</li>
        ))}
      </ul>
    </details>
  );
}
