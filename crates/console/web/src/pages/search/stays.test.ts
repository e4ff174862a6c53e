import { describe, expect, it } from 'vitest';
import type { Plate } from '../../api/types';
import { staysOf } from './stays';

const seen = (minute: number, gate: string): Plate =>
  ({
    id: `${minute}`,
    site: 'demo',
    gates: [gate],
    from: new Date(minute * 60_000).toISOString(),
    to: new Date(minute * 60_000 + 5_000).toISOString(),
  }) as unknown as Plate;

describe('the path of a plate', () => {
  it('joins sightings at one gate that follow each other', () => {
    const stays = staysOf([seen(3, 'north'), seen(1, 'north'), seen(40, 'south'), seen(0, 'north')]);
    expect(stays.map((stay) => [stay.gate, stay.plates.length])).toEqual([
      ['north', 3],
      ['south', 1],
    ]);
    expect(stays[0]?.from).toBe(0);
    expect(stays[0]?.to).toBe(3 * 60_000 + 5_000);
    expect(stays[0]?.plates[0]?.id).toBe('3');
  });

  it('keeps a return apart from the stop before', () => {
    expect(staysOf([seen(0, 'north'), seen(5, 'south'), seen(6, 'north')])).toHaveLength(3);
    expect(staysOf([seen(0, 'north'), seen(60, 'north')])).toHaveLength(2);
  });
});
