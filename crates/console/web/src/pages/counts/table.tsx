// The figures of a chart as a table and as a file.
import { useReader } from '../../app/reader';
import type { Format } from '../../format/format';
import { dayText, toApi } from '../../format/time';
import type { Translate } from '../../words';
import { csvOf, type Step } from './series';

interface Series {
  in: readonly number[];
  out: readonly number[];
}

export function CountsTable(props: { starts: readonly number[]; series: Series; nameOf: (ms: number) => string }) {
  const { t, f } = useReader();
  const rows = props.starts
    .map((start, place) => ({ start, in: props.series.in[place] ?? 0, out: props.series.out[place] ?? 0 }))
    .filter((row) => row.in + row.out > 0);
  return (
    <details className="card">
      <summary>{t('table')}</summary>
      <div className="table-scroll">
        <table className="table">
          <thead>
            <tr>
              <th scope="col">{t('start')}</th>
              <th scope="col" className="number">
                {t('in')}
              </th>
              <th scope="col" className="number">
                {t('out')}
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.start}>
                <td className="figure">{props.nameOf(row.start)}</td>
                <td className="number">{f.number(row.in)}</td>
                <td className="number">{f.number(row.out)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

interface Exported {
  t: Translate;
  f: Format;
  starts: readonly number[];
  series: Series;
  step: Step;
  group: string;
  site: string | undefined;
  gate: string;
}

/** Hands the figures over as a file that spreadsheets read, with the letters of Vietnamese. */
export function download({ t, f, starts, series, step, group, site, gate }: Exported): void {
  const head = [t('start'), 'UTC', t('site'), t('gate'), t('group'), t('step'), t('in'), t('out')];
  const rows = starts.map((start, place) => [
    f.moment(start),
    toApi(start),
    site ?? t('all_sites'),
    gate || t('all_gates'),
    t(group === 'person' ? 'persons' : 'vehicles'),
    t(`step_${step}`),
    series.in[place] ?? 0,
    series.out[place] ?? 0,
  ]);
  const file = new Blob([`\u{feff}${csvOf([head, ...rows])}`], { type: 'text/csv;charset=utf-8' });
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = `gatehouse-${site ?? 'all'}-${dayText(starts[0] ?? Date.now())}-${step}.csv`;
  link.click();
  URL.revokeObjectURL(link.href);
}
