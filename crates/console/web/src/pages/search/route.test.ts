import { describe, expect, it } from 'vitest';
import type { PlacedSite } from '../../api/types';
import { routeOf } from './route';
import type { Stay } from './stays';

const stay = (site: string, ...gates: string[]): Stay => ({
  site,
  gate: gates.join(', '),
  gates,
  from: 0,
  to: 1,
  plates: [],
});

const placed = (site: string, more: Partial<PlacedSite>): PlacedSite => ({
  site,
  gates: [],
  at: null,
  plan: null,
  ...more,
});
const plan = { changed_at: '', changed_by: '', width_px: 4, height_px: 3, media_type: 'image/png', url: '/plan' };
const gate = (name: string, x: number | null) => ({ gate: name, x, y: x }) as PlacedSite['gates'][number];
const port = placed('port', { plan, gates: [gate('north', 0.2), gate('south', 0.8), gate('east', null)] });
const at = (latitude: number) => ({ at: { latitude, longitude: 105 } });

describe('the way of a plate on the map', () => {
  it('goes from gate to gate on the plan of the only site', () => {
    const route = routeOf(
      [stay('port', 'north'), stay('port', 'south'), stay('port', 'east'), stay('port', 'gone', 'north')],
      [port],
    );
    if (route?.kind !== 'plan') throw new Error('not on the plan');
    expect(route.stops.map(({ name, numbers }) => [name, numbers])).toEqual([
      ['north', [1]],
      ['south', [2]],
      ['gone, north', [4]],
    ]);
    expect(route.legs).toHaveLength(2);
    expect(route.legs[0]).toMatchObject({ from: { x: 0.2 }, to: { x: 0.8 } });
    expect(route.off).toEqual(['east']);
  });

  it('goes from site to site where it was at several, and numbers every stop', () => {
    const sites = [placed('port', { ...port, ...at(21) }), placed('station', at(22)), placed('market', {})];
    const route = routeOf(
      [stay('port', 'north'), stay('market', 'a'), stay('station', 'b'), stay('port', 'south')],
      sites,
    );
    if (route?.kind !== 'sites') throw new Error('not between sites');
    expect(route.stops.map(({ name, numbers, latitude }) => [name, numbers, latitude])).toEqual([
      ['port', [1, 4], 21],
      ['station', [3], 22],
    ]);
    expect(route.legs.map(({ from, to }) => [from.latitude, to.latitude])).toEqual([
      [21, 22],
      [22, 21],
    ]);
    expect(route.off).toEqual(['market']);
  });

  it('draws a way that it went again once', () => {
    const [north, south] = [stay('port', 'north'), stay('port', 'south')];
    const route = routeOf([north, south, north, south], [port]);
    expect(route?.legs).toHaveLength(2);
    expect(route?.stops.map(({ numbers }) => numbers)).toEqual([
      [1, 3],
      [2, 4],
    ]);
  });

  it('is none where nobody placed anything', () => {
    expect(routeOf([stay('port', 'east')], [port])).toBeNull();
    expect(routeOf([stay('market', 'a')], [])).toBeNull();
    expect(routeOf([], [port])).toBeNull();
  });
});
