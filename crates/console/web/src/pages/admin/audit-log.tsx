// Who did and read what, and whether the log is still what it was.
import { useInfiniteQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api, take } from '../../api/client';
import { useNow, useReader } from '../../app/reader';
import { useMay } from '../../app/session';
import { momentOf, toApi } from '../../format/time';
import { Field } from '../../parts/controls';
import { DateInput } from '../../parts/date-input';
import { Failure, Skeleton, State } from '../../parts/state';
import { ChainCheck } from './chain-check';

const PAGE_ROWS = 100;

export function AuditLog() {
  const { t } = useReader();
  const may = useMay();
  const [filter, setFilter] = useState<Record<string, string>>({});
  const search = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const next: Record<string, string> = {};
    for (const name of ['action', 'subject']) {
      const text = String(form.get(name)).trim();
      if (text) next[name] = text;
    }
    for (const name of ['from', 'to']) {
      const moment = momentOf(String(form.get(name)));
      if (moment !== null) next[name] = toApi(moment);
    }
    setFilter(next);
  };
  return (
    <div className="stack">
      <ChainCheck text={t('audit_verify')} check={() => take(api.GET('/api/v1/audit-log/verify'))} />
      {may('audit_log.read') && (
        <>
          <form className="card filter-fields" onSubmit={search}>
            <Field label={t('audit_action')}>{(ids) => <input {...ids} name="action" placeholder="session." />}</Field>
            <Field label={t('audit_subject')}>{(ids) => <input {...ids} name="subject" />}</Field>
            <Field label={t('from')}>{(ids) => <DateInput ids={ids} name="from" hasTime />}</Field>
            <Field label={t('to')}>{(ids) => <DateInput ids={ids} name="to" hasTime />}</Field>
            <button type="submit" className="button">
              {t('audit_filter')}
            </button>
          </form>
          <Rows filter={filter} />
        </>
      )}
    </div>
  );
}

function Rows({ filter }: { filter: Record<string, string> }) {
  const { t, f } = useReader();
  const now = useNow(60_000);
  const found = useInfiniteQuery({
    queryKey: ['audit-log', filter],
    queryFn: ({ signal, pageParam }) => {
      const query = { ...filter, limit: PAGE_ROWS, ...(pageParam === null ? {} : { before: pageParam }) };
      return take(api.GET('/api/v1/audit-log', { params: { query }, signal }));
    },
    initialPageParam: null as number | null,
    getNextPageParam: (page) => page.next ?? undefined,
  });
  if (!found.data) {
    return found.error ? (
      <Failure error={found.error} retry={() => void found.refetch()} />
    ) : (
      <Skeleton rows={6} height={3} />
    );
  }
  const entries = found.data.pages.flatMap((page) => page.entries);
  if (entries.length === 0) return <State icon="lists" title={t('audit_none')} />;
  return (
    <div className="card">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <section className="table-scroll" tabIndex={0} aria-label={t('audit_log')}>
        <table className="table audit">
          <thead>
            <tr>
              <th scope="col">{t('time')}</th>
              <th scope="col">{t('audit_actor')}</th>
              <th scope="col">{t('audit_action')}</th>
              <th scope="col">{t('audit_subject')}</th>
              <th scope="col">{t('audit_purpose')}</th>
              <th scope="col">{t('audit_outcome')}</th>
              <th scope="col">{t('audit_address')}</th>
            </tr>
          </thead>
          <tbody>
            {entries.map((entry) => (
              <tr key={entry.seq}>
                <td className="figure">{f.when(Date.parse(entry.at), now)}</td>
                <td>{entry.actor}</td>
                <td className="mono small">{entry.action}</td>
                <td>{[entry.subject, entry.site].filter(Boolean).join(' · ')}</td>
                <td>{entry.purpose ?? ''}</td>
                <td>{entry.outcome}</td>
                <td className="mono small">{entry.address}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {found.hasNextPage && (
        <button type="button" className="button" onClick={() => void found.fetchNextPage()}>
          {t('more')}
        </button>
      )}
    </div>
  );
}
