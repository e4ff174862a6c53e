import { expect, it } from 'vitest';
import { fileName, pathOf } from './place';

const place = { site: 'den-hung', node: 'cong-1', camera: 'cam-1' };

it('a picture that is kept says of where and when it is', () => {
  expect(fileName(place, '2026-11-22T02:15:34.123456Z')).toBe('den-hung-cong-1-cam-1-20261122T021534Z.jpg');
  expect(fileName(place, '')).toBe('den-hung-cong-1-cam-1.jpg');
});

it('a camera is asked for by its three names', () => {
  expect(pathOf(place, 'live')).toBe('/api/v1/cameras/den-hung/cong-1/cam-1/live');
  expect(pathOf({ ...place, site: 'a/b' }, 'snapshot')).toBe('/api/v1/cameras/a%2Fb/cong-1/cam-1/snapshot');
});
