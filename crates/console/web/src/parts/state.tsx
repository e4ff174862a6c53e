// What a part of the page shows when it has nothing to show: loading, empty, refused, failed.
import type { ReactNode } from 'react';
import { ApiError } from '../api/client';
import type { Permission } from '../api/types';
import { useReader } from '../app/reader';
import { useSession } from '../app/session';
import { Icon, type IconName } from './icon';

export function State(props: { icon: IconName; title: string; children?: ReactNode; role?: 'alert' | 'status' }) {
  return (
    <div className="state" role={props.role}>
      <Icon name={props.icon} />
      <strong>{props.title}</strong>
      {props.children}
    </div>
  );
}

/** Bars in the shape of what is to come. */
export function Skeleton({ rows = 3, height = 3 }: { rows?: number; height?: number }) {
  const { t } = useReader();
  return (
    <div className="stack" role="status" aria-label={t('loading')}>
      {Array.from({ length: rows }, (_, row) => (
        <div key={String(row)} className="skeleton" style={{ height: `${height}rem` }} />
      ))}
    </div>
  );
}

/** What somebody may not see: the right that he lacks, the roles that he has, whom to ask. */
export function Forbidden({ needs }: { needs: readonly Permission[] }) {
  const { t } = useReader();
  const roles =
    useSession()
      ?.roles.map((role) => t(`role_${role}`))
      .join(', ') ?? '–';
  return (
    <State icon="lock" title={t('forbidden_title')}>
      {needs.length > 0 && (
        <p>{t('forbidden_needs', { needs: needs.map((need) => t(`permission_${need}`)).join(t('or')) })}</p>
      )}
      <p>{t('forbidden_help', { roles })}</p>
    </State>
  );
}

/** What went wrong and what to do about it. */
export function Failure({ error, retry }: { error: unknown; retry?: () => void }) {
  const { t } = useReader();
  if (error instanceof ApiError && error.status === 403) return <Forbidden needs={[]} />;
  const isNetwork = error instanceof ApiError && error.status === 0;
  const detail = error instanceof Error ? error.message : String(error);
  return (
    <State icon={isNetwork ? 'offline' : 'alert'} title={t('error_title')} role="alert">
      <p>{isNetwork ? t('error_network') : t('error_answer', { detail })}</p>
      {retry && (
        <button type="button" className="button" onClick={retry}>
          {t('retry')}
        </button>
      )}
    </State>
  );
}
