// What needs attention, who deals with it, and what it turned out to be.
import './nodes.css';
import './admin.css';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { type AlertSearch, alertsQuery } from '../api/alerts';
import type { Alert, AlertAct } from '../api/types';
import { useNow, useReader } from '../app/reader';
import { useMay } from '../app/session';
import { useSite } from '../app/site-choice';
import { DAY_MS, dayOf, toApi } from '../format/time';
import { AcknowledgeButton, CloseButton } from '../parts/alert-actions';
import { alertDetail } from '../parts/alert-words';
import { Choice, Field, Select } from '../parts/controls';
import { DateInput } from '../parts/date-input';
import { ExportLinks } from '../parts/exports';
import { Badge, type Tone } from '../parts/marks';
import { Paged } from '../parts/paged';
import { State } from '../parts/state';
import { named } from '../words';

const STATES = ['open', 'acknowledged', 'ended', 'closed'] as const;
const KINDS = [
  'watchlist_hit',
  'crowding',
  'wrong_direction',
  'tailgating',
  'passed_unpermitted',
  'lane_alarm',
  'camera_lost',
  'node_silent',
  'help_wanted',
] as const;
/** Days in a file that is given its last day only. */
const MONTH_MS = 31 * DAY_MS;
const TONES: Record<string, Tone> = { open: 'bad', acknowledged: 'warn', ended: 'info', closed: 'plain' };

export function AlertsPage() {
  const { t } = useReader();
  const site = useSite();
  const [state, setState] = useState<'' | (typeof STATES)[number]>('open');
  const [kind, setKind] = useState('');
  const [days, setDays] = useState({ from: '', to: '' });
  const [from, last] = [dayOf(days.from), dayOf(days.to)];
  // A file holds today where no day was chosen, and begins a month before the last day where only that was.
  const end = last === null ? Date.now() : last + DAY_MS;
  const span = from === null && last === null ? undefined : { from: from ?? end - MONTH_MS, to: end };
  const search: AlertSearch = {
    ...(state ? { state } : {}),
    ...(kind ? { kind } : {}),
    ...(site ? { site } : {}),
    ...(from === null ? {} : { from: toApi(from) }),
    // The day that was chosen is the last one.
    ...(last === null ? {} : { to: toApi(last + DAY_MS) }),
  };
  return (
    <>
      <header className="page-head">
        <div>
          <h1>{t('nav_alerts')}</h1>
          <p className="soft">{t('alerts_help')}</p>
        </div>
        <ExportLinks table="alerts" site={site} span={span} />
      </header>
      <section className="card filters" aria-label={t('alert_filters')}>
        <Choice
          label={t('alert_state')}
          value={state}
          options={[...STATES.map((known) => [known, t(`alert_state_${known}`)] as const), ['', t('any')] as const]}
          onChange={setState}
        />
        <div className="filter-fields">
          <Select
            label={t('alert_kind')}
            value={kind}
            options={[['', t('any')], ...KINDS.map((known) => [known, t(`alert_kind_${known}`)] as const)]}
            onChange={setKind}
          />
          <Field label={t('first_day')}>
            {(ids) => <DateInput ids={ids} value={days.from} onChange={(from) => setDays({ ...days, from })} />}
          </Field>
          <Field label={t('last_day')}>
            {(ids) => <DateInput ids={ids} value={days.to} onChange={(to) => setDays({ ...days, to })} />}
          </Field>
        </div>
      </section>
      {from !== null && last !== null && last < from ? (
        <p className="banner" data-tone="bad" role="alert">
          {t('day_wrong')}
        </p>
      ) : (
        <Found search={search} />
      )}
    </>
  );
}

function Found({ search }: { search: AlertSearch }) {
  const { t } = useReader();
  const found = useInfiniteQuery(alertsQuery(search));
  return (
    <Paged
      found={found}
      rowsOf={(page) => page.alerts}
      empty={<State icon="check" title={t('alerts_none')} role="status" />}
    >
      {(alerts) => (
        <ul className="stack" aria-label={t('nav_alerts')}>
          {alerts.map((alert) => (
            <li key={alert.id}>
              <AlertCard alert={alert} />
            </li>
          ))}
        </ul>
      )}
    </Paged>
  );
}

function AlertCard({ alert }: { alert: Alert }) {
  const { t, f } = useReader();
  const may = useMay();
  const now = useNow(10_000);
  const act = (one: AlertAct) =>
    [t('acted_by', { by: one.by, at: f.when(Date.parse(one.at), now) }), one.note].filter(Boolean).join(': ');
  const isOver = alert.state === 'closed';
  return (
    <article className="card alarm" data-open={alert.state === 'open'}>
      <p className="row">
        <Badge tone={TONES[alert.state] ?? 'plain'}>{named(t, 'alert_state', alert.state)}</Badge>
        <strong>{named(t, 'alert_kind', alert.kind)}</strong>
        <span>{[alert.subject, alert.gate, alert.site].filter(Boolean).join(' · ')}</span>
        <time className="soft figure" dateTime={alert.at}>
          {f.when(Date.parse(alert.at), now)}
        </time>
      </p>
      {alert.detail && <p>{alertDetail(t, f, alert.detail)}</p>}
      {alert.ended_at && (
        <p className="small soft">{t('alert_ended', { at: f.when(Date.parse(alert.ended_at), now) })}</p>
      )}
      {alert.acknowledged && (
        <p className="small soft">
          {t('alert_state_acknowledged')}: {act(alert.acknowledged)}
        </p>
      )}
      {alert.closed && (
        <p className="small soft">
          {t('alert_state_closed')} ({named(t, 'alert_outcome', alert.outcome ?? 'other')}): {act(alert.closed)}
        </p>
      )}
      <p className="row">
        {may('alerts.act') && !isOver && !alert.acknowledged && <AcknowledgeButton alert={alert} />}
        {may('alerts.act') && !isOver && <CloseButton alert={alert} />}
        {may('plates.read') && alert.event && alert.kind === 'watchlist_hit' && (
          <Link className="button" to="/plates/$id" params={{ id: alert.event }}>
            {t('see_event')}
          </Link>
        )}
      </p>
    </article>
  );
}
