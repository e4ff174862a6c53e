// The frame around every page: navigation, connection, alerts, the reader's choices.
import { useQuery } from '@tanstack/react-query';
import { Link, Outlet, useRouterState, useSearch } from '@tanstack/react-router';
import { lazy, Suspense, useEffect } from 'react';
import { openAlertsQuery, reportsQuery } from '../api/alerts';
import { Icon, type IconName } from '../parts/icon';
import { State } from '../parts/state';
import type { Key } from '../words';
import { AlertBanner } from './alert-banner';
import { LinkBanner, LinkMark } from './link-mark';
import { useReader } from './reader';
import { useMay, useSession } from './session';
import { SiteChoice } from './site-choice';

const SettingsMenu = lazy(() => import('./settings-menu').then((part) => ({ default: part.SettingsMenu })));

interface Place {
  to: '/' | '/counts' | '/search' | '/desk' | '/alerts' | '/reports' | '/nodes' | '/admin' | '/wall';
  word: Key;
  icon: IconName;
  /** Who holds any of these may open it. */
  needs: readonly string[];
}

const PLACES: readonly Place[] = [
  { to: '/', word: 'nav_live', icon: 'live', needs: ['figures.read'] },
  { to: '/counts', word: 'nav_counts', icon: 'counts', needs: ['figures.read'] },
  { to: '/search', word: 'nav_search', icon: 'search', needs: ['plates.read'] },
  { to: '/desk', word: 'nav_desk', icon: 'desk', needs: ['decisions.read'] },
  { to: '/alerts', word: 'nav_alerts', icon: 'alert', needs: [] },
  { to: '/nodes', word: 'nav_nodes', icon: 'nodes', needs: ['nodes.read'] },
  { to: '/reports', word: 'nav_reports', icon: 'reports', needs: ['figures.read'] },
  { to: '/admin', word: 'nav_admin', icon: 'admin', needs: ['accounts.read', 'audit_log.read'] },
  { to: '/wall', word: 'nav_wall', icon: 'wall', needs: ['figures.read'] },
];

export function Shell() {
  const { t } = useReader();
  const may = useMay();
  const session = useSession();
  const path = useRouterState({ select: (state) => state.location.pathname });
  useTitle(path);
  const hasAlerts = Array.isArray(useQuery(openAlertsQuery).data);
  const hasReports = Array.isArray(useQuery(reportsQuery).data);
  if (path === '/wall') return <Outlet />;
  const isThere = (place: Place): boolean => {
    if (place.to === '/alerts') return hasAlerts;
    if (place.to === '/reports') return hasReports && place.needs.some(may);
    // Where nobody signs in there is nobody to manage.
    if (place.to === '/admin') return session !== null && place.needs.some(may);
    return place.needs.some(may);
  };
  const places = PLACES.filter(isThere);
  return (
    <div className="shell">
      <a className="skip" href="#main">
        {t('skip')}
      </a>
      <header className="topbar">
        <Link to="/" className="brand" aria-label={t('product')}>
          <img src="/icon.svg" alt="" width="32" height="32" />
          <span>{t('product')}</span>
        </Link>
        <SiteChoice />
        <span className="push" />
        <LinkMark />
        <Suspense fallback={<span className="menu-place" />}>
          <SettingsMenu />
        </Suspense>
      </header>
      <nav className="nav" aria-label={t('nav')}>
        {places.map((place) => (
          <Link key={place.to} to={place.to} activeOptions={{ exact: place.to === '/', includeSearch: false }}>
            <Icon name={place.icon} />
            <span>{t(place.word)}</span>
          </Link>
        ))}
      </nav>
      <main id="main" tabIndex={-1}>
        <LinkBanner />
        {hasAlerts && <AlertBanner />}
        <Outlet />
      </main>
    </div>
  );
}

function useTitle(path: string): void {
  const { t } = useReader();
  const { site } = useSearch({ strict: false });
  const place = PLACES.find((place) => place.to === path);
  const title = [place && t(place.word), site, t('product')].filter(Boolean).join(' · ');
  useEffect(() => {
    document.title = title;
  }, [title]);
}

export function NotFound() {
  const { t } = useReader();
  return (
    <State icon="none" title={t('not_found_title')}>
      <p>{t('not_found_help')}</p>
      <Link to="/" className="button">
        {t('go_live')}
      </Link>
    </State>
  );
}

export function Crashed({ error }: { error: Error }) {
  const { t } = useReader();
  return (
    <State icon="alert" title={t('crashed_title')} role="alert">
      <p>{t('crashed_help')}</p>
      <p className="mono">{error.message}</p>
      <button type="button" className="button" onClick={() => location.reload()}>
        {t('reload')}
      </button>
    </State>
  );
}
