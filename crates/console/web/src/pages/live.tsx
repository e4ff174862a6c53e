// Sites and gates as they stand now, and what happens at them.
import './live.css';
import { useQuery } from '@tanstack/react-query';
import { Link, Navigate } from '@tanstack/react-router';
import { lazy, Suspense, useMemo } from 'react';
import { applianceQuery, useSetsUpGates } from '../api/appliance';
import { alarmsQuery, gatesQuery, nodesQuery, sitesQuery } from '../api/queries';
import type { Gate } from '../api/types';
import { useReader } from '../app/reader';
import { useMay, useSession } from '../app/session';
import { useSite } from '../app/site-choice';
import { useLive } from '../live/store';
import { ExportLinks } from '../parts/exports';
import { Feed } from '../parts/feed';
import { Icon } from '../parts/icon';
import { Failure, Skeleton, State } from '../parts/state';
import { GateCard } from './live/gate-card';
import { insideOf, sumOf } from './live/sums';
import { forgetFinished } from './set-up/draft';

const MapCard = lazy(() => import('./live/map').then((part) => ({ default: part.MapCard })));
const DayChart = lazy(() => import('./live/day-chart').then((part) => ({ default: part.DayChart })));

export function LivePage() {
  const { t } = useReader();
  const may = useMay();
  const site = useSite();
  const feed = useLive((live) => live.feed);
  const isSeeded = useLive((live) => live.isSeeded);
  const shown = useMemo(() => (site ? feed.filter((entry) => entry.what.site === site) : feed), [feed, site]);
  const appliance = useQuery({ ...applianceQuery, enabled: useSetsUpGates() === true });
  // Nothing can be live before somebody has set something up.
  if (appliance.data?.stage === 'not_begun') return <Navigate to="/set-up" replace />;
  return (
    <div className="live">
      <h1 className="unseen">{t('nav_live')}</h1>
      <div className="stack">
        <Figures site={site} />
        <Gates site={site} />
        <Suspense fallback={<Skeleton rows={1} height={14} />}>
          <MapCard site={site} />
        </Suspense>
        <section className="card" aria-labelledby="flow-today">
          <div className="card-head">
            <h2 id="flow-today">{t('flow_today')}</h2>
            <div className="row">
              {may('events.read') && <ExportLinks table="passages" site={site} />}
              <Link to="/counts" className="button" data-look="quiet">
                <Icon name="counts" />
                {t('nav_counts')}
              </Link>
            </div>
          </div>
          <Suspense fallback={<Skeleton rows={1} height={12} />}>
            <DayChart site={site} />
          </Suspense>
        </section>
      </div>
      {may('events.read') && (
        <div className="card live-feed">{isSeeded ? <Feed entries={shown} /> : <Skeleton rows={8} height={4} />}</div>
      )}
    </div>
  );
}

function Figures({ site }: { site: string | undefined }) {
  const { t, f } = useReader();
  const may = useMay();
  const gates = useQuery(gatesQuery);
  const sites = useQuery(sitesQuery);
  const nodes = useQuery({ ...nodesQuery, enabled: may('nodes.read') });
  const alarms = useQuery({ ...alarmsQuery, enabled: may('nodes.read') });
  if (gates.isPending || sites.isPending) return <Skeleton rows={1} height={7} />;
  if (!gates.data || !sites.data) return null;
  const here = gates.data.filter((gate) => !site || gate.site === site);
  const sum = sumOf(here);
  const inside = insideOf(sites.data.filter((row) => !site || row.site === site));
  const myNodes = nodes.data?.filter((node) => !site || node.site === site);
  const online = myNodes?.filter((node) => node.status?.state === 'online').length ?? 0;
  const open = alarms.data?.filter((alarm) => !alarm.closed_at && (!site || !alarm.site || alarm.site === site)).length;
  return (
    <div className="figures">
      {(['person', 'vehicle'] as const).map((group) => (
        <section className="card tally" key={group} aria-labelledby={`tally-${group}`}>
          <h2 id={`tally-${group}`}>
            <Icon name={group} />
            {t(group === 'person' ? 'persons' : 'vehicles')}
          </h2>
          <dl>
            <div className="tally-inside">
              <dt>{t('inside_now')}</dt>
              <dd className="figure">{f.number(inside[group].count)}</dd>
            </div>
            <div data-direction="in">
              <dt>
                <Icon name="in" />
                {t('in')}
              </dt>
              <dd className="figure">{f.number(sum[group].in)}</dd>
            </div>
            <div data-direction="out">
              <dt>
                <Icon name="out" />
                {t('out')}
              </dt>
              <dd className="figure">{f.number(sum[group].out)}</dd>
            </div>
          </dl>
          {inside[group].unexplained > 0 && (
            <p className="small soft">{t('unexplained', { n: f.number(inside[group].unexplained) })}</p>
          )}
        </section>
      ))}
      {myNodes && (
        <Link to="/nodes" className="card tally-link">
          <span className="soft">{t('nodes_online')}</span>
          <strong className="figure" data-tone={online < myNodes.length ? 'bad' : 'good'}>
            {t('of', { n: f.number(online), all: f.number(myNodes.length) })}
          </strong>
          <span className="soft">{t('open_alarms')}</span>
          <strong className="figure" data-tone={open ? 'bad' : 'good'}>
            {f.number(open ?? 0)}
          </strong>
        </Link>
      )}
    </div>
  );
}

function Gates({ site }: { site: string | undefined }) {
  const { t } = useReader();
  const { data, error, refetch, isPending } = useQuery(gatesQuery);
  if (isPending) return <Skeleton rows={2} height={10} />;
  if (!data) return <Failure error={error} retry={() => void refetch()} />;
  const gates = data.filter((gate) => !site || gate.site === site);
  return (
    <section aria-labelledby="gates" className="stack">
      <h2 id="gates" className="unseen">
        {t('gates')}
      </h2>
      {gates.length === 0 ? (
        <div className="card">
          <State icon="desk" title={t('empty_gates_title')}>
            <p>{t('empty_gates_help')}</p>
          </State>
        </div>
      ) : (
        <ul className="gates">
          {gates.map((gate: Gate) => (
            <li key={`${gate.site} ${gate.gate}`}>
              <GateCard gate={gate} showsSite={!site} />
            </li>
          ))}
        </ul>
      )}
      <AddGate />
    </section>
  );
}

/** The way to a further gate, where this machine watches cameras itself. */
function AddGate() {
  const { t } = useReader();
  const setsUp = useSetsUpGates();
  const who = useSession()?.account.id;
  if (!setsUp || !who) return null;
  return (
    <p>
      <Link to="/set-up" className="button" onClick={() => forgetFinished(who)}>
        <Icon name="camera" />
        {t('set_up_more')}
      </Link>
    </p>
  );
}
