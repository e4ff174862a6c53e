// How many pass at which hour of which weekday, as a table whose cells are the darker the more there are.
import { useMemo } from 'react';
import type { CountsRow } from '../../api/types';
import { useReader } from '../../app/reader';
import { DAY_MS, dayOf } from '../../format/time';
import { heatOf } from './series';

/** A Monday, for the names of weekdays. */
const MONDAY = dayOf('2026-01-05') ?? 0;
/** Shades besides none. */
const SHADES = 6;

export function Heat({ rows, from, to }: { rows: readonly CountsRow[]; from: number; to: number }) {
  const { t, f } = useReader();
  const heat = useMemo(() => heatOf(rows, from, to), [rows, from, to]);
  const most = Math.max(...heat.flat(), 0);
  const shade = (value: number): number =>
    value > 0 && most > 0 ? Math.max(1, Math.ceil((value / most) * SHADES)) : 0;
  return (
    <section className="card" aria-labelledby="heat">
      <h2 id="heat">{t('heat')}</h2>
      <p className="soft small">{t('heat_help')}</p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <section className="table-scroll" tabIndex={0} aria-labelledby="heat">
        <table className="heat">
          <thead>
            <tr>
              <td />
              {Array.from({ length: 24 }, (_, hour) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: an hour is its place
                <th key={hour} scope="col">
                  {hour}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {heat.map((line, day) => {
              const weekday = f.weekday(MONDAY + day * DAY_MS);
              return (
                <tr key={weekday}>
                  <th scope="row">{weekday}</th>
                  {line.map((value, hour) => (
                    <td
                      // biome-ignore lint/suspicious/noArrayIndexKey: an hour is its place
                      key={hour}
                      data-shade={shade(value)}
                      title={t('heat_cell', { weekday, hour, n: f.decimal(value) })}
                    >
                      {value > 0 ? f.number(value < 10 ? Math.round(value * 10) / 10 : Math.round(value)) : ''}
                    </td>
                  ))}
                </tr>
              );
            })}
          </tbody>
        </table>
      </section>
    </section>
  );
}
