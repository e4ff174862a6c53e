// How far counts can be trusted: what hours that were counted by hand say.
import type { CountAccuracy } from '../../api/types';
import { useReader } from '../../app/reader';

export function Trust(props: { rows: CountAccuracy[] | undefined; total: { in: number; out: number }; group: string }) {
  const { t, f } = useReader();
  const rows = props.rows?.filter((row) => row.group === props.group && row.line == null) ?? [];
  return (
    <section className="card" aria-labelledby="trust">
      <h2 id="trust">{t('trust')}</h2>
      {rows.length === 0 ? (
        <p className="soft">{t('trust_none')}</p>
      ) : (
        <ul className="stack">
          {rows.map((row) => (
            <li key={`${row.site} ${row.gate} ${row.direction}`}>
              <strong>
                {t('trust_of', {
                  gate: row.gate,
                  group: t(row.group === 'person' ? 'persons' : 'vehicles'),
                  direction: t(row.direction === 'in' ? 'going_in' : 'going_out'),
                })}
              </strong>
              <p className="soft">
                {row.bias == null || row.low == null || row.high == null
                  ? t('trust_few', { n: f.number(row.hours) })
                  : t('trust_error', {
                      p: f.change(row.bias),
                      low: f.change(row.low),
                      high: f.change(row.high),
                      n: f.number(row.hours),
                    })}
              </p>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
