import { describe, expect, it } from 'vitest';
import { formatOf } from '../format/format';
import { wordsOf } from '../words';
import { alertDetail } from './alert-words';

describe('what an alert says beyond its kind', () => {
  const vi = (detail: string) => alertDetail(wordsOf('vi'), formatOf('vi'), detail);

  it('is told in the language of the reader', () => {
    expect(vi('likeness 1.00')).toBe('giống 100%');
    expect(vi('12 of 10')).toBe('12 người hoặc xe, giới hạn 10');
    expect(vi('car out')).toBe('Xe con · Ra');
    expect(vi('person in after 800 ms')).toBe('Người · Vào · sau người trước 0,8 giây');
  });

  it('is shown as it came where nobody translated it', () => {
    expect(vi('the lens is dirty')).toBe('the lens is dirty');
    expect(vi('')).toBe('');
  });
});
