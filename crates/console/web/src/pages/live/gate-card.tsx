// One gate as it stands.
import { useMemo } from 'react';
import type { Gate } from '../../api/types';
import { useNow, useReader } from '../../app/reader';
import { evidenceOf, gatesOf } from '../../live/feed';
import { useLive } from '../../live/store';
import { entryTitle } from '../../parts/feed-words';
import { Icon } from '../../parts/icon';
import { bestOf, Picture } from '../../parts/picture';
import { CameraDoor } from '../../view/camera-view';

/** The time of the last event is told anew so often. */
const AGE_STEP_MS = 5_000;

export function GateCard({ gate, showsSite }: { gate: Gate; showsSite: boolean }) {
  const { t, f } = useReader();
  const now = useNow(AGE_STEP_MS);
  const last = Date.parse(gate.last_at);
  return (
    <article className="card gate">
      <header className="card-head">
        <h3>
          {gate.gate}
          {showsSite && <span className="soft"> · {gate.site}</span>}
        </h3>
        <span className="small soft">
          {t('last_event')}: {f.ago(last, now)}
        </span>
      </header>
      <div className="gate-body">
        <Newest gate={gate} />
        <table className="gate-table">
          <thead>
            <tr>
              <td />
              <th scope="col">{t('in')}</th>
              <th scope="col">{t('out')}</th>
              <th scope="col">{t('inside')}</th>
            </tr>
          </thead>
          <tbody>
            {(['person', 'vehicle'] as const).map((group) => (
              <tr key={group}>
                <th scope="row">
                  <Icon name={group} />
                  {t(group === 'person' ? 'persons' : 'vehicles')}
                </th>
                <td className="figure" data-direction="in">
                  {f.number(gate.today[group].in)}
                </td>
                <td className="figure" data-direction="out">
                  {f.number(gate.today[group].out)}
                </td>
                <td className="figure">{f.number(gate.today[group].inside)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div className="row small">
        {gate.zones.map((zone) => (
          <span key={`${zone.zone} ${zone.group}`} className="badge" title={zone.stale ? t('zone_stale') : undefined}>
            <Icon name={zone.group === 'person' ? 'person' : 'vehicle'} />
            {zone.zone}: {f.number(zone.count)}
            {zone.stale && ' ?'}
          </span>
        ))}
        {gate.cameras.length === 0 && <span className="soft">{t('no_cameras')}</span>}
        {gate.cameras.map((camera) => (
          <CameraDoor
            key={`${camera.node} ${camera.camera}`}
            site={gate.site}
            node={camera.node}
            camera={camera.camera}
            state={camera.state}
          />
        ))}
      </div>
    </article>
  );
}

/** The newest picture that was taken at the gate. */
function Newest({ gate }: { gate: Gate }) {
  const { t, f } = useReader();
  const feed = useLive((live) => live.feed);
  const entry = useMemo(
    () =>
      feed.find(
        (entry) =>
          entry.what.site === gate.site &&
          gatesOf(entry).includes(gate.gate) &&
          evidenceOf(entry).some((medium) => medium.stored && medium.role !== 'clip'),
      ),
    [feed, gate.site, gate.gate],
  );
  const text = entry ? t('picture_of', { what: entryTitle(t, entry), at: f.time(entry.at) }) : t('picture_missing');
  return (
    <Picture
      className="gate-picture"
      medium={entry ? bestOf(evidenceOf(entry).filter((medium) => medium.stored)) : null}
      text={text}
      opens
    />
  );
}
