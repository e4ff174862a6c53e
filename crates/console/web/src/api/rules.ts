// The policy of a site in the making: its parts, its lists, its history; and questions to it.
import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api, take } from './client';
import type { ImportPreview } from './types';

const FRESH_MS = 30_000;
/** Rows of a page of a list. */
export const LIST_ROWS = 100;
const CHANGES = 30;

/** Everything about the draft of a site: what a change makes old. */
export const rulesKey = (site: string) => ['rules', site] as const;

export const draftQuery = (site: string) =>
  queryOptions({
    queryKey: [...rulesKey(site), 'draft'],
    queryFn: ({ signal }) => take(api.GET('/api/v1/sites/{site}/policy-draft', { params: { path: { site } }, signal })),
    staleTime: FRESH_MS,
  });

export const accessQuery = (site: string) =>
  queryOptions({
    queryKey: [...rulesKey(site), 'access'],
    queryFn: ({ signal }) =>
      take(api.GET('/api/v1/sites/{site}/policy-draft/access', { params: { path: { site } }, signal })),
    staleTime: FRESH_MS,
    retry: false,
  });

export interface RowSearch {
  list: string;
  search?: string;
  kind?: 'person' | 'vehicle';
  wrong?: boolean;
  offset: number;
}

export const rowsQuery = (site: string, search: RowSearch) =>
  queryOptions({
    queryKey: [...rulesKey(site), 'rows', search],
    queryFn: ({ signal }) =>
      take(
        api.GET('/api/v1/sites/{site}/policy-draft/rows', {
          params: { path: { site }, query: { ...search, limit: LIST_ROWS } },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
    staleTime: FRESH_MS,
  });

export const changesQuery = (site: string, path: string) =>
  infiniteQueryOptions({
    queryKey: [...rulesKey(site), 'changes', path],
    queryFn: ({ signal, pageParam }) => {
      const query = {
        limit: CHANGES,
        ...(path ? { path } : {}),
        ...(pageParam === null ? {} : { before: pageParam }),
      };
      return take(api.GET('/api/v1/sites/{site}/policy-draft/changes', { params: { path: { site }, query }, signal }));
    },
    initialPageParam: null as number | null,
    getNextPageParam: (last) => (last.changes.length < CHANGES ? undefined : last.changes.at(-1)?.id),
  });

/** That the text of a document is the one that was read, or that there is none. */
export function matching(sha256: string | null | undefined): { 'if-match': string } | { 'if-none-match': string } {
  return sha256 ? { 'if-match': `"${sha256}"` } : { 'if-none-match': '*' };
}

/** What an import of `file` would do. */
export function lookedAt(site: string, list: string, file: File): Promise<ImportPreview> {
  return take(
    api.POST('/api/v1/sites/{site}/policy-draft/imports', {
      params: { path: { site }, query: { list } },
      headers: { 'content-type': 'application/octet-stream' },
      body: file as never,
      bodySerializer: (bytes: unknown) => bytes as File,
    }),
  );
}
