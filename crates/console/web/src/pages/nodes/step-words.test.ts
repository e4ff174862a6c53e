import { describe, expect, it } from 'vitest';
import type { CommissioningStep } from '../../api/types';
import { formatOf } from '../../format/format';
import { wordsOf } from '../../words';
import { measured, seenOf } from './step-words';

const step = (name: string, more: Partial<CommissioningStep> = {}): CommissioningStep => ({
  step: name,
  by_person: false,
  state: 'good',
  ...more,
});

describe('seenOf', () => {
  const vi = (one: CommissioningStep) => seenOf(wordsOf('vi'), formatOf('vi'), one);

  it('tells numbers in the unit of their step', () => {
    expect(vi(step('disk', { value: 12_400_000_000, wanted: 5_000_000_000 }))).toBe('trống 12 GB, cần 5 GB');
    expect(vi(step('plate_size', { value: 70, wanted: 90 }))).toBe('rộng 70 px, cần 90 px');
    expect(vi(step('read_rate', { value: 0.976, wanted: 0.8 }))).toMatch(/^đọc 98\s?%, cần 80\s?%$/);
  });

  it('is silent where nothing was measured', () => {
    expect(vi(step('disk', { wanted: 5_000_000_000 }))).toBe('');
    expect(vi(step('online'))).toBe('');
  });
});

describe('measured', () => {
  it('has the node first and each camera by itself, without what people confirm', () => {
    const steps = [
      step('online'),
      step('picture', { camera: 'a' }),
      step('light', { camera: 'a' }),
      step('picture', { camera: 'b' }),
      step('aim', { by_person: true }),
    ];
    expect(measured(steps).map(([camera, own]) => [camera, own.map((one) => one.step)])).toEqual([
      [null, ['online']],
      ['a', ['picture', 'light']],
      ['b', ['picture']],
    ]);
  });
});
