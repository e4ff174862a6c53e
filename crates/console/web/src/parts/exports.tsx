// What a page shows, as a file: the hub writes it.
import { useReader } from '../app/reader';
import { DAY_MS, toApi } from '../format/time';
import { Icon } from './icon';

/** The hub writes no longer span into one file. */
const SPAN_MAX_MS = 366 * DAY_MS;
const FORMATS = ['csv', 'xlsx'] as const;

export function ExportLinks(props: {
  table: 'counts' | 'passages' | 'decisions' | 'alerts';
  site?: string | undefined;
  gate?: string | undefined;
  /** Today, where there is none. */
  span?: { from: number; to: number } | undefined;
}) {
  const { t } = useReader();
  const { table, site, gate, span } = props;
  const what = t(`export_${table}`);
  if (span && span.to - span.from > SPAN_MAX_MS) return <p className="small soft">{t('export_too_long')}</p>;
  return (
    <div className="row">
      {FORMATS.map((format) => {
        const query = new URLSearchParams({ format });
        if (site) query.set('site', site);
        if (gate) query.set('gate', gate);
        if (span) {
          query.set('from', toApi(span.from));
          query.set('to', toApi(span.to));
        }
        return (
          <a key={format} className="button" href={`/api/v1/exports/${table}?${query}`} download>
            <Icon name="down" />
            <span className="unseen">{what} </span>
            {format.toUpperCase()}
          </a>
        );
      })}
    </div>
  );
}
