// Finds plates, for a purpose that is written down, and shows where one was over time.
import './search.css';
import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useMemo, useState } from 'react';
import { gatesQuery, type PlateSearch, plateSearchQuery } from '../api/queries';
import { useReader } from '../app/reader';
import { useSite } from '../app/site-choice';
import { momentOf, toApi } from '../format/time';
import { Choice, Field, Select } from '../parts/controls';
import { Icon } from '../parts/icon';
import { Failure, Skeleton, State } from '../parts/state';
import { PlatePath } from './search/path';
import { Results } from './search/results';

const PURPOSE_MIN = 5;
const PURPOSE_MAX = 200;
const OUTCOMES = ['read', 'unknown_kind', 'unreadable', 'not_a_plate'] as const;
/** Sightings of one plate that its path is drawn from. */
const PATH_PAGES_MAX = 5;

export function SearchPage() {
  const { t, f } = useReader();
  const site = useSite();
  const client = useQueryClient();
  const gates = useQuery(gatesQuery);
  const [key, setKey] = useState('');
  const [like, setLike] = useState(false);
  const [gate, setGate] = useState('');
  const [outcome, setOutcome] = useState('');
  const [from, setFrom] = useState('');
  const [to, setTo] = useState('');
  const [purpose, setPurpose] = useState('');
  const [isShort, setShort] = useState(false);
  const [asked, setAsked] = useState<PlateSearch | null>(null);
  const [view, setView] = useState<'list' | 'path'>('list');

  // With signs that are not known every plate that fits is meant already.
  const isPattern = key.includes('?');
  const search = (event: FormEvent) => {
    event.preventDefault();
    const why = purpose.trim();
    setShort(why.length < PURPOSE_MIN);
    if (why.length < PURPOSE_MIN) return;
    const [first, last] = [momentOf(from), momentOf(to)];
    const next: PlateSearch = {
      purpose: why,
      ...(key.trim() ? { key: key.trim() } : {}),
      ...(key.trim() && like && !isPattern ? { like: true } : {}),
      ...(site ? { site } : {}),
      ...(gate ? { gate } : {}),
      ...(outcome ? { outcome } : {}),
      ...(first === null ? {} : { from: toApi(first) }),
      ...(last === null ? {} : { to: toApi(last) }),
    };
    // The same search again is a new search: it is in the audit log again and shows what came since.
    client.removeQueries({ queryKey: ['plates'] });
    setAsked(next);
    if (!next.key) setView('list');
  };

  const names = [...new Set(gates.data?.filter((row) => !site || row.site === site).map((row) => row.gate) ?? [])];
  return (
    <>
      <header className="page-head">
        <div>
          <h1>{t('nav_search')}</h1>
          <p className="soft">{t('search_help')}</p>
        </div>
      </header>
      <form className="card search-form" onSubmit={search}>
        <Field label={t('plate')} help={t('plate_like_help')}>
          {(ids) => (
            <input
              {...ids}
              value={key}
              onChange={(event) => setKey(event.target.value)}
              placeholder={t('plate_hint')}
              autoComplete="off"
              autoCapitalize="characters"
              spellCheck={false}
              maxLength={20}
            />
          )}
        </Field>
        <Select
          label={t('gate')}
          value={gate}
          options={[['', t('all_gates')], ...names.map((name) => [name, name] as const)]}
          onChange={setGate}
        />
        <Select
          label={t('outcome')}
          value={outcome}
          options={[['', t('any')], ...OUTCOMES.map((known) => [known, t(`outcome_${known}`)] as const)]}
          onChange={setOutcome}
        />
        <Field label={t('from')}>
          {(ids) => (
            <input {...ids} type="datetime-local" value={from} onChange={(event) => setFrom(event.target.value)} />
          )}
        </Field>
        <Field label={t('to')}>
          {(ids) => <input {...ids} type="datetime-local" value={to} onChange={(event) => setTo(event.target.value)} />}
        </Field>
        <label className="row search-like">
          <input
            type="checkbox"
            checked={like && !isPattern}
            disabled={isPattern}
            onChange={(event) => setLike(event.target.checked)}
          />
          {t('plate_like')}
        </label>
        <div className="search-purpose">
          <Field label={t('purpose')} help={t('purpose_help')} error={isShort ? t('purpose_short') : undefined}>
            {(ids) => (
              <input
                {...ids}
                value={purpose}
                onChange={(event) => {
                  setPurpose(event.target.value);
                  if (event.target.value.trim().length >= PURPOSE_MIN) setShort(false);
                }}
                placeholder={t('purpose_hint')}
                maxLength={PURPOSE_MAX}
                required
              />
            )}
          </Field>
          <button type="submit" className="button" data-look="main">
            <Icon name="search" />
            {t('search')}
          </button>
        </div>
      </form>
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
