// What the hub said no to, above the form that asked.
import { ApiError } from '../api/client';
import { useReader } from '../app/reader';

export function Problem({ error }: { error: unknown }) {
  const { t } = useReader();
  if (!error) return null;
  const isNetwork = error instanceof ApiError && error.status === 0;
  const detail = error instanceof Error ? error.message : String(error);
  return (
    <p className="banner" data-tone="bad" role="alert">
      {isNetwork ? t('error_network') : detail}
    </p>
  );
}
