// What the hub said no to, above the form that asked.
import { ApiError } from '../api/client';
import { useReader } from '../app/reader';
import { isKey } from '../words';
import { useIntoView } from './into-view';

/** Somebody changed meanwhile what this was about. */
const STALE = 412;

export function Problem({ error }: { error: unknown }) {
  const { t, f } = useReader();
  const element = useIntoView<HTMLParagraphElement>(error);
  if (!error) return null;
  const detail = error instanceof Error ? error.message : String(error);
  const kind = error instanceof ApiError ? error.kind : '';
  const isStale = error instanceof ApiError && error.status === STALE && !isKey(`problem_${kind}`);
  const key = isStale ? 'problem_stale' : `problem_${kind}`;
  const wait = error instanceof ApiError && error.waitMs !== null ? f.span(error.waitMs) : '';
  return (
    <p ref={element} className="banner" data-tone="bad" role="alert">
      {kind === 'network' ? t('error_network') : isKey(key) ? t(key, { wait, detail }) : t('error_answer', { detail })}
    </p>
  );
}
