// What to do about an alarm of a node. Pure.
import { named, type Translate } from '../../words';

/** Which advice goes with which kind of alarm. */
const ADVICE: Record<string, string> = {
  fork: 'fork',
  id_reused: 'fork',
  bad_signature: 'key',
  broken_chain: 'key',
  gap: 'gap',
  misplaced: 'setup',
  unknown_node: 'unknown_node',
  unreadable: 'setup',
  bad_number: 'setup',
  unstorable: 'setup',
  clock: 'clock',
};

export function adviceOf(t: Translate, kind: string): string {
  const advice = ADVICE[kind];
  return advice ? named(t, 'help', advice) : '';
}
