// The frame around every page: navigation, connection, alerts, the reader's choices.
import { useQuery } from '@tanstack/react-query';
import { Link, Navigate, Outlet, useMatches, useRouterState, useSearch } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useRef } from 'react';
import { OPEN_ROWS, openAlertsQuery } from '../api/alerts';
import { Icon } from '../parts/icon';
import { Forbidden, State } from '../parts/state';
import { AlertBanner } from './alert-banner';
import { LinkBanner, LinkMark } from './link-mark';
import { mayOpen, needsOf, PLACES } from './places';
import { useReader } from './reader';
import { useMay } from './session';
import { SessionEnd } from './session-end';
import { SiteChoice } from './site-choice';

const SettingsMenu = lazy(() => import('./settings-menu').then((part) => ({ default: part.SettingsMenu })));

export function Shell() {
  const { t } = useReader();
  const may = useMay();
  const path = useRouterState({ select: (state) => state.location.pathname });
  useTitle(path);
  const bar = useRef<HTMLElement>(null);
  // On a phone the bar is longer than the screen: where one is stays in view.
  useEffect(() => {
    if (path) bar.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' });
  }, [path]);
  const route = useMatches({ select: (matches) => String(matches.at(-1)?.routeId ?? '') });
  const isOpen = mayOpen(route, may);
  if (path === '/wall' && isOpen) return <Outlet />;
  const places = PLACES.filter((place) => mayOpen(place.to, may));
  // Whoever sees no figures looks after accounts or reads the audit log.
  const first = places.find((place) => place.to === '/admin') ?? places[0];
  if (path === '/' && !isOpen && first) return <Navigate to={first.to} replace />;
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
        {(may('figures.read') || may('accounts.read')) && <SiteChoice />}
        <span className="push" />
        {may('figures.read') && <LinkMark />}
        <Suspense fallback={<span className="menu-place" />}>
          <SettingsMenu />
        </Suspense>
      </header>
      <nav className="nav" aria-label={t('nav')} ref={bar}>
        {places.map((place) => (
          <Link key={place.to} to={place.to} activeOptions={{ exact: place.to === '/', includeSearch: false }}>
            <Icon name={place.icon} />
            <span>{t(place.word)}</span>
            {place.to === '/alerts' && <AlertCount />}
          </Link>
        ))}
      </nav>
      <main id="main" tabIndex={-1}>
        <SessionEnd />
        <LinkBanner />
        {may('alerts.read') && <AlertBanner />}
        {isOpen ? (
          <Outlet />
        ) : (
          <div className="card">
            <Forbidden needs={needsOf(route)} />
          </div>
        )}
      </main>
    </div>
  );
}

/** How many alerts nobody deals with yet, beside the name of their page. */
function AlertCount() {
  const { t, f } = useReader();
  const n = useQuery(openAlertsQuery).data?.length ?? 0;
  if (n === 0) return null;
  const text = n < OPEN_ROWS ? f.number(n) : `${f.number(OPEN_ROWS)}+`;
  return (
    <>
      <span className="nav-count figure" aria-hidden="true">
        {text}
      </span>
      <span className="unseen">{t('alerts_open', { n: text })}</span>
    </>
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
