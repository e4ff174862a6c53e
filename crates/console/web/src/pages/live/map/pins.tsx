// Gates on a plan, each a number that stands in the table below.
import type { Gate, PlacedGate } from '../../../api/types';
import { useReader } from '../../../app/reader';
import { stateOf } from './gate-state';

/** Both groups together. */
export function flowOf(gate: Gate): { in: number; out: number; inside: number } {
  const { person, vehicle } = gate.today;
  return {
    in: person.in + vehicle.in,
    out: person.out + vehicle.out,
    inside: gate.occupancy.person.count + gate.occupancy.vehicle.count,
  };
}

export function Pins({ gates, placed }: { gates: readonly Gate[]; placed: readonly PlacedGate[] }) {
  const { t, f } = useReader();
  return gates.map((gate, place) => {
    const at = placed.find((one) => one.gate === gate.gate);
    if (at?.x == null || at.y == null) return null;
    const { tone, word } = stateOf(gate, at);
    const flow = flowOf(gate);
    const text = t('map_gate', {
      n: place + 1,
      gate: gate.gate,
      state: t(word),
      in: f.number(flow.in),
      out: f.number(flow.out),
      inside: f.number(flow.inside),
    });
    return (
      <span
        key={gate.gate}
        className="pin"
        data-tone={tone}
        style={{ left: `${at.x * 100}%`, top: `${at.y * 100}%` }}
        role="img"
        aria-label={text}
        title={text}
      >
        {place + 1}
      </span>
    );
  });
}
