// The pages that stand in the navigation, and what each page takes.
import type { Permission } from '../api/types';
import type { IconName } from '../parts/icon';
import type { Key } from '../words';

/** Who holds any of these may open the page. A page that is not named here is everybody's. */
const NEEDS = {
  '/': ['figures.read'],
  '/counts': ['figures.read'],
  '/search': ['plates.read'],
  '/plates/$id': ['plates.read'],
  '/decisions/$id': ['decisions.read'],
  '/desk': ['decisions.read'],
  '/alerts': ['alerts.read'],
  '/passes': ['passes.read'],
  '/watch': ['watch_lists.read'],
  '/rules': ['policies.read'],
  '/nodes': ['nodes.read'],
  '/reports': ['figures.read'],
  '/admin': ['accounts.read', 'audit_log.read', 'audit_log.verify', 'feeds.write', 'retention.read', 'holds.read'],
  '/set-up': ['nodes.write'],
  '/wall': ['figures.read'],
} as const satisfies Record<string, readonly Permission[]>;

/** What the page of this route takes; nothing where everybody may open it. */
export function needsOf(route: string): readonly Permission[] {
  return Object.entries(NEEDS).find(([known]) => known === route)?.[1] ?? [];
}

export interface Place {
  to:
    | '/'
    | '/counts'
    | '/search'
    | '/desk'
    | '/alerts'
    | '/passes'
    | '/watch'
    | '/rules'
    | '/reports'
    | '/nodes'
    | '/admin'
    | '/wall';
  word: Key;
  icon: IconName;
}

/** The navigation, in its order. */
export const PLACES: readonly Place[] = [
  { to: '/', word: 'nav_live', icon: 'live' },
  { to: '/counts', word: 'nav_counts', icon: 'counts' },
  { to: '/search', word: 'nav_search', icon: 'search' },
  { to: '/desk', word: 'nav_desk', icon: 'desk' },
  { to: '/alerts', word: 'nav_alerts', icon: 'alert' },
  { to: '/passes', word: 'nav_passes', icon: 'pass' },
  { to: '/watch', word: 'nav_watch', icon: 'lists' },
  { to: '/rules', word: 'nav_rules', icon: 'rules' },
  { to: '/nodes', word: 'nav_nodes', icon: 'nodes' },
  { to: '/reports', word: 'nav_reports', icon: 'reports' },
  { to: '/admin', word: 'nav_admin', icon: 'admin' },
  { to: '/wall', word: 'nav_wall', icon: 'wall' },
];

/** Whether somebody who may do what `may` says can open the page of this route. */
export function mayOpen(route: string, may: (permission: Permission) => boolean): boolean {
  const needs = needsOf(route);
  return needs.length === 0 || needs.some(may);
}
