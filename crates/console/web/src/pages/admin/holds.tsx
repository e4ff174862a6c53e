// Holds: events that are kept although their time is over, who set them and why.
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api, done, take } from '../../api/client';
import type { Hold } from '../../api/types';
import { useNow, useReader } from '../../app/reader';
import { useMay } from '../../app/session';
import { Field } from '../../parts/controls';
import { Dialog } from '../../parts/dialog';
import { Problem } from '../../parts/problem';
import { ReasonForm } from '../../parts/reason';
import { textOf, useSending } from '../../parts/sending';
import { Failure, Skeleton, State } from '../../parts/state';

/** As many as the hub gives at once; the newest. */
const ROWS_MAX = 500;

/** As long as the hub takes. */
const TEXT_MAX = 200;

const HOLDS_KEY = ['holds'];

/** Identities of events, as they are or within the addresses of pages. */
const EVENT_IDS = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi;

export function Holds() {
  const { t } = useReader();
  const may = useMay();
  const client = useQueryClient();
  const [withReleased, setWithReleased] = useState(false);
  const [isAdding, setAdding] = useState(false);
  const [released, setReleased] = useState<Hold | null>(null);
  const { data, error, refetch } = useQuery({
    queryKey: [...HOLDS_KEY, withReleased],
    queryFn: ({ signal }) =>
      take(api.GET('/api/v1/holds', { params: { query: { released: withReleased, limit: ROWS_MAX } }, signal })).then(
        (answer) => answer.holds,
      ),
  });
  const changed = async () => {
    await client.invalidateQueries({ queryKey: HOLDS_KEY });
    setAdding(false);
    setReleased(null);
  };
  const release = async (reason: string) => {
    if (!released) return;
    const params = { path: { id: released.id }, query: { reason } };
    await done(api.DELETE('/api/v1/holds/{id}', { params }));
    await changed();
  };
  return (
    <section className="stack" aria-label={t('holds')}>
      <h2>{t('holds')}</h2>
      <p className="soft">{t('holds_help')}</p>
      <div className="row">
        {may('holds.write') && (
          <button type="button" className="button" data-look="main" onClick={() => setAdding(true)}>
            {t('hold_add')}
          </button>
        )}
        <label className="check">
          <input type="checkbox" checked={withReleased} onChange={(event) => setWithReleased(event.target.checked)} />
          <span>{t('holds_released_too')}</span>
        </label>
      </div>
      {!data && (error ? <Failure error={error} retry={() => void refetch()} /> : <Skeleton rows={2} height={4} />)}
      {data?.length === 0 && <State icon="lock" title={t('holds_none')} />}
      <ul className="stack">
        {data?.map((hold) => (
          <li key={hold.id} className="card account-row">
            <HoldRow hold={hold} />
            {!hold.released_at && may('holds.write') && (
              <button
                type="button"
                className="button"
                data-look="bad"
                aria-label={`${t('hold_release')}: ${hold.case ?? hold.reason}`}
                onClick={() => setReleased(hold)}
              >
                {t('hold_release')}
              </button>
            )}
          </li>
        ))}
      </ul>
      <Dialog title={t('hold_add')} isOpen={isAdding} close={() => setAdding(false)}>
        <AddHold changed={changed} />
      </Dialog>
      <Dialog title={t('hold_release')} isOpen={released !== null} close={() => setReleased(null)}>
        <ReasonForm ask={t('hold_release_ask')} text={t('hold_release')} send={release} />
      </Dialog>
    </section>
  );
}

function HoldRow({ hold }: { hold: Hold }) {
  const { t, f } = useReader();
  const now = useNow(60_000);
  const when = (at: string) => f.when(Date.parse(at), now);
  return (
    <div className="stack">
      <p className="row">
        <strong>{hold.case ?? hold.reason}</strong>
        <span className="soft">{hold.site}</span>
      </p>
      {hold.case && <p>{hold.reason}</p>}
      <p className="small soft">{t('hold_set', { by: hold.set_by, at: when(hold.set_at) })}</p>
      {hold.released_at && (
        <p className="small">
          {t('hold_released', {
            by: hold.released_by ?? '',
            at: when(hold.released_at),
            reason: hold.release_reason ?? '',
          })}
        </p>
      )}
      <details>
        <summary className="small">{t('hold_of', { n: f.number(hold.events.length) })}</summary>
        <ul className="mono small">
          {hold.events.map((event) => (
            <li key={event}>{event}</li>
          ))}
        </ul>
      </details>
    </div>
  );
}

function AddHold({ changed }: { changed: () => Promise<void> }) {
  const { t } = useReader();
  const { send, isBusy, problem } = useSending();
  const [hasNone, setNone] = useState(false);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const events = [...new Set(textOf(form, 'events').toLowerCase().match(EVENT_IDS) ?? [])];
    setNone(events.length === 0);
    if (events.length === 0) return;
    const named = textOf(form, 'case');
    const body = { events, reason: textOf(form, 'reason'), ...(named ? { case: named } : {}) };
    void send(async () => {
      await take(api.POST('/api/v1/holds', { body }));
      await changed();
    });
  };
  return (
    <form className="stack" onSubmit={submit}>
      <Problem error={problem} />
      <Field label={t('hold_events')} help={t('hold_events_help')} error={hasNone ? t('hold_events_none') : undefined}>
        {(ids) => <textarea {...ids} name="events" required rows={4} />}
      </Field>
      <Field label={t('hold_case')} help={t('hold_case_help')}>
        {(ids) => <input {...ids} name="case" maxLength={TEXT_MAX} autoComplete="off" />}
      </Field>
      <Field label={t('reason')}>
        {(ids) => <input {...ids} name="reason" required maxLength={TEXT_MAX} autoComplete="off" />}
      </Field>
      <button type="submit" className="button" data-look="main" disabled={isBusy}>
        {t('hold_add')}
      </button>
    </form>
  );
}
