// Which reports are made by themselves: listed, set and ended.
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { REPORT_KINDS, reportSchedulesQuery } from '../../api/alerts';
import { api, done, take } from '../../api/client';
import type { ReportSchedule } from '../../api/types';
import { useNow, useReader } from '../../app/reader';
import { useMay } from '../../app/session';
import { useSites } from '../../app/sites';
import { Ask } from '../../parts/ask';
import { Field } from '../../parts/controls';
import { Dialog } from '../../parts/dialog';
import { Badge } from '../../parts/marks';
import { Problem } from '../../parts/problem';
import { textOf, useSending } from '../../parts/sending';
import { Failure, Skeleton, State } from '../../parts/state';
import { named } from '../../words';

/** What stands before a site in the choice, which no scope begins with. */
const ONE = 'site:';

export function Schedules({ site }: { site: string | undefined }) {
  const { t } = useReader();
  const may = useMay();
  const { data, error, refetch } = useQuery(reportSchedulesQuery);
  const [isAdding, setAdding] = useState(false);
  const [ended, setEnded] = useState<ReportSchedule | null>(null);
  const shown = data?.filter((one) => !site || one.scope !== 'site' || one.site === site);
  return (
    <section className="card" aria-labelledby="schedules">
      <div className="card-head">
        <div>
          <h2 id="schedules">{t('schedules')}</h2>
          <p className="soft small">{t('schedules_help')}</p>
        </div>
        {may('feeds.write') && (
          <button type="button" className="button" onClick={() => setAdding(true)}>
            {t('schedule_add')}
          </button>
        )}
      </div>
      {!shown && !error && <Skeleton rows={2} height={2.5} />}
      {!shown && error && <Failure error={error} retry={() => void refetch()} />}
      {shown?.length === 0 && <State icon="wait" title={t('schedules_none')} role="status" />}
      {shown && shown.length > 0 && (
        <ul className="stack" aria-label={t('schedules')}>
          {shown.map((one) => (
            <li key={one.id} className="account-row">
              <ScheduleRow schedule={one} end={() => setEnded(one)} />
            </li>
          ))}
        </ul>
      )}
      <Dialog title={t('schedule_add')} isOpen={isAdding} close={() => setAdding(false)}>
        <AddForm site={site} close={() => setAdding(false)} />
      </Dialog>
      <Dialog title={t('schedule_end')} isOpen={ended !== null} close={() => setEnded(null)}>
        {ended && <EndAsk schedule={ended} close={() => setEnded(null)} />}
      </Dialog>
    </section>
  );
}

function useScope(): (schedule: ReportSchedule) => string {
  const { t } = useReader();
  return (schedule) => schedule.site ?? named(t, 'schedule_scope', schedule.scope);
}

function ScheduleRow({ schedule, end }: { schedule: ReportSchedule; end: () => void }) {
  const { t, f } = useReader();
  const may = useMay();
  const sites = useSites();
  const now = useNow(60_000);
  const scopeOf = useScope();
  const { set_by: by, set_at: at } = schedule;
  // What is about every site is ended by whoever sees more than one, and the hub has the last word.
  const isHis = schedule.scope === 'site' ? sites.data?.includes(schedule.site ?? '') : true;
  return (
    <>
      <div className="stack">
        <p className="row">
          <strong>{named(t, 'report_kind', schedule.kind)}</strong>
          <span>{scopeOf(schedule)}</span>
          {schedule.is_late && (
            <Badge tone="warn" icon="alert">
              {t('schedule_late')}
            </Badge>
          )}
        </p>
        <p className="small soft">
          {t('schedule_next', { at: f.when(Date.parse(schedule.next_at), now) })}
          {' · '}
          {by && at ? t('schedule_set', { by, at: f.when(Date.parse(at), now) }) : t('schedule_configured')}
        </p>
        {schedule.is_late && <p className="small">{t('schedule_late_help')}</p>}
      </div>
      {by && isHis && may('feeds.write') && (
        <button type="button" className="button" onClick={end}>
          {t('schedule_end')}
        </button>
      )}
    </>
  );
}

function EndAsk({ schedule, close }: { schedule: ReportSchedule; close: () => void }) {
  const { t } = useReader();
  const client = useQueryClient();
  const scopeOf = useScope();
  const end = async () => {
    await done(api.DELETE('/api/v1/report-schedules/{id}', { params: { path: { id: schedule.id } } }));
    close();
    await client.invalidateQueries({ queryKey: reportSchedulesQuery.queryKey });
  };
  const ask = t('schedule_end_ask', { kind: named(t, 'report_kind', schedule.kind), scope: scopeOf(schedule) });
  return <Ask ask={ask} text={t('schedule_end')} send={end} close={close} />;
}

function AddForm(props: { site: string | undefined; close: () => void }) {
  const { t } = useReader();
  const client = useQueryClient();
  // The proposed one is there from the beginning: a list that comes later would leave the first choice, all sites, in its place.
  const sites = [...new Set([props.site, ...(useSites().data ?? [])])].filter((name) => name !== undefined);
  const { send, isBusy, problem } = useSending();
  const add = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const about = textOf(form, 'about');
    const scope = about.startsWith(ONE) ? { scope: 'site', site: about.slice(ONE.length) } : { scope: about };
    const isSet = await send(async () => {
      await take(api.POST('/api/v1/report-schedules', { body: { kind: textOf(form, 'kind'), ...scope } }));
    });
    if (!isSet) return;
    props.close();
    await client.invalidateQueries({ queryKey: reportSchedulesQuery.queryKey });
  };
  return (
    <form className="stack" onSubmit={(event) => void add(event)}>
      <Problem error={problem} />
      <Field label={t('report_kind')}>
        {(ids) => (
          <select {...ids} name="kind" defaultValue="week">
            {REPORT_KINDS.map((kind) => (
              <option key={kind} value={kind}>
                {t(`report_kind_${kind}`)}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Field label={t('schedule_about')} help={t('schedule_about_help')}>
        {(ids) => (
          <select {...ids} name="about" defaultValue={props.site ? ONE + props.site : 'all'}>
            <option value="all">{t('schedule_scope_all')}</option>
            <option value="each">{t('schedule_scope_each')}</option>
            {sites.map((name) => (
              <option key={name} value={ONE + name}>
                {name}
              </option>
            ))}
          </select>
        )}
      </Field>
      <button type="submit" className="button" data-look="main" disabled={isBusy}>
        {t('schedule_add')}
      </button>
    </form>
  );
}
