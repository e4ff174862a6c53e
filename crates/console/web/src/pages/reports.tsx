// Reports: making one, what is made by itself, and those that were made.
import './admin.css';
import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { REPORT_KINDS, REPORTS_KEY, reportsQuery } from '../api/alerts';
import { api, done, take } from '../api/client';
import type { Report } from '../api/types';
import { usePreferences } from '../app/preferences';
import { useNow, useReader } from '../app/reader';
import { useMay } from '../app/session';
import { useSite } from '../app/site-choice';
import { dayOf, toApi } from '../format/time';
import { Ask } from '../parts/ask';
import { Field } from '../parts/controls';
import { DateInput } from '../parts/date-input';
import { Dialog } from '../parts/dialog';
import { Icon } from '../parts/icon';
import { Paged } from '../parts/paged';
import { Problem } from '../parts/problem';
import { textOf, useSending } from '../parts/sending';
import { State } from '../parts/state';
import { named } from '../words';
import { Schedules } from './reports/schedules';

export function ReportsPage() {
  const { t } = useReader();
  const site = useSite();
  return (
    <>
      <header className="page-head">
        <div>
          <h1>{t('nav_reports')}</h1>
          <p className="soft">{t('reports_help')}</p>
        </div>
      </header>
      <MakeForm site={site} />
      <Schedules site={site} />
      <Made site={site} />
    </>
  );
}

function Made({ site }: { site: string | undefined }) {
  const { t } = useReader();
  const found = useInfiniteQuery(reportsQuery(site));
  const [deleted, setDeleted] = useState<Report | null>(null);
  return (
    <>
      <Paged
        found={found}
        rowsOf={(page) => page.reports}
        empty={<State icon="reports" title={t('reports_none')} role="status" />}
      >
        {(reports) => (
          <ul className="stack" aria-label={t('nav_reports')}>
            {reports.map((report) => (
              <li key={report.id} className="card stack">
                <ReportRow report={report} remove={() => setDeleted(report)} />
              </li>
            ))}
          </ul>
        )}
      </Paged>
      <Dialog title={t('report_delete')} isOpen={deleted !== null} close={() => setDeleted(null)}>
        {deleted && <DeleteAsk report={deleted} close={() => setDeleted(null)} />}
      </Dialog>
    </>
  );
}

/** The days of a report, the last one included. */
function useSpan(report: Report): string {
  const { f } = useReader();
  const [first, last] = [f.day(Date.parse(report.from)), f.day(Date.parse(report.to) - 1)];
  return first === last ? first : `${first} – ${last}`;
}

function ReportRow({ report, remove }: { report: Report; remove: () => void }) {
  const { t, f } = useReader();
  const { language } = usePreferences();
  const may = useMay();
  const now = useNow(60_000);
  const span = useSpan(report);
  const readable = report.documents.find((one) => one.format === 'pdf' && one.language === language);
  return (
    <>
      <p className="row">
        <strong>{named(t, 'report_kind', report.kind)}</strong>
        <span>{span}</span>
        <span className="soft">{report.site ?? t('all_sites')}</span>
      </p>
      <p className="small soft">
        {t('report_data', {
          at: f.when(Date.parse(report.data_until), now),
          by: report.made_by || t('report_by_schedule'),
        })}
      </p>
      <p className="row">
        {readable && (
          <a className="button" href={readable.path} target="_blank" rel="noreferrer">
            <Icon name="reports" />
            {t('report_view')}
          </a>
        )}
        {report.documents.map((document) => (
          <a key={document.path} className="button" href={document.path} download>
            <Icon name="down" />
            {document.format.toUpperCase()} · {named(t, 'language', document.language)}
          </a>
        ))}
        {may('feeds.write') && (
          <button type="button" className="button" data-look="bad" onClick={remove}>
            {t('report_delete')}
          </button>
        )}
      </p>
    </>
  );
}

function DeleteAsk({ report, close }: { report: Report; close: () => void }) {
  const { t } = useReader();
  const client = useQueryClient();
  const span = useSpan(report);
  const remove = async () => {
    await done(api.DELETE('/api/v1/reports/{id}', { params: { path: { id: report.id } } }));
    close();
    await client.invalidateQueries({ queryKey: REPORTS_KEY });
  };
  const ask = t('report_delete_ask', { kind: named(t, 'report_kind', report.kind), span });
  return <Ask ask={ask} text={t('report_delete')} send={remove} close={close} />;
}

function MakeForm({ site }: { site: string | undefined }) {
  const { t } = useReader();
  const client = useQueryClient();
  const { send, isBusy, problem } = useSending();
  const make = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const day = dayOf(textOf(form, 'day'));
    const body = {
      kind: textOf(form, 'kind'),
      ...(site ? { site } : {}),
      ...(day === null ? {} : { at: toApi(day) }),
    };
    const isMade = await send(async () => {
      await take(api.POST('/api/v1/reports', { body }));
    });
    if (isMade) await client.invalidateQueries({ queryKey: REPORTS_KEY });
  };
  return (
    <form className="card filter-fields" aria-label={t('report_make')} onSubmit={(event) => void make(event)}>
      <Field label={t('report_kind')} help={t('report_site_help', { site: site ?? t('all_sites') })}>
        {(ids) => (
          <select {...ids} name="kind">
            {REPORT_KINDS.map((kind) => (
              <option key={kind} value={kind}>
                {t(`report_kind_${kind}`)}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Field label={t('report_day')} help={t('report_day_help')}>
        {(ids) => <DateInput ids={ids} name="day" />}
      </Field>
      <button type="submit" className="button" data-look="main" disabled={isBusy}>
        {isBusy ? t('report_making') : t('report_make')}
      </button>
      <Problem error={problem} />
    </form>
  );
}
