// The way of one plate on the plan of its site, or from site to site on the grid of coordinates.
import '../live/map.css';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useMemo } from 'react';
import { placesQuery } from '../../api/places';
import { useReader } from '../../app/reader';
import { Skeleton } from '../../parts/state';
import { routeOf } from './route';
import type { Stay } from './stays';

const GeoMap = lazy(() => import('../../parts/geo-map').then((part) => ({ default: part.GeoMap })));

export function PathMap({ stays }: { stays: readonly Stay[] }) {
  const { t } = useReader();
  const { data } = useQuery(placesQuery);
  const route = useMemo(() => (data ? routeOf(stays, data) : null), [stays, data]);
  // The list below says the same in words; a map that could not be had is not missed there.
  if (!data) return null;
  if (!route) return <p className="small soft">{t('path_no_map')}</p>;
  const numbered = (numbers: readonly number[]) => numbers.join(', ');
  return (
    <figure className="stack">
      {route.kind === 'sites' ? (
        <Suspense fallback={<Skeleton rows={1} height={14} />}>
          <GeoMap
            label={t('path_map')}
            sites={route.stops.map(({ name, latitude, longitude }) => ({ site: name, latitude, longitude }))}
            legs={route.legs}
            text={(site) => `${numbered(route.stops.find((stop) => stop.name === site)?.numbers ?? [])} · ${site}`}
          />
        </Suspense>
      ) : (
        <div className="plan">
          <img
            src={route.plan.url}
            width={route.plan.width_px}
            height={route.plan.height_px}
            alt={t('map_plan', { site: route.site })}
          />
          <svg className="plan-route" viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden="true">
            {route.legs.map(({ from, to }) => (
              <line key={`${from.x} ${from.y} ${to.x} ${to.y}`} x1={from.x} y1={from.y} x2={to.x} y2={to.y} />
            ))}
          </svg>
          {route.stops.map(({ name, numbers, x, y }) => {
            const text = t('path_stop', { name, numbers: numbered(numbers) });
            return (
              <span
                key={name}
                className="pin plan-stop"
                style={{ left: `${x * 100}%`, top: `${y * 100}%` }}
                role="img"
                aria-label={text}
                title={text}
              >
                {numbered(numbers)}
              </span>
            );
          })}
        </div>
      )}
      {route.off.length > 0 && (
        <figcaption className="small soft">{t('map_off', { names: route.off.join(', ') })}</figcaption>
      )}
    </figure>
  );
}
