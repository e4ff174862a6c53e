// Sums over gates and sites. Pure.
import type { Gate, Group, Site } from '../../api/types';

export type Sums = Record<Group, { in: number; out: number }>;

export function sumOf(gates: readonly Gate[]): Sums {
  const sums: Sums = { person: { in: 0, out: 0 }, vehicle: { in: 0, out: 0 } };
  for (const gate of gates) {
    for (const group of ['person', 'vehicle'] as const) {
      sums[group].in += gate.today[group].in;
      sums[group].out += gate.today[group].out;
    }
  }
  return sums;
}

/** Who is inside the sites: each site by all of its gates together, because one may leave by another gate. */
export function insideOf(sites: readonly Site[]): Record<Group, { count: number; unexplained: number }> {
  const sums = { person: { count: 0, unexplained: 0 }, vehicle: { count: 0, unexplained: 0 } };
  for (const site of sites) {
    for (const group of ['person', 'vehicle'] as const) {
      sums[group].count += site.occupancy[group].count;
      sums[group].unexplained += site.occupancy[group].unexplained;
    }
  }
  return sums;
}
