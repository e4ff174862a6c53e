// The lines and zones of a profile as the hub tells them and as they are drawn. Pure.
import type { Shapes } from '../../api/types';
import { isGroup, linesAndZones, type Shape } from '../../parts/drawing/shapes';
import { type Spot, within } from '../../parts/spot';

/** An empty field to draw on, where there is no picture. */
export const NO_PICTURE = {
  url: `data:image/svg+xml,${encodeURIComponent('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 9"/>')}`,
  width: 1600,
  height: 900,
};

/** Keys of shapes that were read hold the id that they had; those of new ones do not. */
const READ = 'read:';

function spots(points: readonly (readonly number[])[]): Spot[] {
  return points.map(([x = 0, y = 0]) => within(x, y));
}

export function shapesOf({ lines, zones }: Shapes): Shape[] {
  const read = (kind: Shape['kind'], id: string) => ({ key: `${READ}${kind}:${id}`, id });
  return [
    ...lines.flatMap(({ id, points, inwards, groups }): Shape[] => {
      const [from, to] = spots(points);
      if (!from || !to) return [];
      return [{ kind: 'line', ...read('line', id), points: [from, to], inwards, groups: groups.filter(isGroup) }];
    }),
    ...zones.map(
      ({ id, points, groups }): Shape => ({
        kind: 'zone',
        ...read('zone', id),
        points: spots(points),
        groups: groups.filter(isGroup),
      }),
    ),
  ];
}

export function shapesSent(shapes: readonly Shape[]): Shapes {
  const was = ({ key, kind }: Shape) => (key.startsWith(READ) ? key.slice(`${READ}${kind}:`.length) : null);
  return linesAndZones(shapes, (one) => ({ was: was(one) }));
}
