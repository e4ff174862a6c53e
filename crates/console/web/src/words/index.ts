// Every text of the console, Vietnamese beside English, so that a translator sees both. Vietnamese leads.
import { ACCESS } from './access';
import { ADMIN } from './admin';
import { ALERTS } from './alerts';
import { COMMISSIONING } from './commissioning';
import { COUNTS } from './counts';
import { DESK } from './desk';
import { EVENTS } from './events';
import { HOOKS } from './hooks';
import { MAP } from './map';
import { NODES } from './nodes';
import { PASSES } from './passes';
import { PLATES } from './plates';
import { RETENTION } from './retention';
import { RULES } from './rules';
import { SET_UP } from './set-up';
import { SHELL } from './shell';
import { TROUBLE } from './trouble';
import { VIEW } from './view';

export const LANGUAGES = ['vi', 'en'] as const;
export type Language = (typeof LANGUAGES)[number];

export const WORDS = {
  ...SHELL,
  ...EVENTS,
  ...COUNTS,
  ...DESK,
  ...NODES,
  ...COMMISSIONING,
  ...ADMIN,
  ...ALERTS,
  ...ACCESS,
  ...PASSES,
  ...PLATES,
  ...TROUBLE,
  ...HOOKS,
  ...RULES,
  ...RETENTION,
  ...MAP,
  ...SET_UP,
  ...VIEW,
} as const;

export type Key = keyof typeof WORDS;
export type Values = Readonly<Record<string, string | number>>;
export type Translate = (key: Key, values?: Values) => string;

/** The texts in one language. */
export function wordsOf(language: Language): Translate {
  const place = language === 'vi' ? 0 : 1;
  return (key, values) => fill(WORDS[key][place], values);
}

/** The text of a name that came from outside, `prefix_name`; a name that nobody translated shows as itself. */
export function named(t: Translate, prefix: string, name: string): string {
  const key = `${prefix}_${name}`;
  return isKey(key) ? t(key) : name;
}

export function isKey(key: string): key is Key {
  return Object.hasOwn(WORDS, key);
}

function fill(text: string, values: Values | undefined): string {
  if (!values) return text;
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => (name in values ? String(values[name]) : whole));
}
