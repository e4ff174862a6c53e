// The gates of a site beside its map: flow, who is inside against the limit, cameras; each state in words besides its colour.
import type { Gate, Group, PlacedGate } from '../../../api/types';
import { useReader } from '../../../app/reader';
import { Badge, CameraMark } from '../../../parts/marks';
import { TableScroll } from '../../../parts/table-scroll';
import { maxOf, stateOf } from './gate-state';

export function MapGates({ gates, placed }: { gates: readonly Gate[]; placed: readonly PlacedGate[] }) {
  const { t } = useReader();
  if (gates.length === 0) return null;
  return (
    <TableScroll label={t('gates')}>
      <table className="table map-gates">
        <caption className="unseen">{t('gates')}</caption>
        <thead>
          <tr>
            <th scope="col">{t('gate')}</th>
            <th scope="col">{t('map_state')}</th>
            {(['person', 'vehicle'] as const).map((group) => (
              <th key={group} scope="col" className="number">
                {t(group === 'person' ? 'persons' : 'vehicles')}: {t('in')} / {t('out')} / {t('inside')}
              </th>
            ))}
            <th scope="col">{t('cameras')}</th>
          </tr>
        </thead>
        <tbody>
          {gates.map((gate, place) => {
            const at = placed.find((one) => one.gate === gate.gate);
            const state = stateOf(gate, at);
            return (
              <tr key={gate.gate}>
                <th scope="row">
                  <span className="row">
                    <span className="pin map-number" data-tone={state.tone} aria-hidden="true">
                      {place + 1}
                    </span>
                    {gate.gate}
                  </span>
                </th>
                <td>
                  <Badge tone={state.tone}>{t(state.word)}</Badge>
                </td>
                <Flow gate={gate} placed={at} group="person" />
                <Flow gate={gate} placed={at} group="vehicle" />
                <td>
                  <div className="row">
                    {gate.cameras.map((camera) => (
                      <CameraMark key={`${camera.node} ${camera.camera}`} camera={camera.camera} state={camera.state} />
                    ))}
                  </div>
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </TableScroll>
  );
}

function Flow({ gate, placed, group }: { gate: Gate; placed: PlacedGate | undefined; group: Group }) {
  const { t, f } = useReader();
  const max = maxOf(placed, group);
  const inside = f.number(gate.occupancy[group].count);
  return (
    <td className="number">
      {f.number(gate.today[group].in)} / {f.number(gate.today[group].out)} /{' '}
      <strong>{max === null ? inside : t('map_inside_of', { n: inside, max: f.number(max) })}</strong>
    </td>
  );
}
