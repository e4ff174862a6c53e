// Every check that led to a decision, in the order in which they were made.
import { useReader } from '../app/reader';
import { named } from '../words';
import { FINDINGS } from './findings';
import { Badge } from './marks';
import { TableScroll } from './table-scroll';

export interface TrailStep {
  check: string;
  finding: string;
  subject?: string | null;
  /** Why, in words. */
  why: string;
}

export function Trail({ steps }: { steps: readonly TrailStep[] }) {
  const { t } = useReader();
  return (
    <TableScroll label={t('trail')}>
      <table className="table">
        <caption className="unseen">{t('trail')}</caption>
        <thead>
          <tr>
            <th scope="col">{t('trail_check')}</th>
            <th scope="col">{t('trail_found')}</th>
            <th scope="col">{t('trail_about')}</th>
            <th scope="col">{t('trail_why')}</th>
          </tr>
        </thead>
        <tbody>
          {steps.map((step, place) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a step is its place
            <tr key={place}>
              <td>{named(t, 'check', step.check)}</td>
              <td>
                <Badge tone={FINDINGS[step.finding] ?? 'plain'}>{named(t, 'finding', step.finding)}</Badge>
              </td>
              <td className="mono">{step.subject ?? '–'}</td>
              <td>{step.why}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableScroll>
  );
}
