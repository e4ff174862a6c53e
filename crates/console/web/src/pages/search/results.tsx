// Found plates: as many rows as there are, of which only those in view are drawn.
import { Link } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef } from 'react';
import type { Plate } from '../../api/types';
import { useNow, useReader } from '../../app/reader';
import { Badge, PlateMark, Verdict } from '../../parts/marks';
import { bestOf, Picture } from '../../parts/picture';
import { likenessText, reasonText } from '../../parts/plate-words';
import { named } from '../../words';

/** Height of a row, in pixels at a font size of 16. */
const ROW_PX = 80;
/** So many rows before the end, the next page is asked for. */
const AHEAD = 20;

export function Results({
  plates,
  more,
  isLoading,
}: {
  plates: readonly Plate[];
  more: () => void;
  isLoading: boolean;
}) {
  const { t, f } = useReader();
  const now = useNow(60_000);
  const box = useRef<HTMLDivElement>(null);
  const rowPx = (ROW_PX * Number.parseFloat(getComputedStyle(document.documentElement).fontSize)) / 16;
  const rows = useVirtualizer({
    count: plates.length,
    getScrollElement: () => box.current,
    estimateSize: () => rowPx,
    overscan: 8,
  });
  const shown = rows.getVirtualItems();
  const last = shown.at(-1)?.index ?? 0;
  useEffect(() => {
    if (last >= plates.length - AHEAD) more();
  }, [last, plates.length, more]);
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <section className="feed results" ref={box} tabIndex={0} aria-labelledby="results">
        <ol style={{ height: rows.getTotalSize() }}>
          {shown.map((row) => {
            const plate = plates[row.index];
            if (!plate) return null;
            const at = f.when(Date.parse(plate.to), now);
            const what = plate.display ?? named(t, 'outcome', plate.outcome);
            return (
              <li key={plate.id} style={{ transform: `translateY(${row.start}px)`, height: row.size }}>
                <Link
                  className="feed-row result"
                  to="/plates/$id"
                  params={{ id: plate.id }}
                  data-watch={plate.listed?.purpose === 'watch'}
                >
                  <Picture
                    className="feed-picture"
                    medium={bestOf(plate.evidence, ['plate', 'crop'])}
                    text={t('picture_of', { what, at })}
                  />
                  <span className="feed-text">
                    <span className="feed-title">
                      {plate.display ? (
                        <PlateMark text={plate.display} colour={plate.colour} />
                      ) : (
                        <strong>{what}</strong>
                      )}
                      {plate.listed?.purpose === 'watch' && (
                        <Badge tone="bad" icon="alert">
                          {t('watch')}
                        </Badge>
                      )}
                      {plate.decided && <Verdict verdict={plate.decided.verdict} />}
                      {plate.ambiguous && <Badge tone="warn">{t('ambiguous')}</Badge>}
                    </span>
                    <span className="feed-detail small soft">
                      {[
                        likenessText(t, plate.likeness),
                        plate.vehicle_class ? named(t, 'class', plate.vehicle_class) : '',
                        plate.kind ? named(t, 'kind', plate.kind) : reasonText(t, plate.reason),
                        plate.issuer,
                        plate.confidence == null ? '' : t('sure', { p: f.percent(plate.confidence) }),
                        plate.lists.join(', '),
                      ]
                        .filter(Boolean)
                        .join(' · ')}
                    </span>
                  </span>
                  <span className="feed-when small soft">
                    <time dateTime={plate.to}>{at}</time>
                    <span className="feed-place">
                      {plate.gates.join(', ')} · {plate.site}
                    </span>
                  </span>
                </Link>
              </li>
            );
          })}
        </ol>
      </section>
      <p className="small soft" role="status">
        {isLoading ? t('loading') : ''}
      </p>
    </>
  );
}
