import { expect, it } from 'vitest';
import type { Gate } from '../../../api/types';
import { stateOf } from './gate-state';

const occupancy = (person: number, vehicle: number) =>
  ({ person: { count: person }, vehicle: { count: vehicle } }) as Gate['occupancy'];
const gate = (person: number, vehicle: number, ...states: string[]) =>
  ({ occupancy: occupancy(person, vehicle), cameras: states.map((state) => ({ state })) }) as unknown as Gate;
const limits = { gate: 'a', x: null, y: null, person_max: 100, vehicle_max: 10 };

it('tells the worst of limits and cameras', () => {
  expect(stateOf(gate(50, 5, 'up'), limits).word).toBe('map_state_good');
  expect(stateOf(gate(50, 9, 'up'), limits)).toEqual({ tone: 'warn', word: 'map_state_warn' });
  expect(stateOf(gate(101, 0, 'up'), limits)).toEqual({ tone: 'bad', word: 'map_state_full' });
  expect(stateOf(gate(0, 0, 'up', 'failed'), limits).word).toBe('map_state_camera');
  expect(stateOf(gate(0, 0), limits).word).toBe('map_state_unknown');
  expect(stateOf(gate(5_000, 0, 'up'), undefined).word).toBe('map_state_good');
});
