import { describe, expect, it } from 'vitest';
import { wordsOf } from '../words';
import { reasonText } from './plate-words';

describe('why a plate was not read', () => {
  const vi = wordsOf('vi');

  it('is told in the language of the reader, with what was counted', () => {
    expect(reasonText(vi, '3 signs are unsure: 51F-1??.45')).toBe('3 ký tự không chắc');
    expect(reasonText(vi, 'no authority issues plates with code 13')).toBe('không nơi nào cấp mã 13');
    expect(reasonText(wordsOf('en'), 'letters only: TAXI')).toBe('letters only');
  });

  it('is shown as the node said it where nobody translated it', () => {
    expect(reasonText(vi, 'a reason of a newer node')).toBe('a reason of a newer node');
    expect(reasonText(vi, '')).toBe('');
  });
});
