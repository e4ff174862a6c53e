import { describe, expect, it } from 'vitest';
import { viewOf } from './view';

const HANOI = { latitude: 21.0285, longitude: 105.8542 };
const SAIGON = { latitude: 10.7769, longitude: 106.7009 };

describe('a view of sites', () => {
  it('holds every site, north above and east to the right', () => {
    const view = viewOf([HANOI, SAIGON]);
    for (const point of [HANOI, SAIGON]) {
      expect(view.x(point.longitude)).toBeGreaterThan(0);
      expect(view.x(point.longitude)).toBeLessThan(view.width);
      expect(view.y(point.latitude)).toBeGreaterThan(0);
      expect(view.y(point.latitude)).toBeLessThan(view.height);
    }
    expect(view.y(HANOI.latitude)).toBeLessThan(view.y(SAIGON.latitude));
    expect(view.x(HANOI.longitude)).toBeLessThan(view.x(SAIGON.longitude));
    expect(view.height).toBeLessThanOrEqual(900.001);
  });

  it('is as long as the scale says', () => {
    // About 1,140 km lie between the two.
    const view = viewOf([HANOI, SAIGON]);
    const length = Math.hypot(
      view.x(HANOI.longitude) - view.x(SAIGON.longitude),
      view.y(HANOI.latitude) - view.y(SAIGON.latitude),
    );
    const km = (length / view.scale.length) * view.scale.km;
    expect(km).toBeGreaterThan(1_100);
    expect(km).toBeLessThan(1_180);
  });

  it('puts a single site in the middle, with lines around it', () => {
    const view = viewOf([HANOI]);
    expect(view.x(HANOI.longitude)).toBeCloseTo(view.width / 2, 5);
    expect(view.y(HANOI.latitude)).toBeCloseTo(view.height / 2, 5);
    expect(view.meridians.length).toBeGreaterThan(1);
    expect(view.scale.km).toBeLessThan(1);
  });
});
