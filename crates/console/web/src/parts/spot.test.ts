import { expect, it } from 'vitest';
import { stepped, within } from './spot';

it('moves by the arrow keys and never off the plan', () => {
  expect(stepped({ x: 0.5, y: 0.5 }, 'ArrowLeft', false)).toEqual({ x: 0.495, y: 0.5 });
  expect(stepped({ x: 0.5, y: 0.98 }, 'ArrowDown', true)).toEqual({ x: 0.5, y: 1 });
  expect(stepped({ x: 0, y: 0 }, 'ArrowUp', false)).toEqual({ x: 0, y: 0 });
  expect(stepped({ x: 0, y: 0 }, 'Tab', false)).toBeNull();
  expect(within(-3, 1.5)).toEqual({ x: 0, y: 1 });
});
