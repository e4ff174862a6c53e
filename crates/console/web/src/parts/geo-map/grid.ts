// Points of the world, and which lines of a grid of coordinates are drawn over a part of it. Pure.

export interface Point {
  latitude: number;
  longitude: number;
}

export interface Bounds {
  south: number;
  north: number;
  west: number;
  east: number;
}

export interface Grid {
  /** Degrees at which lines are drawn. */
  parallels: number[];
  meridians: number[];
  /** Digits behind the point that tell the lines apart. */
  digits: number;
}

/** So many lines cross the shorter side at most. */
const LINES_MAX = 4;
const STEPS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 45];

/** Equally many degrees between all lines, whichever way they run; some cross the shorter side too. */
export function gridOf({ south, north, west, east }: Bounds): Grid {
  const span = Math.min(north - south, east - west);
  const step = STEPS.find((one) => span / one <= LINES_MAX) ?? 90;
  const lines = (low: number, high: number) => {
    const found: number[] = [];
    for (let at = Math.ceil(low / step); at * step <= high; at++) found.push(at * step);
    return found;
  };
  return {
    parallels: lines(south, north),
    meridians: lines(west, east),
    digits: Math.max(0, Math.ceil(-Math.log10(step))),
  };
}
