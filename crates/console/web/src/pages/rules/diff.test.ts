import { expect, it } from 'vitest';
import { diffOf } from './diff';

it('tells the lines that went and came', () => {
  expect(diffOf('a\nb\nc\n', 'a\nB\nc\nd\n')).toEqual({ gone: ['b'], come: ['B', 'd'] });
});

it('counts equal lines', () => {
  expect(diffOf('x\nx\n', 'x\nx\nx\n')).toEqual({ gone: [], come: ['x'] });
  expect(diffOf('x\nx\nx\n', 'x\n')).toEqual({ gone: ['x', 'x'], come: [] });
});

it('takes a text that is not there for an empty one', () => {
  expect(diffOf(null, 'a\n')).toEqual({ gone: [], come: ['a'] });
  expect(diffOf('a', null)).toEqual({ gone: ['a'], come: [] });
});

it('finds nothing where lines only moved', () => {
  expect(diffOf('a\nb\n', 'b\na\n')).toEqual({ gone: [], come: [] });
});
