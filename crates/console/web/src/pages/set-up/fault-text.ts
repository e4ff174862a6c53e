// What the hub found wrong, in the reader's words.
import { isKey, type Translate } from '../../words';
import type { Fault } from './draft';

/** What is wrong with a field, in one line; nothing where nothing is. */
export function faultText(t: Translate, faults: readonly Fault[], field: string): string | undefined {
  const mine = faults.filter((fault) => fault.field === field);
  return mine.length === 0 ? undefined : [...new Set(mine.map((fault) => told(t, fault)))].join(' ');
}

/** A fault in words of this page; what it has none for is told as the hub told it. */
export function told(t: Translate, fault: Fault): string {
  const key = `set_up_wrong_${fault.field}`;
  return isKey(key) ? t(key) : fault.detail;
}
