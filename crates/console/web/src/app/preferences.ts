// What a reader chose on this device: language, appearance, sound. Kept in the browser.
import { useSyncExternalStore } from 'react';
import { LANGUAGES, type Language } from '../words';

export type Theme = 'system' | 'light' | 'dark';
export const THEMES: readonly Theme[] = ['system', 'light', 'dark'];

export interface Preferences {
  language: Language;
  theme: Theme;
  sound: boolean;
}

const KEY = 'gatehouse.preferences';
const readers = new Set<() => void>();
let current = read();

function isLanguage(text: unknown): text is Language {
  return LANGUAGES.some((language) => language === text);
}

function read(): Preferences {
  let kept: Partial<Record<keyof Preferences, unknown>> = {};
  try {
    kept = JSON.parse(localStorage.getItem(KEY) ?? '{}');
  } catch {
    // A browser that keeps nothing begins with the defaults each time.
  }
  const asked = new URLSearchParams(location.search);
  const language = asked.get('lang') ?? kept.language;
  const theme = asked.get('theme') ?? kept.theme;
  return {
    language: isLanguage(language) ? language : 'vi',
    theme: THEMES.find((known) => known === theme) ?? 'system',
    sound: kept.sound !== false,
  };
}

function apply(): void {
  document.documentElement.lang = current.language;
  if (current.theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = current.theme;
}

export function prefer(next: Partial<Preferences>): void {
  current = { ...current, ...next };
  try {
    localStorage.setItem(KEY, JSON.stringify(current));
  } catch {
    // It holds for this visit then.
  }
  apply();
  for (const tell of readers) tell();
}

function subscribe(tell: () => void): () => void {
  readers.add(tell);
  return () => readers.delete(tell);
}

export function usePreferences(): Preferences {
  return useSyncExternalStore(subscribe, () => current);
}

apply();
