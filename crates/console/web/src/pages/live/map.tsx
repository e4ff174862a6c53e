// Sites by their coordinates, gates on the plan of a site, with what goes on at each. Nothing is asked of other servers.
import './map.css';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { placesQuery } from '../../api/places';
import { gatesQuery, sitesQuery } from '../../api/queries';
import type { PlacedSite } from '../../api/types';
import { useReader } from '../../app/reader';
import { useMay } from '../../app/session';
import { Dialog } from '../../parts/dialog';
import { GeoMap } from '../../parts/geo-map';
import { Icon } from '../../parts/icon';
import { Failure, Skeleton, State } from '../../parts/state';
import { MapGates } from './map/gates';
import { Pins } from './map/pins';
import { Setup } from './map/setup';

export function MapCard({ site }: { site: string | undefined }) {
  const { t } = useReader();
  const may = useMay();
  const [isOpen, setOpen] = useState(false);
  const places = useQuery(placesQuery);
  const sites = useQuery(sitesQuery);
  const only = sites.data?.length === 1 ? sites.data[0]?.site : undefined;
  const chosen = site ?? only;
  const placed = places.data?.find((one) => one.site === chosen);
  return (
    <section className="card stack" aria-labelledby="map">
      <div className="card-head">
        <h2 id="map">{t('map')}</h2>
        {chosen && may('nodes.write') && (
          <button type="button" className="button" data-look="quiet" onClick={() => setOpen(true)}>
            <Icon name="settings" />
            {t('map_setup')}
          </button>
        )}
      </div>
      {!places.data &&
        (places.error ? (
          <Failure error={places.error} retry={() => void places.refetch()} />
        ) : (
          <Skeleton rows={1} height={14} />
        ))}
      {places.data && (chosen ? <OneSiteMap site={chosen} placed={placed} /> : <SitesMap placed={places.data} />)}
      {chosen && (
        <Dialog title={t('map_setup')} isOpen={isOpen} close={() => setOpen(false)} isWide>
          <Setup site={chosen} placed={placed} />
        </Dialog>
      )}
    </section>
  );
}

function Empty() {
  const { t } = useReader();
  return (
    <State icon="map" title={t('map_empty')}>
      <p>{t('map_empty_help')}</p>
    </State>
  );
}

function OneSiteMap({ site, placed }: { site: string; placed: PlacedSite | undefined }) {
  const { t } = useReader();
  const gates = useQuery(gatesQuery);
  const mine = gates.data?.filter((gate) => gate.site === site) ?? [];
  if (placed?.plan) {
    return (
      <>
        <div className="plan">
          <img
            src={placed.plan.url}
            width={placed.plan.width_px}
            height={placed.plan.height_px}
            alt={t('map_plan', { site })}
          />
          <Pins gates={mine} placed={placed.gates} />
        </div>
        <MapGates gates={mine} placed={placed.gates} />
      </>
    );
  }
  if (!placed?.at) return <Empty />;
  return (
    <>
      <GeoMap label={t('map_sites')} sites={[{ site, ...placed.at }]} />
      <MapGates gates={mine} placed={placed.gates} />
    </>
  );
}

function SitesMap({ placed }: { placed: readonly PlacedSite[] }) {
  const { t, f } = useReader();
  const { data } = useQuery(sitesQuery);
  const shown = placed.flatMap((one) => (one.at ? [{ site: one.site, ...one.at }] : []));
  const off = data?.filter((row) => !shown.some((one) => one.site === row.site)).map((row) => row.site) ?? [];
  if (shown.length === 0) {
    return (
      <>
        <Empty />
        <p className="soft">{t('map_choose')}</p>
      </>
    );
  }
  return (
    <>
      <GeoMap label={t('map_sites')} sites={shown} />
      <ul className="row" aria-label={t('map_sites')}>
        {shown.map(({ site }) => {
          const row = data?.find((one) => one.site === site);
          return (
            <li key={site}>
              <Link className="button" to="/" search={{ site }}>
                {site}
                {row && (
                  <>
                    <Icon name="person" />
                    <span className="figure">{f.number(row.occupancy.person.count)}</span>
                    <Icon name="vehicle" />
                    <span className="figure">{f.number(row.occupancy.vehicle.count)}</span>
                  </>
                )}
              </Link>
            </li>
          );
        })}
      </ul>
      {off.length > 0 && <p className="small soft">{t('map_off', { names: off.join(', ') })}</p>}
    </>
  );
}
