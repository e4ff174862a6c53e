// The pages and their addresses. Each page is a piece of its own that is fetched when it is first opened.
import type { QueryClient } from '@tanstack/react-query';
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  retainSearchParams,
} from '@tanstack/react-router';
import { gatesQuery, sitesQuery } from '../api/queries';
import { mayNow } from './session';
import { Crashed, NotFound, Shell } from './shell';

export interface RootSearch {
  /** Only this site. */
  site?: string;
}

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : typeof value === 'number' ? String(value) : undefined;

const root = createRootRouteWithContext<{ client: QueryClient }>()({
  component: Shell,
  notFoundComponent: NotFound,
  validateSearch: (search: Record<string, unknown>): RootSearch => {
    const site = text(search.site);
    return site ? { site } : {};
  },
  search: { middlewares: [retainSearchParams(['site'])] },
});

const live = createRoute({
  getParentRoute: () => root,
  path: '/',
  loader: ({ context }) => {
    if (!mayNow(context.client, 'figures.read')) return;
    void context.client.prefetchQuery(gatesQuery);
    void context.client.prefetchQuery(sitesQuery);
  },
  component: lazyRouteComponent(() => import('../pages/live'), 'LivePage'),
});

const counts = createRoute({
  getParentRoute: () => root,
  path: '/counts',
  component: lazyRouteComponent(() => import('../pages/counts'), 'CountsPage'),
});

const search = createRoute({
  getParentRoute: () => root,
  path: '/search',
  component: lazyRouteComponent(() => import('../pages/search'), 'SearchPage'),
});

const plate = createRoute({
  getParentRoute: () => root,
  path: '/plates/$id',
  component: lazyRouteComponent(() => import('../pages/plate'), 'PlatePage'),
});

const decision = createRoute({
  getParentRoute: () => root,
  path: '/decisions/$id',
  component: lazyRouteComponent(() => import('../pages/decision'), 'DecisionPage'),
});

const desk = createRoute({
  getParentRoute: () => root,
  path: '/desk',
  component: lazyRouteComponent(() => import('../pages/desk'), 'DeskPage'),
});

const nodes = createRoute({
  getParentRoute: () => root,
  path: '/nodes',
  component: lazyRouteComponent(() => import('../pages/nodes'), 'NodesPage'),
});

const admin = createRoute({
  getParentRoute: () => root,
  path: '/admin',
  component: lazyRouteComponent(() => import('../pages/admin'), 'AdminPage'),
});

const account = createRoute({
  getParentRoute: () => root,
  path: '/account',
  component: lazyRouteComponent(() => import('../pages/account'), 'AccountPage'),
});

const alerts = createRoute({
  getParentRoute: () => root,
  path: '/alerts',
  component: lazyRouteComponent(() => import('../pages/alerts'), 'AlertsPage'),
});

const reports = createRoute({
  getParentRoute: () => root,
  path: '/reports',
  component: lazyRouteComponent(() => import('../pages/reports'), 'ReportsPage'),
});

const passes = createRoute({
  getParentRoute: () => root,
  path: '/passes',
  component: lazyRouteComponent(() => import('../pages/passes'), 'PassesPage'),
});

const watch = createRoute({
  getParentRoute: () => root,
  path: '/watch',
  component: lazyRouteComponent(() => import('../pages/watch'), 'WatchPage'),
});

const rules = createRoute({
  getParentRoute: () => root,
  path: '/rules',
  component: lazyRouteComponent(() => import('../pages/rules'), 'RulesPage'),
});

const wall = createRoute({
  getParentRoute: () => root,
  path: '/wall',
  component: lazyRouteComponent(() => import('../pages/wall'), 'WallPage'),
});

const setUp = createRoute({
  getParentRoute: () => root,
  path: '/set-up',
  component: lazyRouteComponent(() => import('../pages/set-up'), 'SetUpPage'),
});

const routes = root.addChildren([
  live,
  counts,
  search,
  plate,
  decision,
  desk,
  nodes,
  alerts,
  passes,
  watch,
  rules,
  reports,
  admin,
  account,
  wall,
  setUp,
]);

export function routerOf(client: QueryClient) {
  return createRouter({
    routeTree: routes,
    context: { client },
    defaultPreload: 'intent',
    defaultErrorComponent: ({ error }) => <Crashed error={error} />,
    scrollRestoration: true,
  });
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof routerOf>;
  }
}
