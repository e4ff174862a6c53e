// Why a camera shows nothing.
import { ApiError } from '../api/client';
import { useReader } from '../app/reader';
import { isKey } from '../words';

/** Why there is no picture, in the reader's words where they are known. */
export function Reason({ error }: { error: unknown }) {
  const { t, f } = useReader();
  if (!(error instanceof ApiError)) return t('error_answer', { detail: String(error) });
  if (error.status === 0) return t('error_network');
  const key = `view_problem_${error.kind}`;
  const wait = error.waitMs === null ? '' : f.span(error.waitMs);
  return isKey(key) ? t(key, { wait }) : t('error_answer', { detail: error.detail });
}
