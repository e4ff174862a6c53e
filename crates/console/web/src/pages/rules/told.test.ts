import { expect, it } from 'vitest';
import { wordsOf } from '../../words';
import { told } from './told';

const vi = wordsOf('vi');

it("says what is wrong with a row in the reader's language", () => {
  expect(told(vi, 'plates: "bùn" is no plate of any kind: too short')).toBe('“bùn” không phải biển số');
  expect(told(vi, 'no category "thợ": worker, visitor are given')).toBe(
    'không có nhóm “thợ”; đang có: worker, visitor',
  );
  expect(told(vi, 'plate 30A12345 is also at lists/holders.csv:3')).toBe('plate 30A12345 đã có ở lists/holders.csv:3');
  expect(told(vi, 'valid_to: "32/13/2026" is neither a day such as 2026-11-20 nor a moment')).toContain('32/13/2026');
});

it('takes every name of a wrong form for one', () => {
  const refused = '"thợ" is not a valid category: use 1 to 63 of a-z, 0-9 and -';
  expect(told(vi, refused)).toBe('“thợ” không phải mã: chỉ a-z, 0-9 và dấu -');
});

it('shows what nobody translated as it is', () => {
  expect(told(vi, 'the moon is full')).toBe('the moon is full');
});
