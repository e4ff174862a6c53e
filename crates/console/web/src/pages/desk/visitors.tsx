// Who is expected today: passes that are good today, and which of them came.
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { passesQuery } from '../../api/passes';
import type { Decision } from '../../api/types';
import { useNow, useReader } from '../../app/reader';
import { DAY_MS, dayStart } from '../../format/time';
import { Badge } from '../../parts/marks';
import { Failure, Skeleton } from '../../parts/state';
import { named } from '../../words';
import { arrivals, expected } from './expected';

/** As many as a guard looks through; the page of passes has them all. */
const SHOWN_MAX = 12;

export function Visitors({ site, decisions }: { site: string; decisions: readonly Decision[] }) {
  const { t, f } = useReader();
  const now = useNow(60_000);
  const { data, error, refetch } = useQuery(passesQuery(site));
  const today = dayStart(now);
  const passes = data && expected(data, today, today + DAY_MS);
  const came = arrivals(decisions);
  return (
    <section className="card" aria-labelledby="expected">
      <h2 id="expected">{t('expected_today', { n: f.number(passes?.length ?? 0) })}</h2>
      {!passes && (error ? <Failure error={error} retry={() => void refetch()} /> : <Skeleton rows={2} />)}
      {passes?.length === 0 && <p className="soft">{t('expected_none')}</p>}
      <ul className="desk-expected">
        {passes?.slice(0, SHOWN_MAX).map((pass) => {
          const at = came.get(pass.id);
          return (
            <li key={pass.id}>
              <span>
                <strong>{pass.visitor || pass.id.slice(0, 8)}</strong>
                <span className="small soft">
                  {[pass.purpose, pass.lanes.join(', '), pass.escort && t('pass_escort_short')]
                    .filter(Boolean)
                    .join(' · ')}
                </span>
              </span>
              <span className="desk-row-end">
                {at === undefined ? (
                  <Badge tone={pass.state === 'good' ? 'info' : 'plain'}>{named(t, 'pass_state', pass.state)}</Badge>
                ) : (
                  <Badge tone="good" icon="check">
                    {t('expected_came', { at: f.time(at) })}
                  </Badge>
                )}
                <span className="small soft figure">
                  {t('pass_span', {
                    from: f.when(Date.parse(pass.not_before), now),
                    to: f.when(Date.parse(pass.not_after), now),
                  })}
                </span>
              </span>
            </li>
          );
        })}
      </ul>
      {(passes?.length ?? 0) > SHOWN_MAX && <Link to="/passes">{t('see_all')}</Link>}
    </section>
  );
}
