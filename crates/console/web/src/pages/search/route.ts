// The stops of a plate where somebody placed them: on the plan of one site, or on the grid of sites. Pure.
import type { PlacedSite } from '../../api/types';
import type { Point } from '../../parts/geo-map/grid';
import type { Stay } from './stays';

/** A place where it stopped, with the numbers of the stops there, from 1. */
export type Stop<P> = P & { name: string; numbers: number[] };

/** Which way it went between two places. */
export interface Leg<P> {
  from: P;
  to: P;
}

export interface Spot {
  x: number;
  y: number;
}

export interface Way<P> {
  stops: Stop<P>[];
  legs: Leg<P>[];
  /** Places of stops that are not on the map, each once. */
  off: string[];
}

export type Route =
  | ({ kind: 'plan'; site: string; plan: NonNullable<PlacedSite['plan']> } & Way<Spot>)
  | ({ kind: 'sites' } & Way<Point>);

function wayOf<P>(stays: readonly Stay[], name: (stay: Stay) => string, place: (stay: Stay) => P | undefined): Way<P> {
  const way: Way<P> = { stops: [], legs: [], off: [] };
  let before: Stop<P> | undefined;
  for (const [index, stay] of stays.entries()) {
    const at = place(stay);
    if (!at) {
      if (!way.off.includes(name(stay))) way.off.push(name(stay));
      continue;
    }
    let stop = way.stops.find((one) => one.name === name(stay));
    if (!stop) {
      stop = { ...at, name: name(stay), numbers: [] };
      way.stops.push(stop);
    }
    stop.numbers.push(index + 1);
    const [from, to] = [before, stop];
    // A way that it went again is drawn once.
    const isNew = !way.legs.some((leg) => leg.from === from && leg.to === to);
    if (from && from !== to && isNew) way.legs.push({ from, to });
    before = stop;
  }
  return way;
}

/** Nothing where no stop is on a map. */
export function routeOf(stays: readonly Stay[], places: readonly PlacedSite[]): Route | null {
  const site = stays[0]?.site;
  const placed = places.find((one) => one.site === site);
  if (site && placed?.plan && stays.every((stay) => stay.site === site)) {
    const spot = (stay: Stay) => {
      const gates = placed.gates.filter((one) => stay.gates.includes(one.gate));
      const at = gates.find((one) => one.x != null && one.y != null);
      return at?.x == null || at.y == null ? undefined : { x: at.x, y: at.y };
    };
    const way = wayOf<Spot>(stays, (stay) => stay.gate, spot);
    if (way.stops.length > 0) return { kind: 'plan', site, plan: placed.plan, ...way };
  }
  const point = (stay: Stay) => places.find((one) => one.site === stay.site)?.at ?? undefined;
  const way = wayOf<Point>(stays, (stay) => stay.site, point);
  return way.stops.length > 0 ? { kind: 'sites', ...way } : null;
}
