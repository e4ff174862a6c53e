// For the wall: the figures of now in letters that are read from across the room. No controls.
import './wall.css';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useMemo } from 'react';
import { gatesQuery, nodesQuery, sitesQuery } from '../api/queries';
import { LinkBanner } from '../app/link-mark';
import { useNow, useReader } from '../app/reader';
import { useMay } from '../app/session';
import { SessionEnd } from '../app/session-end';
import { useSite } from '../app/site-choice';
import { evidenceOf } from '../live/feed';
import { useLive } from '../live/store';
import { entryTitle } from '../parts/feed-words';
import { Icon } from '../parts/icon';
import { PlateMark, Verdict } from '../parts/marks';
import { bestOf, Picture } from '../parts/picture';
import { Failure, Skeleton } from '../parts/state';
import { insideOf, sumOf } from './live/sums';

const DayChart = lazy(() => import('./live/day-chart').then((part) => ({ default: part.DayChart })));

/** Pictures in the strip at the bottom. */
const PICTURES_MAX = 8;
/** Height of the chart: a share of the screen. */
const MIDDLE_SHARE = 0.24;
const MIDDLE_MIN_PX = 160;

export function WallPage() {
  const { t, f } = useReader();
  const site = useSite();
  const gates = useQuery(gatesQuery);
  const sites = useQuery(sitesQuery);
  useEffect(() => {
    document.documentElement.classList.add('is-wall');
    return () => document.documentElement.classList.remove('is-wall');
  }, []);
  if (gates.error && !gates.data) return <Failure error={gates.error} retry={() => void gates.refetch()} />;
  if (!gates.data || !sites.data) return <Skeleton rows={3} height={12} />;
  const here = gates.data.filter((gate) => !site || gate.site === site);
  const sum = sumOf(here);
  const inside = insideOf(sites.data.filter((row) => !site || row.site === site));
  return (
    <main className="wall">
      <header>
        <Link to="/" className="brand" aria-label={t('wall_leave')}>
          <img src="/icon.svg" alt="" width="48" height="48" />
        </Link>
        <h1>{site ?? (sites.data.length === 1 ? sites.data[0]?.site : t('all_sites'))}</h1>
        <Health site={site} />
        <Clock />
      </header>
      <SessionEnd />
      <LinkBanner />
      <section className="wall-figures" aria-label={t('today')}>
        {(['person', 'vehicle'] as const).map((group) => (
          <div className="wall-tally" key={group}>
            <h2>
              <Icon name={group} />
              {t(group === 'person' ? 'persons' : 'vehicles')}
            </h2>
            <p className="wall-inside figure">
              <span>{t('inside_now')}</span>
              <strong>{f.number(inside[group].count)}</strong>
            </p>
            <p className="figure" data-direction="in">
              <span>
                <Icon name="in" />
                {t('in')}
              </span>
              <strong>{f.number(sum[group].in)}</strong>
            </p>
            <p className="figure" data-direction="out">
              <span>
                <Icon name="out" />
                {t('out')}
              </span>
              <strong>{f.number(sum[group].out)}</strong>
            </p>
          </div>
        ))}
      </section>
      <section className="wall-middle">
        <div className="card">
          <h2 className="unseen">{t('flow_today')}</h2>
          <Suspense fallback={<Skeleton rows={1} height={16} />}>
            <DayChart site={site} height={Math.max(MIDDLE_MIN_PX, innerHeight * MIDDLE_SHARE)} />
          </Suspense>
        </div>
        <ul className="wall-gates">
          {here.map((gate) => (
            <li key={`${gate.site} ${gate.gate}`} className="card">
              <h3>{gate.gate}</h3>
              {(['person', 'vehicle'] as const)
                .filter((group) => gate.today[group].in + gate.today[group].out > 0)
                .map((group) => (
                  <p key={group} className="figure">
                    <Icon name={group} />
                    <span data-direction="in">{f.number(gate.today[group].in)}</span>
                    <span data-direction="out">{f.number(gate.today[group].out)}</span>
                  </p>
                ))}
            </li>
          ))}
        </ul>
      </section>
      <Pictures site={site} />
    </main>
  );
}

function Clock() {
  const { t, f } = useReader();
  const now = useNow();
  return (
    <div className="wall-clock" role="timer" aria-label={t('wall_clock')}>
      <strong className="figure">{f.time(now)}</strong>
      <span>{f.longDay(now)}</span>
    </div>
  );
}

function Health({ site }: { site: string | undefined }) {
  const { t, f } = useReader();
  const may = useMay();
  const { data } = useQuery({ ...nodesQuery, enabled: may('nodes.read') });
  if (!data) return null;
  const nodes = data.filter((node) => !site || node.site === site);
  const online = nodes.filter((node) => node.status?.state === 'online').length;
  const cameras = nodes.flatMap((node) => node.cameras);
  const up = cameras.filter((camera) => camera.state === 'up').length;
  return (
    <p className="row">
      <span className="badge" data-tone={online === nodes.length ? 'good' : 'bad'}>
        <Icon name="nodes" />
        {t('of', { n: f.number(online), all: f.number(nodes.length) })}
      </span>
      <span className="badge" data-tone={up === cameras.length ? 'good' : 'bad'}>
        <Icon name="camera" />
        {t('of', { n: f.number(up), all: f.number(cameras.length) })}
      </span>
    </p>
  );
}

function Pictures({ site }: { site: string | undefined }) {
  const { t, f } = useReader();
  const feed = useLive((live) => live.feed);
  const shown = useMemo(
    () =>
      feed
        .filter((entry) => !site || entry.what.site === site)
        .filter((entry) => evidenceOf(entry).some((medium) => medium.stored && medium.role !== 'clip'))
        .slice(0, PICTURES_MAX),
    [feed, site],
  );
  return (
    <ol className="wall-pictures" aria-label={t('feed')}>
      {shown.map((entry) => (
        <li key={entry.id}>
          <Picture
            medium={bestOf(evidenceOf(entry).filter((medium) => medium.stored))}
            text={t('picture_of', { what: entryTitle(t, entry), at: f.time(entry.at) })}
          />
          <p>
            {entry.kind === 'plate' && entry.what.display ? (
              <PlateMark text={entry.what.display} colour={entry.what.colour} />
            ) : entry.kind === 'decision' ? (
              <Verdict verdict={entry.what.verdict} />
            ) : (
              <span>{entryTitle(t, entry)}</span>
            )}
            <time className="figure soft">{f.time(entry.at)}</time>
          </p>
        </li>
      ))}
    </ol>
  );
}
