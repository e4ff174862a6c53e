// Counting lines and zones on a picture, as shares of its width and height. Pure.
import type { Group } from '../../api/types';
import { type Spot, within } from '../spot';

/**
 * Which way over a line leads into the site. Walking along the line from its first end, side A is on the left hand and
 * side B on the right.
 */
export type Inwards = 'a_to_b' | 'b_to_a';

export interface Line {
  kind: 'line';
  /** What tells it apart on the page; it stays when the id is changed. */
  key: string;
  id: string;
  points: readonly [Spot, Spot];
  inwards: Inwards;
  groups: readonly Group[];
}

export interface Zone {
  kind: 'zone';
  key: string;
  id: string;
  points: readonly Spot[];
  groups: readonly Group[];
}

export type Shape = Line | Zone;

export const isGroup = (name: string): name is Group => name === 'person' || name === 'vehicle';

/** Lines and zones as the hub takes them, each with what `more` says of it besides. */
export function linesAndZones<M extends object>(shapes: readonly Shape[], more: (shape: Shape) => M) {
  const sent = (one: Shape) => ({
    ...more(one),
    id: one.id,
    points: one.points.map(({ x, y }) => [x, y]),
    groups: [...one.groups],
  });
  return {
    lines: shapes.flatMap((one) => (one.kind === 'line' ? [{ ...sent(one), inwards: one.inwards }] : [])),
    zones: shapes.flatMap((one) => (one.kind === 'zone' ? [sent(one)] : [])),
  };
}

/** As many as the hub takes of each. */
export const SHAPES_MAX = 32;
/** A shorter line was not meant. */
export const LINE_MIN = 0.03;
/** Corners of a zone. */
export const CORNERS_MIN = 3;

const GAP = 0.02;
const NAME_CHARS_MAX = 63;

/** A name as the hub takes it: letters without accents, digits and dashes. */
export function slugOf(text: string): string {
  const plain = text.toLowerCase().replace(/đ/g, 'd').normalize('NFD').replace(/\p{M}/gu, '');
  return plain
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, NAME_CHARS_MAX)
    .replace(/-+$/, '');
}

export function distance(a: Spot, b: Spot): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

function firstFree(stem: string, taken: readonly string[]): string {
  for (let number = 1; ; number++) {
    const name = `${stem}-${number}`;
    if (!taken.includes(name)) return name;
  }
}

function named(shapes: readonly Shape[], kind: Shape['kind'], stem: string): { key: string; id: string } {
  const mine = shapes.filter((one) => one.kind === kind);
  return {
    key: firstFree(
      kind,
      shapes.map((one) => one.key),
    ),
    id: firstFree(
      stem,
      mine.map((one) => one.id),
    ),
  };
}

export function withLine(
  shapes: readonly Shape[],
  points: readonly [Spot, Spot],
  stem: string,
  groups: readonly Group[],
): Shape[] {
  return [...shapes, { kind: 'line', ...named(shapes, 'line', stem), points, inwards: 'a_to_b', groups }];
}

export function withZone(
  shapes: readonly Shape[],
  points: readonly Spot[],
  stem: string,
  groups: readonly Group[],
): Shape[] {
  return [...shapes, { kind: 'zone', ...named(shapes, 'zone', stem), points, groups }];
}

/** A line across the middle, beside those that are there: for whoever draws by the keyboard. */
export function middleLine(shapes: readonly Shape[]): [Spot, Spot] {
  const x = 0.5 + (shapes.length % 10) * GAP;
  return [within(x, 0.25), within(x, 0.75)];
}

export function middleZone(shapes: readonly Shape[]): Spot[] {
  const off = (shapes.length % 10) * GAP;
  return [within(0.35 + off, 0.35), within(0.65 + off, 0.35), within(0.65 + off, 0.65), within(0.35 + off, 0.65)];
}

/** The same shape with its point number `at` elsewhere. */
export function moved<S extends Shape>(shape: S, at: number, to: Spot): S {
  return { ...shape, points: shape.points.map((point, place) => (place === at ? to : point)) };
}

export function flipped(line: Line): Line {
  return { ...line, inwards: line.inwards === 'a_to_b' ? 'b_to_a' : 'a_to_b' };
}

/** Puts a corner into the middle of the edge that begins at corner `at`. */
export function withCorner(zone: Zone, at: number): Zone {
  const from = zone.points[at];
  const to = zone.points[(at + 1) % zone.points.length];
  if (!from || !to) return zone;
  const middle = within((from.x + to.x) / 2, (from.y + to.y) / 2);
  return { ...zone, points: [...zone.points.slice(0, at + 1), middle, ...zone.points.slice(at + 1)] };
}

/** Takes a corner out; three stay. */
export function withoutCorner(zone: Zone, at: number): Zone {
  return zone.points.length <= CORNERS_MIN ? zone : { ...zone, points: zone.points.filter((_, place) => place !== at) };
}

export function middleOf(line: Line): Spot {
  const [from, to] = line.points;
  return { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 };
}

/**
 * The way into the site as an angle on a picture of this size, in degrees: 0 to the right, 90 downwards. It is square to
 * the line as it is seen.
 */
export function headingOf(line: Line, width: number, height: number): number {
  const [from, to] = line.points;
  const [dx, dy] = [(to.x - from.x) * width, (to.y - from.y) * height];
  // Side B lies where dx·y − dy·x is positive.
  const [nx, ny] = line.inwards === 'a_to_b' ? [-dy, dx] : [dy, -dx];
  const angle = (Math.atan2(ny, nx) * 180) / Math.PI;
  return (Math.round(angle) + 360) % 360;
}

/** The nearest of four ways. */
export function wayOf(heading: number): 'right' | 'down' | 'left' | 'up' {
  const ways = ['right', 'down', 'left', 'up'] as const;
  return ways[Math.round(heading / 90) % 4] ?? 'right';
}
