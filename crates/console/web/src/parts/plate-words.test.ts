import { describe, expect, it } from 'vitest';
import { wordsOf } from '../words';
import { likenessText, reasonText } from './plate-words';

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

describe('how a plate differs from the one that was looked for', () => {
  const en = wordsOf('en');
  const differing = (position: number, listed: string, read: string) => ({ position, listed, read });

  it('is told sign by sign, also where one has a sign that the other has not', () => {
    const likeness = { score: 0.03, differing: [differing(1, 'O', '0'), differing(7, 'S', '5')] };
    expect(likenessText(en, likeness)).toBe('Alike: sign 2 is 0, not O; sign 8 is 5, not S');
    expect(likenessText(en, { score: 0.02, differing: [differing(0, '3', '-')] })).toBe('Alike: 3 is missing');
    expect(likenessText(en, { score: 0.02, differing: [differing(8, '-', '7')] })).toBe('Alike: 7 is added');
  });

  it('is nothing where the search was for one plate alone', () => {
    expect(likenessText(en, null)).toBe('');
    expect(likenessText(en, { score: 1, differing: [] })).toBe('This very plate');
  });
});
