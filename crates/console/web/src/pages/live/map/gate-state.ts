// How a gate on the map stands: the worst of its cameras and of its limits. Pure.
import type { Gate, Group, PlacedGate } from '../../../api/types';
import type { Tone } from '../../../parts/marks';
import type { Key } from '../../../words';

/** From this share of a limit on a gate is nearly full. */
const NEARLY = 0.9;

export interface GateState {
  tone: Tone;
  word: Key;
}

export function maxOf(placed: PlacedGate | undefined, group: Group): number | null {
  return (group === 'person' ? placed?.person_max : placed?.vehicle_max) ?? null;
}

export function stateOf(gate: Gate, placed: PlacedGate | undefined): GateState {
  const shares = (['person', 'vehicle'] as const).flatMap((group) => {
    const max = maxOf(placed, group);
    return max === null ? [] : [gate.occupancy[group].count / max];
  });
  const fullest = Math.max(0, ...shares);
  if (gate.cameras.some((camera) => camera.state === 'down' || camera.state === 'failed')) {
    return { tone: 'bad', word: 'map_state_camera' };
  }
  if (fullest > 1) return { tone: 'bad', word: 'map_state_full' };
  if (fullest >= NEARLY) return { tone: 'warn', word: 'map_state_warn' };
  if (gate.cameras.every((camera) => !camera.state)) return { tone: 'plain', word: 'map_state_unknown' };
  return { tone: 'good', word: 'map_state_good' };
}
