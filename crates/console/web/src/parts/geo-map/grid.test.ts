import { describe, expect, it } from 'vitest';
import { gridOf } from './grid';

describe('a grid of coordinates', () => {
  it('has some lines and never many, from a market to a country', () => {
    for (const span of [0.001, 0.004, 0.03, 0.7, 4, 15, 90]) {
      const grid = gridOf({ south: 10, north: 10 + span / 2, west: 105, east: 105 + span });
      for (const lines of [grid.parallels, grid.meridians]) {
        expect(lines.length, String(span)).toBeGreaterThan(0);
        expect(lines.length, String(span)).toBeLessThanOrEqual(10);
      }
    }
  });

  it('has lines whose texts differ', () => {
    const grid = gridOf({ south: 21.301, north: 21.339, west: 105.37, east: 105.43 });
    const texts = grid.meridians.map((degrees) => degrees.toFixed(grid.digits));
    expect(new Set(texts).size).toBe(texts.length);
    expect(texts).toContain('105.40');
  });

  it('crosses the equator and Greenwich', () => {
    expect(gridOf({ south: -2, north: 2, west: -2, east: 2 }).parallels).toEqual([-2, -1, 0, 1, 2].map((n) => n + 0));
  });
});
