// Which sites there are to choose among.
import { queryOptions, useQuery } from '@tanstack/react-query';
import { api, take } from '../api/client';
import { sitesQuery } from '../api/queries';
import { useMay } from './session';

/** The names alone, for whoever gives roles or reads who holds them, and sees no figures. */
export const siteNamesQuery = queryOptions({
  queryKey: ['site-names'],
  queryFn: ({ signal }) => take(api.GET('/api/v1/site-names', { signal })).then((answer) => answer.sites),
});

const namesOf = (sites: readonly { site: string }[]): string[] => sites.map((row) => row.site);

export interface Sites {
  data: readonly string[] | undefined;
  error: Error | null;
  refetch: () => void;
}

/** The sites that the reader may choose among, by name. */
export function useSites(): Sites {
  const seesFigures = useMay()('figures.read');
  const counted = useQuery({ ...sitesQuery, select: namesOf, enabled: seesFigures });
  const named = useQuery({ ...siteNamesQuery, enabled: !seesFigures });
  const { data, error, refetch } = seesFigures ? counted : named;
  return { data, error, refetch: () => void refetch() };
}
