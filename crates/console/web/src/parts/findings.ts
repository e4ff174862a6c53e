// How what a check found looks.
import type { Tone } from './marks';

export const FINDINGS: Record<string, Tone> = {
  held: 'good',
  'not-asked': 'plain',
  noted: 'info',
  resembles: 'warn',
  denied: 'bad',
  referred: 'warn',
};
