// What is kept per site: the one that was chosen, or the only one there is.
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { sitesQuery } from '../api/queries';
import { Failure, Skeleton, State } from '../parts/state';
import { useReader } from './reader';
import { useSite } from './site-choice';

export function OneSite({ children }: { children: (site: string) => ReactNode }) {
  const { t } = useReader();
  const chosen = useSite();
  const { data, error, refetch } = useQuery(sitesQuery);
  if (!data) return error ? <Failure error={error} retry={() => void refetch()} /> : <Skeleton rows={2} height={6} />;
  const site = chosen ?? (data.length === 1 ? data[0]?.site : undefined);
  if (site) return children(site);
  return (
    <div className="card">
      <State icon="none" title={t('site_needed')}>
        <p>{t('site_needed_help')}</p>
      </State>
    </div>
  );
}
