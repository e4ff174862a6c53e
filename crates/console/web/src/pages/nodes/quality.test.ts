import { describe, expect, it } from 'vitest';
import type { CameraQuality, Node, NodeTrouble } from '../../api/types';
import { qualities } from './quality';

const camera = (name: string, more: Partial<CameraQuality> = {}): CameraQuality => ({
  camera: name,
  width_px: 1920,
  height_px: 1080,
  ...more,
});

const node = (name: string, cameras: CameraQuality[], troubles: NodeTrouble[] = []): Node =>
  ({ node: name, site: 's', health: { cameras, troubles } }) as unknown as Node;

const plates = (came: number, read: number) => ({ plates: { came, read, width_px: 120, height_px: 30 } });

describe('qualities', () => {
  it('puts cameras with trouble first, then those that read the least', () => {
    const dark: NodeTrouble = { problem: 'camera_dark', of: 'c', detail: 'dark' };
    const hot: NodeTrouble = { problem: 'hot', of: null, detail: 'hot' };
    const nodes = [
      node('n2', [camera('a', plates(10, 9)), camera('b', plates(10, 2))]),
      node('n1', [camera('c'), camera('d')], [dark, hot]),
    ];
    const rows = qualities(nodes);
    expect(rows.map((row) => row.camera.camera)).toEqual(['c', 'b', 'a', 'd']);
    expect(rows[0]?.troubles).toEqual([dark]);
    expect(rows[1]?.read).toBe(0.2);
  });

  it('compares sharpness with the reference only where there is one', () => {
    const picture = { brightness: 100, burnt: 0, sharpness: 100 };
    const [bare, held] = qualities([
      node('n', [camera('a', { picture }), camera('b', { picture: { ...picture, sharpness_reference: 400 } })]),
    ]);
    expect([bare?.sharpness, held?.sharpness]).toEqual([null, 0.25]);
  });

  it('knows nothing of nodes that told nothing', () => {
    expect(qualities([{ node: 'n', site: 's' } as unknown as Node])).toEqual([]);
  });
});
