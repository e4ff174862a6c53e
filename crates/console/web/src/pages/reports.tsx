// Reports: those that were made, and making one.
import './admin.css';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { reportsQuery } from '../api/alerts';
import { ask } from '../api/client';
import { useNow, useReader } from '../app/reader';
import { useSite } from '../app/site-choice';
import { dayOf, toApi } from '../format/time';
import { Field } from '../parts/controls';
import { Icon } from '../parts/icon';
import { Problem } from '../parts/problem';
import { Failure, Skeleton, State } from '../parts/state';
import { named } from '../words';

const KINDS = ['day', 'week', 'month', 'half_year', 'year'] as const;

export function ReportsPage() {
  const { t, f } = useReader();
  const now = useNow(60_000);
  const site = useSite();
  const { data, error, refetch } = useQuery(reportsQuery);
  const reports = data?.filter((report) => !site || report.site === site);
  return (
    <>
      <header className="page-head">
        <div>
          <h1>{t('nav_reports')}</h1>
          <p className="soft">{t('reports_help')}</p>
        </div>
      </header>
      <MakeForm site={site} />
      {error && !data && <Failure error={error} retry={() => void refetch()} />}
      {!error && data === undefined && <Skeleton rows={3} height={4} />}
      {data === null && <State icon="reports" title={t('upgrade_needed')} />}
      {reports?.length === 0 && (
        <div className="card">
          <State icon="reports" title={t('reports_none')} />
        </div>
      )}
      <ul className="stack">
        {reports?.map((report) => (
          <li key={report.id} className="card stack">
            <p className="row">
              <strong>{named(t, 'report_kind', report.kind)}</strong>
              <span>
                {f.day(Date.parse(report.from))} – {f.day(Date.parse(report.to) - 1)}
              </span>
              <span className="soft">{report.site ?? t('all_sites')}</span>
            </p>
            <p className="small soft">
              {t('report_data', {
                at: f.when(Date.parse(report.data_until), now),
                by: report.made_by || t('report_by_schedule'),
              })}
            </p>
            <p className="row">
              {report.documents.map((document) => (
                <a key={document.path} className="button" href={document.path} download>
                  <Icon name="down" />
                  {document.format.toUpperCase()} · {document.language === 'vi' ? t('language_vi') : t('language_en')}
                </a>
              ))}
            </p>
          </li>
        ))}
      </ul>
    </>
  );
}

function MakeForm({ site }: { site: string | undefined }) {
  const { t } = useReader();
  const client = useQueryClient();
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const make = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const day = dayOf(String(form.get('day')));
    const body = {
      kind: String(form.get('kind')),
      ...(site ? { site } : {}),
      ...(day === null ? {} : { at: toApi(day) }),
    };
    setBusy(true);
    try {
      await ask('/api/v1/reports', { method: 'POST', body });
      setProblem(null);
      await client.invalidateQueries({ queryKey: reportsQuery.queryKey });
    } catch (error) {
      setProblem(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form className="card filter-fields" onSubmit={(event) => void make(event)}>
      <Field label={t('report_kind')}>
        {(ids) => (
          <select {...ids} name="kind">
            {KINDS.map((kind) => (
              <option key={kind} value={kind}>
                {t(`report_kind_${kind}`)}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Field label={t('report_day')} help={t('report_day_help')}>
        {(ids) => <input {...ids} name="day" type="date" />}
      </Field>
      <button type="submit" className="button" data-look="main" disabled={isBusy}>
        {isBusy ? t('report_making') : t('report_make')}
      </button>
      <Problem error={problem} />
    </form>
  );
}
