// Sightings of a plate as stops on its way. Pure.
import type { Plate } from '../../api/types';

/** Sightings at one gate that follow each other within this time are one stop. */
const SAME_STOP_MS = 10 * 60_000;

export interface Stay {
  site: string;
  /** As it is told; `gates` one by one. */
  gate: string;
  gates: string[];
  from: number;
  to: number;
  /** Its sightings, newest first. */
  plates: Plate[];
}

/** Stops in the order of time. A sighting by a camera of several gates is at all of them. */
export function staysOf(plates: readonly Plate[]): Stay[] {
  const sorted = [...plates].sort((a, b) => Date.parse(a.from) - Date.parse(b.from));
  const stays: Stay[] = [];
  for (const plate of sorted) {
    const gate = plate.gates.join(', ');
    const [from, to] = [Date.parse(plate.from), Date.parse(plate.to)];
    const last = stays.at(-1);
    if (last && last.site === plate.site && last.gate === gate && from - last.to <= SAME_STOP_MS) {
      last.to = Math.max(last.to, to);
      last.plates.unshift(plate);
    } else {
      stays.push({ site: plate.site, gate, gates: plate.gates, from, to, plates: [plate] });
    }
  }
  return stays;
}
