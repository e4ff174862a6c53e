import { expect, test } from 'vitest';
import { withLine } from '../../parts/drawing/shapes';
import { shapesOf, shapesSent } from './drawn';

const HELD = {
  lines: [
    {
      was: 'entrance',
      id: 'entrance',
      points: [
        [0.7, 0],
        [0.7, 1],
      ],
      inwards: 'a_to_b' as const,
      groups: ['person'],
    },
  ],
  zones: [
    {
      was: 'hall',
      id: 'hall',
      points: [
        [0.1, 0.1],
        [0.4, 0.1],
        [0.4, 0.4],
      ],
      groups: ['person', 'vehicle'],
    },
  ],
};

test('what is read and not touched is sent as it was', () => {
  expect(shapesSent(shapesOf(HELD))).toEqual(HELD);
});

test('a shape that is renamed says what it was, and a new one that it was nothing', () => {
  const read = shapesOf(HELD).map((one) => (one.kind === 'line' ? { ...one, id: 'main' } : one));
  const shapes = withLine(
    read,
    [
      { x: 0.1, y: 0.2 },
      { x: 0.3, y: 0.2 },
    ],
    'line',
    ['vehicle'],
  );
  const { lines } = shapesSent(shapes);
  expect(lines.map(({ was, id }) => [was, id])).toEqual([
    ['entrance', 'main'],
    [null, 'line-1'],
  ]);
});
