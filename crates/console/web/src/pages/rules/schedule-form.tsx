// Changing a schedule, and a list of holidays.
import { type FormEvent, useState } from 'react';
import type { Holidays, Schedule, Times } from '../../api/types';
import { useReader } from '../../app/reader';
import { shownDays, typedDays } from '../../format/typed-date';
import { Field } from '../../parts/controls';
import { Problem } from '../../parts/problem';
import { textOf, useSending } from '../../parts/sending';
import { named } from '../../words';

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

type Save = (times: Times) => Promise<void>;

/** The entries of a text, each on a line or between commas. */
function entriesOf(form: FormData, name: string): string[] {
  return textOf(form, name)
    .split(/[\n,;]/)
    .map((entry) => entry.trim())
    .filter(Boolean);
}

/** A list with one entry changed, added or taken out. */
function withOne<T extends { id: string }>(all: readonly T[], old: T | null, now: T | null): T[] {
  if (!old) return now ? [...all, now] : [...all];
  return all.flatMap((one) => (one.id === old.id ? (now ? [now] : []) : [one]));
}

export function ScheduleForm({ times, one, save }: { times: Times; one: Schedule | null; save: Save }) {
  const { t } = useReader();
  const { send, isBusy, problem } = useSending();
  const [rows, setRows] = useState(() =>
    (one?.week ?? [{ days: [...DAYS.slice(0, 5)], hours: ['06:00-18:00'] }]).map((week, key) => ({ key, ...week })),
  );
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const week = rows.map((row) => ({
      days: form.getAll(`days-${row.key}`).map(String),
      hours: entriesOf(form, `hours-${row.key}`),
    }));
    const changed: Schedule = {
      id: textOf(form, 'id'),
      week,
      holidays: form.getAll('holidays').map(String),
      holiday_hours: entriesOf(form, 'holiday_hours'),
      closed_on: entriesOf(form, 'closed_on').map(typedDays),
    };
    void send(() => save({ ...times, schedules: withOne(times.schedules, one, changed) }));
  };
  const remove = () => send(() => save({ ...times, schedules: withOne(times.schedules, one, null) }));
  return (
    <form className="stack" onSubmit={submit}>
      <Problem error={problem} />
      <Field label={t('time_id')} help={t('time_id_help')}>
        {(ids) => <input {...ids} name="id" required defaultValue={one?.id} autoComplete="off" autoCapitalize="none" />}
      </Field>
      <fieldset className="stack">
        <legend>{t('time_week')}</legend>
        {rows.map((row) => (
          <div key={row.key} className="week-row">
            <fieldset className="days">
              <legend className="unseen">{t('time_days')}</legend>
              {DAYS.map((day) => (
                <label key={day} className="check">
                  <input type="checkbox" name={`days-${row.key}`} value={day} defaultChecked={row.days.includes(day)} />
                  <span>{named(t, 'day', day)}</span>
                </label>
              ))}
            </fieldset>
            <Field label={t('time_hours')} help={t('time_hours_help')}>
              {(ids) => (
                <input
                  {...ids}
                  name={`hours-${row.key}`}
                  required
                  defaultValue={row.hours.join(', ')}
                  autoComplete="off"
                />
              )}
            </Field>
            <button
              type="button"
              className="button"
              data-look="quiet"
              onClick={() => setRows(rows.filter((other) => other.key !== row.key))}
            >
              {t('time_row_remove')}
            </button>
          </div>
        ))}
        <button
          type="button"
          className="button"
          onClick={() =>
            setRows([...rows, { key: Math.max(-1, ...rows.map((row) => row.key)) + 1, days: ['sat'], hours: [] }])
          }
        >
          {t('time_row_add')}
        </button>
      </fieldset>
      {times.holidays.length > 0 && (
        <fieldset className="stack">
          <legend>{t('time_holidays')}</legend>
          <div className="days">
            {times.holidays.map((list) => (
              <label key={list.id} className="check">
                <input
                  type="checkbox"
                  name="holidays"
                  value={list.id}
                  defaultChecked={one?.holidays?.includes(list.id)}
                />
                <span>{list.id}</span>
              </label>
            ))}
          </div>
        </fieldset>
      )}
      <Field label={t('time_holiday_hours')} help={t('time_holiday_hours_help')}>
        {(ids) => (
          <input {...ids} name="holiday_hours" defaultValue={one?.holiday_hours?.join(', ')} autoComplete="off" />
        )}
      </Field>
      <Field label={t('time_closed_on')} help={t('time_dates_help')}>
        {(ids) => (
          <textarea {...ids} name="closed_on" rows={2} defaultValue={one?.closed_on?.map(shownDays).join('\n')} />
        )}
      </Field>
      <FormButtons isNew={one === null} isBusy={isBusy} remove={() => void remove()} />
    </form>
  );
}

export function HolidaysForm({ times, one, save }: { times: Times; one: Holidays | null; save: Save }) {
  const { t } = useReader();
  const { send, isBusy, problem } = useSending();
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const changed: Holidays = { id: textOf(form, 'id'), dates: entriesOf(form, 'dates').map(typedDays) };
    void send(() => save({ ...times, holidays: withOne(times.holidays, one, changed) }));
  };
  const remove = () => send(() => save({ ...times, holidays: withOne(times.holidays, one, null) }));
  return (
    <form className="stack" onSubmit={submit}>
      <Problem error={problem} />
      <Field label={t('time_id')}>
        {(ids) => <input {...ids} name="id" required defaultValue={one?.id} autoComplete="off" autoCapitalize="none" />}
      </Field>
      <Field label={t('holidays_dates')} help={t('time_dates_help')}>
        {(ids) => (
          <textarea {...ids} name="dates" rows={8} required defaultValue={one?.dates.map(shownDays).join('\n')} />
        )}
      </Field>
      <FormButtons isNew={one === null} isBusy={isBusy} remove={() => void remove()} />
    </form>
  );
}

function FormButtons({ isNew, isBusy, remove }: { isNew: boolean; isBusy: boolean; remove: () => void }) {
  const { t } = useReader();
  return (
    <p className="row">
      <button type="submit" className="button" data-look="main" disabled={isBusy}>
        {isNew ? t('row_add') : t('save')}
      </button>
      {!isNew && (
        <button type="button" className="button" data-look="bad" disabled={isBusy} onClick={remove}>
          {t('row_remove')}
        </button>
      )}
    </p>
  );
}
