// A list that comes in pages: while it loads, where it failed, where there is nothing, and what comes after it.
import type { InfiniteData, UseInfiniteQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useReader } from '../app/reader';
import { Failure, Skeleton } from './state';

export function Paged<Page, Row>(props: {
  found: UseInfiniteQueryResult<InfiniteData<Page>>;
  rowsOf: (page: Page) => readonly Row[];
  empty: ReactNode;
  children: (rows: readonly Row[]) => ReactNode;
}) {
  const { t } = useReader();
  const { found } = props;
  if (!found.data) {
    if (!found.error) return <Skeleton rows={4} height={5} />;
    return (
      <div className="card">
        <Failure error={found.error} retry={() => void found.refetch()} />
      </div>
    );
  }
  const rows = found.data.pages.flatMap(props.rowsOf);
  if (rows.length === 0) return <div className="card">{props.empty}</div>;
  return (
    <>
      {props.children(rows)}
      {found.hasNextPage && (
        <button
          type="button"
          className="button"
          disabled={found.isFetchingNextPage}
          onClick={() => void found.fetchNextPage()}
        >
          {t('more')}
        </button>
      )}
    </>
  );
}
