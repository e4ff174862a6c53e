// What needs attention, who deals with it, and what it turned out to be.
import './nodes.css';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { type Act, type Alert, alertsQuery } from '../api/alerts';
import { useNow, useReader } from '../app/reader';
import { useSite } from '../app/site-choice';
import { AcknowledgeButton, CloseButton } from '../parts/alert-actions';
import { Choice } from '../parts/controls';
import { Badge, type Tone } from '../parts/marks';
import { Failure, Skeleton, State } from '../parts/state';
import { named } from '../words';

const STATES = ['open', 'acknowledged', 'ended', 'closed'] as const;
const TONES: Record<Alert['state'], Tone> = { open: 'bad', acknowledged: 'warn', ended: 'info', closed: 'plain' };

export function AlertsPage() {
  const { t } = useReader();
  const site = useSite();
  const [state, setState] = useState<'' | (typeof STATES)[number]>('open');
  const { data, error, refetch } = useQuery(alertsQuery(state, site));
  return (
    <>
      <header className="page-head">
        <div>
          <h1>{t('nav_alerts')}</h1>
          <p className="soft">{t('alerts_help')}</p>
        </div>
        <Choice
          label={t('nav_alerts')}
          value={state}
          options={[...STATES.map((known) => [known, t(`alert_state_${known}`)] as const), ['', t('any')] as const]}
          onChange={setState}
        />
      </header>
      {error && !data && <Failure error={error} retry={() => void refetch()} />}
      {!error && !data && <Skeleton rows={4} height={5} />}
      {data?.length === 0 && (
        <div className="card">
          <State icon="check" title={t('alerts_none')} />
        </div>
      )}
      <ul className="stack">
        {data?.map((alert) => (
          <li key={alert.id}>
            <AlertCard alert={alert} />
          </li>
        ))}
      </ul>
    </>
  );
}

function AlertCard({ alert }: { alert: Alert }) {
  const { t, f } = useReader();
  const now = useNow(10_000);
  const act = (one: Act) =>
    [t('acted_by', { by: one.by, at: f.when(Date.parse(one.at), now) }), one.note].filter(Boolean).join(': ');
  return (
    <article className="card alarm" data-open={alert.state === 'open'}>
      <p className="row">
        <Badge tone={TONES[alert.state]}>{t(`alert_state_${alert.state}`)}</Badge>
        <strong>{named(t, 'alert_kind', alert.kind)}</strong>
        <span>{[alert.subject, alert.gate, alert.site].filter(Boolean).join(' · ')}</span>
        <time className="soft figure">{f.when(Date.parse(alert.at), now)}</time>
      </p>
      {alert.detail && <p>{alert.detail}</p>}
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
        {(alert.state === 'open' || alert.state === 'ended') && <AcknowledgeButton alert={alert} />}
        {alert.state !== 'closed' && <CloseButton alert={alert} />}
        {alert.event && alert.kind === 'watchlist_hit' && (
          <Link className="button" to="/plates/$id" params={{ id: alert.event }}>
            {t('see_event')}
          </Link>
        )}
      </p>
    </article>
  );
}
