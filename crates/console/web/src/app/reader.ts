// The reader's words and formats, and the time, for every part of the page.
import { useSyncExternalStore } from 'react';
import { type Format, formatOf } from '../format/format';
import { type Language, type Translate, wordsOf } from '../words';
import { usePreferences } from './preferences';

export interface Reader {
  t: Translate;
  f: Format;
  language: Language;
}

const READERS: Record<Language, Reader> = {
  vi: { t: wordsOf('vi'), f: formatOf('vi'), language: 'vi' },
  en: { t: wordsOf('en'), f: formatOf('en'), language: 'en' },
};

export function useReader(): Reader {
  return READERS[usePreferences().language];
}

let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;
const readers = new Set<() => void>();

function subscribe(tell: () => void): () => void {
  readers.add(tell);
  timer ??= setInterval(() => {
    now = Date.now();
    for (const told of readers) told();
  }, 1_000);
  return () => {
    readers.delete(tell);
    if (readers.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** The time, told anew each `step` milliseconds. */
export function useNow(step = 1_000): number {
  return useSyncExternalStore(subscribe, () => Math.floor(now / step) * step);
}
