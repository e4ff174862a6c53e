// Finds plates, for a purpose that is written down, and shows where one was over time.
import './search.css';
import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { type PlateSearch, plateSearchQuery } from '../api/queries';
import { useReader } from '../app/reader';
import { Choice } from '../parts/controls';
import { Failure, Skeleton, State } from '../parts/state';
import { SearchForm } from './search/form';
import { PlatePath } from './search/path';
import { Results } from './search/results';

/** Sightings of one plate that its path is drawn from. */
const PATH_PAGES_MAX = 5;

export function SearchPage() {
  const { t, f } = useReader();
  const client = useQueryClient();
  const [asked, setAsked] = useState<PlateSearch | null>(null);
  const [view, setView] = useState<'list' | 'path'>('list');

  const ask = (search: PlateSearch) => {
    // The same search again is a new search: it is in the audit log again and shows what came since.
    client.removeQueries({ queryKey: ['plates'] });
    setAsked(search);
    if (!search.key) setView('list');
  };

  return (
    <>
      <header className="page-head">
        <div>
          <h1>{t('nav_search')}</h1>
          <p className="soft">{t('search_help')}</p>
        </div>
      </header>
      <SearchForm ask={ask} />
      {asked ? (
        <Found search={asked} view={view} setView={setView} />
      ) : (
        <div className="card">
          <State icon="search" title={t('search_start')} />
        </div>
      )}
      <p className="unseen" role="status">
        {asked ? f.moment(Date.now()) : ''}
      </p>
    </>
  );
}

function Found(props: { search: PlateSearch; view: 'list' | 'path'; setView: (view: 'list' | 'path') => void }) {
  const { t, f } = useReader();
  const { search, view, setView } = props;
  const found = useInfiniteQuery(plateSearchQuery(search));
  const plates = useMemo(() => found.data?.pages.flatMap((page) => page.plates) ?? [], [found.data]);
  if (found.error && !found.data) {
    return (
      <div className="card">
        <Failure error={found.error} retry={() => void found.refetch()} />
      </div>
    );
  }
  if (!found.data) return <Skeleton rows={6} height={4} />;
  // A path is one vehicle's: of plates that may be several there is none.
  const isOne = Boolean(search.key) && !search.like && !search.key?.includes('?');
  if (plates.length === 0) {
    return (
      <div className="card">
        <State icon="search" title={t('results_none')} role="status">
          <p>{t('results_none_help')}</p>
        </State>
      </div>
    );
  }
  const more = () => {
    if (found.hasNextPage && !found.isFetchingNextPage) void found.fetchNextPage();
  };
  return (
    <section className="card" aria-labelledby="results">
      <div className="card-head">
        <h2 id="results" role="status">
          {t(found.hasNextPage ? 'results_more' : 'results', { n: f.number(plates.length) })}
        </h2>
        {isOne && (
          <Choice
            label={t('show_path')}
            value={view}
            options={[
              ['list', t('show_list')],
              ['path', t('show_path')],
            ]}
            onChange={setView}
          />
        )}
      </div>
      {view === 'path' && isOne ? (
        <PlatePath
          plates={plates}
          more={found.hasNextPage && found.data.pages.length < PATH_PAGES_MAX ? more : undefined}
        />
      ) : (
        <Results plates={plates} more={more} isLoading={found.isFetchingNextPage} />
      )}
    </section>
  );
}
