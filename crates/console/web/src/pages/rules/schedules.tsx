// Times of the week with holidays: shown as a reader says them, changed by a form.
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, done } from '../../api/client';
import { rulesKey } from '../../api/rules';
import type { AccessOutline, Holidays, Schedule, Times } from '../../api/types';
import { useReader } from '../../app/reader';
import { useMay } from '../../app/session';
import { shownDays } from '../../format/typed-date';
import { Dialog } from '../../parts/dialog';
import { State } from '../../parts/state';
import { named, type Translate } from '../../words';
import { HolidaysForm, ScheduleForm } from './schedule-form';
import { WithAccess } from './with-access';

export function Schedules({ site }: { site: string }) {
  return <WithAccess site={site}>{(access) => <AllTimes site={site} access={access} />}</WithAccess>;
}

/** Which one is changed: nothing for a new one. */
type Open = { what: 'schedule'; one: Schedule | null } | { what: 'holidays'; one: Holidays | null };

function AllTimes({ site, access }: { site: string; access: AccessOutline }) {
  const { t } = useReader();
  const may = useMay();
  const client = useQueryClient();
  const [open, setOpen] = useState<Open | null>(null);
  const { times } = access;
  const mayChange = may('policies.write');
  const save = async (changed: Times) => {
    const params = { path: { site }, header: { 'if-match': `"${access.sha256}"` } };
    await done(api.PUT('/api/v1/sites/{site}/policy-draft/times', { params, body: changed }));
    await client.invalidateQueries({ queryKey: rulesKey(site) });
    setOpen(null);
  };
  const title = () => {
    if (open?.what === 'schedule') return open.one ? t('time_edit') : t('time_add');
    return open?.one ? t('holidays_edit') : t('holidays_add');
  };
  return (
    <>
      <p className="soft">{t('times_always')}</p>
      {mayChange && (
        <div className="row">
          <button
            type="button"
            className="button"
            data-look="main"
            onClick={() => setOpen({ what: 'schedule', one: null })}
          >
            {t('time_add')}
          </button>
          <button type="button" className="button" onClick={() => setOpen({ what: 'holidays', one: null })}>
            {t('holidays_add')}
          </button>
        </div>
      )}
      {times.schedules.length === 0 && (
        <div className="card">
          <State icon="wait" title={t('times_none')} />
        </div>
      )}
      <ul className="stack" aria-label={t('rules_times')}>
        {times.schedules.map((one) => (
          <li key={one.id} className="card account-row">
            <ScheduleText one={one} access={access} />
            {mayChange && (
              <button
                type="button"
                className="button"
                aria-label={t('row_edit_of', { name: one.id })}
                onClick={() => setOpen({ what: 'schedule', one })}
              >
                {t('row_edit')}
              </button>
            )}
          </li>
        ))}
      </ul>
      <h2>{t('holidays')}</h2>
      {times.holidays.length === 0 && <p className="soft">{t('holidays_none')}</p>}
      <ul className="stack" aria-label={t('holidays')}>
        {times.holidays.map((one) => (
          <li key={one.id} className="card account-row">
            <div className="stack">
              <strong>{one.id}</strong>
              <p className="row">
                {one.dates.map((date) => (
                  <span key={date} className="badge">
                    {shownDays(date)}
                  </span>
                ))}
              </p>
            </div>
            {mayChange && (
              <button
                type="button"
                className="button"
                aria-label={t('row_edit_of', { name: one.id })}
                onClick={() => setOpen({ what: 'holidays', one })}
              >
                {t('row_edit')}
              </button>
            )}
          </li>
        ))}
      </ul>
      <Dialog title={title()} isOpen={open !== null} close={() => setOpen(null)}>
        {open?.what === 'schedule' && <ScheduleForm times={times} one={open.one} save={save} />}
        {open?.what === 'holidays' && <HolidaysForm times={times} one={open.one} save={save} />}
      </Dialog>
    </>
  );
}

/** Days as readers write them: 05/02/2027 – 11/02/2027. */
function ScheduleText({ one, access }: { one: Schedule; access: AccessOutline }) {
  const { t } = useReader();
  const lanes = access.lanes.filter((lane) => lane.rules.some((rule) => rule.schedule === one.id));
  const lists = [...(one.holidays ?? []), ...(one.closed_on ?? [])];
  return (
    <div className="stack">
      <p className="row">
        <strong>{one.id}</strong>
        <span className="soft small">
          {lanes.length > 0 ? t('times_used', { lanes: lanes.map((lane) => lane.id).join(', ') }) : t('times_unused')}
        </span>
      </p>
      <dl className="schedule-week">
        {one.week.map((week, place) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a row is its place
          <WeekText key={place} t={t} days={week.days} hours={week.hours} />
        ))}
      </dl>
      {lists.length > 0 && (
        <p className="small">
          {t('time_on_holidays', {
            lists: lists.join(', '),
            hours: one.holiday_hours?.join(', ') || t('time_closed'),
          })}
        </p>
      )}
    </div>
  );
}

function WeekText({ t, days, hours }: { t: Translate; days: readonly string[]; hours: readonly string[] }) {
  return (
    <>
      <dt>{days.map((day) => named(t, 'day', day)).join(', ')}</dt>
      <dd className="figure">{hours.join(', ')}</dd>
    </>
  );
}
