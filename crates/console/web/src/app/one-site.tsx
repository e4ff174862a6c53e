// What is kept per site: the one that was chosen, or the only one there is.
import type { ReactNode } from 'react';
import { Failure, Skeleton, State } from '../parts/state';
import { useReader } from './reader';
import { useSite } from './site-choice';
import { useSites } from './sites';

export function OneSite({ children }: { children: (site: string) => ReactNode }) {
  const { t } = useReader();
  const chosen = useSite();
  const { data, error, refetch } = useSites();
  if (!data) return error ? <Failure error={error} retry={refetch} /> : <Skeleton rows={2} height={6} />;
  const site = chosen ?? (data.length === 1 ? data[0] : undefined);
  if (site) return children(site);
  return (
    <div className="card">
      <State icon="none" title={t('site_needed')}>
        <p>{t('site_needed_help')}</p>
      </State>
    </div>
  );
}
