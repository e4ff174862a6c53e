// The stream of events. It stands still while somebody reads further down, and says how many are new.
import './feed.css';
import { Link } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { memo, type ReactNode, useMemo, useRef, useState } from 'react';
import { useNow, useReader } from '../app/reader';
import { type Entry, evidenceOf, gatesOf, type Kind } from '../live/feed';
import { named } from '../words';
import { Choice } from './controls';
import { decisionWho, decisionWhy, entryTitle, incidentText } from './feed-words';
import { Icon } from './icon';
import { Badge, Direction, PlateMark, Verdict } from './marks';
import { bestOf, Picture } from './picture';
import { reasonText } from './plate-words';
import { State } from './state';

/** Height of a row, in pixels at a font size of 16. */
const ROW_PX = 80;
const OVERSCAN = 6;

type Filter = 'all' | Exclude<Kind, 'lane'>;
const FILTERS = ['all', 'passage', 'plate', 'decision', 'incident'] as const;

export function Feed({ entries }: { entries: readonly Entry[] }) {
  const { t, f } = useReader();
  const [filter, setFilter] = useState<Filter>('all');
  const [held, setHeld] = useState<readonly Entry[] | null>(null);
  const box = useRef<HTMLDivElement>(null);
  const wanted = useMemo(
    () =>
      filter === 'all'
        ? entries
        : entries.filter((entry) => entry.kind === filter || (filter === 'incident' && entry.kind === 'lane')),
    [entries, filter],
  );
  const shown = held ?? wanted;
  const fresh = held ? wanted.findIndex((entry) => entry.id === held[0]?.id) : 0;
  const rowPx = (ROW_PX * Number.parseFloat(getComputedStyle(document.documentElement).fontSize)) / 16;
  const rows = useVirtualizer({
    count: shown.length,
    getScrollElement: () => box.current,
    estimateSize: () => rowPx,
    overscan: OVERSCAN,
    getItemKey: (index) => shown[index]?.id ?? index,
  });
  const scrolled = () => {
    const isTop = (box.current?.scrollTop ?? 0) < rowPx / 2;
    if (isTop && held) setHeld(null);
    else if (!isTop && !held) setHeld(wanted);
  };
  const toTop = () => {
    setHeld(null);
    box.current?.scrollTo({ top: 0 });
  };
  return (
    <>
      <div className="card-head">
        <h2 id="feed">{t('feed')}</h2>
        <Choice
          label={t('feed')}
          value={filter}
          options={FILTERS.map((name) => [name, t(`feed_${name}`)] as const)}
          onChange={(name) => {
            setFilter(name);
            toTop();
          }}
        />
      </div>
      {held && fresh !== 0 && (
        <button type="button" className="button feed-fresh" onClick={toTop}>
          {fresh > 0 ? t('feed_paused', { n: f.number(fresh) }) : t('feed_newest')}
        </button>
      )}
      {shown.length === 0 ? (
        <State icon="live" title={t('feed_empty')} />
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
        <section className="feed" ref={box} onScroll={scrolled} tabIndex={0} aria-label={t('feed')}>
          <ol style={{ height: rows.getTotalSize() }}>
            {rows.getVirtualItems().map((row) => {
              const entry = shown[row.index];
              return (
                entry && (
                  <li key={row.key} style={{ transform: `translateY(${row.start}px)`, height: row.size }}>
                    <Row entry={entry} />
                  </li>
                )
              );
            })}
          </ol>
        </section>
      )}
    </>
  );
}

const Row = memo(function Row({ entry }: { entry: Entry }) {
  const { t, f } = useReader();
  const now = useNow(60_000);
  const title = entryTitle(t, entry);
  const place = [
    gatesOf(entry).join(', '),
    'lane' in entry.what && entry.what.lane ? t('lane', { lane: entry.what.lane }) : '',
  ]
    .filter(Boolean)
    .join(' · ');
  const at = f.when(entry.at, now);
  const body = (
    <>
      <Picture
        className="feed-picture"
        medium={bestOf(evidenceOf(entry), entry.kind === 'plate' ? ['plate', 'crop'] : ['crop', 'plate', 'frame'])}
        text={t('picture_of', { what: title, at })}
      />
      <span className="feed-text">
        <Heading entry={entry} />
        <Detail entry={entry} />
      </span>
      <span className="feed-when small soft">
        <time dateTime={new Date(entry.at).toISOString()}>{at}</time>
        <span className="feed-place">{place}</span>
      </span>
    </>
  );
  if (entry.kind === 'plate') {
    return (
      <Link
        className="feed-row"
        to="/plates/$id"
        params={{ id: entry.id }}
        data-watch={entry.what.listed?.purpose === 'watch'}
      >
        {body}
      </Link>
    );
  }
  if (entry.kind === 'decision') {
    return (
      <Link className="feed-row" to="/decisions/$id" params={{ id: entry.id }}>
        {body}
      </Link>
    );
  }
  return <div className="feed-row">{body}</div>;
});

function Heading({ entry }: { entry: Entry }): ReactNode {
  const { t } = useReader();
  switch (entry.kind) {
    case 'passage':
      return (
        <span className="feed-title">
          <Direction direction={entry.what.direction} />
          <strong>{named(t, 'class', entry.what.class)}</strong>
          {entry.what.plate && <PlateMark text={entry.what.plate.display} />}
        </span>
      );
    case 'plate':
      return (
        <span className="feed-title">
          {entry.what.display ? (
            <PlateMark text={entry.what.display} colour={entry.what.colour} />
          ) : (
            <strong>{named(t, 'outcome', entry.what.outcome)}</strong>
          )}
          {entry.what.listed?.purpose === 'watch' && (
            <Badge tone="bad" icon="alert">
              {t('watch')}
            </Badge>
          )}
          {entry.what.listed?.purpose === 'allow' && <Badge tone="good">{t('allow')}</Badge>}
        </span>
      );
    case 'decision':
      return (
        <span className="feed-title">
          <Verdict verdict={entry.what.verdict} />
          <strong>{decisionWho(t, entry.what)}</strong>
        </span>
      );
    case 'incident':
      return (
        <span className="feed-title">
          <Badge tone={entry.what.incident === 'crowding_ended' ? 'good' : 'warn'} icon="alert">
            {named(t, 'incident', entry.what.incident)}
          </Badge>
        </span>
      );
    case 'lane':
      return (
        <span className="feed-title">
          <Icon name="desk" />
          <strong>{named(t, 'lane_change', entry.what.change)}</strong>
        </span>
      );
  }
}

function Detail({ entry }: { entry: Entry }): ReactNode {
  const { t, f } = useReader();
  const text = (() => {
    switch (entry.kind) {
      case 'passage':
        return t('sure', { p: f.percent(entry.what.confidence) });
      case 'plate': {
        const parts = [
          entry.what.kind ? named(t, 'kind', entry.what.kind) : reasonText(t, entry.what.reason),
          entry.what.confidence == null ? '' : t('sure', { p: f.percent(entry.what.confidence) }),
        ];
        return parts.filter(Boolean).join(' · ');
      }
      case 'decision':
        return decisionWhy(t, entry.what);
      case 'incident':
        return incidentText(t, f, entry.what);
      case 'lane':
        return [entry.what.cause, entry.what.guard?.name, entry.what.detail].filter(Boolean).join(' · ');
    }
  })();
  return <span className="feed-detail small soft">{text}</span>;
}
