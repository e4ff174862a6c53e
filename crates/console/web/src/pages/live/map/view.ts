// Where sites stand on a plain grid of coordinates, which grid lines are drawn, and how long a kilometre is. Pure.

export interface Point {
  latitude: number;
  longitude: number;
}

export interface View {
  width: number;
  height: number;
  x(longitude: number): number;
  y(latitude: number): number;
  /** Degrees at which lines are drawn. */
  parallels: number[];
  meridians: number[];
  /** Digits behind the point that tell the lines apart. */
  digits: number;
  /** A length that is drawn, and what it stands for. */
  scale: { km: number; length: number };
}

const WIDTH = 1_000;
const [HEIGHT_MIN, HEIGHT_MAX] = [420, 900];
/** A single site is shown with so many degrees around it. */
const SPAN_MIN = 0.02;
const PADDING = 0.18;
const LINES_MAX = 6;
const KM_PER_DEGREE = 111.32;
const STEPS = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 45];

/** A view that holds all points. An equirectangular projection, true along the middle parallel. */
export function viewOf(points: readonly Point[]): View {
  const range = (of: (point: Point) => number): [number, number] => {
    const values = points.map(of);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const around = Math.max((high - low) * PADDING, (SPAN_MIN - (high - low)) / 2);
    return [low - around, high + around];
  };
  let [south, north] = range((point) => point.latitude);
  let [west, east] = range((point) => point.longitude);
  const narrowing = Math.max(Math.cos((((south + north) / 2) * Math.PI) / 180), 0.05);
  const widen = (low: number, high: number, span: number): [number, number] => {
    const middle = (low + high) / 2;
    return [middle - span / 2, middle + span / 2];
  };
  // Of a strip that would be too flat or too high, the shorter side is widened.
  const heightOf = () => (WIDTH * (north - south)) / ((east - west) * narrowing);
  if (heightOf() < HEIGHT_MIN) {
    [south, north] = widen(south, north, (HEIGHT_MIN / WIDTH) * (east - west) * narrowing);
  } else if (heightOf() > HEIGHT_MAX) {
    [west, east] = widen(west, east, ((north - south) * WIDTH) / HEIGHT_MAX / narrowing);
  }
  const height = heightOf();
  const step = STEPS.find((one) => (east - west) / one <= LINES_MAX) ?? 90;
  const lines = (low: number, high: number) => {
    const found: number[] = [];
    for (let at = Math.ceil(low / step); at * step <= high; at++) found.push(at * step);
    return found;
  };
  const kmAcross = (east - west) * KM_PER_DEGREE * narrowing;
  const km = niceBelow(kmAcross / 4);
  return {
    width: WIDTH,
    height,
    x: (longitude) => ((longitude - west) / (east - west)) * WIDTH,
    y: (latitude) => ((north - latitude) / (north - south)) * height,
    parallels: lines(south, north),
    meridians: lines(west, east),
    digits: step >= 1 ? 0 : step >= 0.1 ? 1 : step >= 0.01 ? 2 : 3,
    scale: { km, length: (km / kmAcross) * WIDTH },
  };
}

/** The greatest of 1, 2 and 5 times a power of ten that is not above a number. */
function niceBelow(number: number): number {
  const power = 10 ** Math.floor(Math.log10(number));
  const factor = [5, 2, 1].find((one) => one * power <= number) ?? 1;
  return factor * power;
}
