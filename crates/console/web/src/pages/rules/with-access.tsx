// What needs the access policy of a draft: shown once it is there.
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { ApiError } from '../../api/client';
import { accessQuery } from '../../api/rules';
import type { AccessOutline } from '../../api/types';
import { Failure, Skeleton } from '../../parts/state';
import { Begin } from './begin';

export function WithAccess({ site, children }: { site: string; children: (access: AccessOutline) => ReactNode }) {
  const { data, error, refetch } = useQuery(accessQuery(site));
  if (error instanceof ApiError && error.kind === 'no_access_policy') return <Begin site={site} />;
  if (!data) return error ? <Failure error={error} retry={() => void refetch()} /> : <Skeleton rows={3} height={5} />;
  return children(data);
}
