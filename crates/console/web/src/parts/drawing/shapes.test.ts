import { describe, expect, it } from 'vitest';
import {
  flipped,
  headingOf,
  type Line,
  middleLine,
  moved,
  type Shape,
  slugOf,
  wayOf,
  withCorner,
  withLine,
  withoutCorner,
  withZone,
  type Zone,
} from './shapes';

const line = (points: [[number, number], [number, number]], inwards: Line['inwards'] = 'a_to_b'): Line => ({
  kind: 'line',
  key: 'k',
  id: 'entrance',
  points: [
    { x: points[0][0], y: points[0][1] },
    { x: points[1][0], y: points[1][1] },
  ],
  inwards,
  groups: ['person'],
});

describe('the way into the site', () => {
  it('is the one that the profiles mean', () => {
    // Below a line drawn to the right is side B; to the left of a line drawn downwards as well.
    const across = line([
      [0.1, 0.5],
      [0.9, 0.5],
    ]);
    const down = line([
      [0.7, 0],
      [0.7, 1],
    ]);
    expect(wayOf(headingOf(across, 768, 576))).toBe('down');
    expect(wayOf(headingOf(flipped(across), 768, 576))).toBe('up');
    expect(wayOf(headingOf(down, 768, 576))).toBe('left');
    expect(wayOf(headingOf(flipped(down), 768, 576))).toBe('right');
  });

  it('is square to the line on a picture that is wider than high', () => {
    const slanted = line([
      [0, 0],
      [0.5, 1],
    ]);
    expect(headingOf(slanted, 200, 100)).toBe(135);
  });
});

it('names shapes so that none is called like another of its kind', () => {
  let shapes: Shape[] = [];
  for (let n = 0; n < 3; n++) shapes = withLine(shapes, middleLine(shapes), 'line', ['person']);
  shapes = withZone(shapes, [], 'zone', ['person']);
  expect(shapes.map((one) => one.id)).toEqual(['line-1', 'line-2', 'line-3', 'zone-1']);
  const rest = withLine(shapes.slice(1), middleLine([]), 'line', []);
  expect(rest.map((one) => one.id)).toEqual(['line-2', 'line-3', 'zone-1', 'line-1']);
  expect(new Set(rest.map((one) => one.key)).size).toBe(4);
});

it('moves a point, and puts corners in and takes them out again', () => {
  const zone: Zone = {
    kind: 'zone',
    key: 'z',
    id: 'yard',
    points: [
      { x: 0, y: 0 },
      { x: 1, y: 0 },
      { x: 0, y: 1 },
    ],
    groups: ['person'],
  };
  const four = withCorner(zone, 2);
  expect(four.points.at(-1)).toEqual({ x: 0, y: 0.5 });
  expect(withoutCorner(four, 3)).toEqual(zone);
  expect(withoutCorner(zone, 0)).toEqual(zone);
  expect(moved(zone, 1, { x: 0.5, y: 0.5 }).points[1]).toEqual({ x: 0.5, y: 0.5 });
});

it('makes names of Vietnamese words', () => {
  expect(slugOf('Cổng chính Đền Hùng')).toBe('cong-chinh-den-hung');
  expect(slugOf('  Lối ra/vào số 2! ')).toBe('loi-ra-vao-so-2');
  expect(slugOf('…')).toBe('');
});
