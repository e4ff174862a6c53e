import { describe, expect, it } from 'vitest';
import { type Part, PartReader } from './parts';

function part(body: number[], more = ''): number[] {
  const head = `--frame\r\ncontent-type: image/jpeg\r\nContent-Length: ${body.length}\r\n${more}\r\n`;
  return [...new TextEncoder().encode(head), ...body, 13, 10];
}

const bodies = (parts: readonly Part[]): number[][] => parts.map((one) => [...one.body]);

describe('the parts of a live view', () => {
  it('are the same however the bytes come', () => {
    // A body may hold what ends a head.
    const bytes = Uint8Array.from([...part([1, 2, 3], 'x-age-ms: 40\r\n'), ...part([13, 10, 13, 10, 9]), ...part([])]);
    for (const step of [1, 2, 7, 64, bytes.length]) {
      const reader = new PartReader();
      const parts: Part[] = [];
      for (let at = 0; at < bytes.length; at += step) parts.push(...reader.push(bytes.subarray(at, at + step)));
      expect(bodies(parts)).toEqual([[1, 2, 3], [13, 10, 13, 10, 9], []]);
      expect(parts[0]?.headers.get('x-age-ms')).toBe('40');
      expect(parts[1]?.headers.get('content-type')).toBe('image/jpeg');
    }
  });

  it('that are none end the view', () => {
    const push = (text: string) => () => new PartReader().push(new TextEncoder().encode(text));
    expect(push('--frame\r\ncontent-type: image/jpeg\r\n\r\nx')).toThrow('without a length');
    expect(push('--frame\r\ncontent-length: 99999999999\r\n\r\nx')).toThrow('without a length');
    expect(push('x'.repeat(5_000))).toThrow('without a head');
    expect(push('--frame\r\ncontent-')()).toEqual([]);
  });
});
