// Keeps the session open while somebody is at the page, and says so before it ends because nobody is.
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect } from 'react';
import { Icon } from '../parts/icon';
import { onTouch } from './hand';
import { useNow, useReader } from './reader';
import { sessionQuery } from './session';

/** Whoever touches the page is told to the hub at most so often; more often once the end is near. */
const TELL_EVERY_MS = 60_000;
const TELL_EVERY_LATE_MS = 3_000;
/** So long before its end the page warns: half of the shortest time that a hub can be told. */
const WARN_MS = 30_000;
/** An end is asked about a little behind its time. */
const BEHIND_MS = 500;
/** The longest wait that a browser's timer takes. */
const WAIT_MAX_MS = 2 ** 31 - 1;

export function SessionEnd() {
  const { t, f } = useReader();
  const now = useNow();
  const client = useQueryClient();
  const { data, dataUpdatedAt } = useQuery(sessionQuery);
  const endsAt = data?.kind === 'signed_in' ? data.endsAt : null;
  const ask = useCallback(
    () => void client.invalidateQueries({ queryKey: sessionQuery.queryKey }, { cancelRefetch: false }),
    [client],
  );
  useEffect(
    () =>
      onTouch(() => {
        const isLate = endsAt !== null && endsAt - Date.now() < WARN_MS;
        if (Date.now() - dataUpdatedAt > (isLate ? TELL_EVERY_LATE_MS : TELL_EVERY_MS)) ask();
      }),
    [ask, endsAt, dataUpdatedAt],
  );
  useEffect(() => {
    if (endsAt === null) return;
    // Asked by nobody, the hub says how much is left, and at the end that it is over.
    const left = endsAt - Date.now();
    const wait = left > WARN_MS ? left - WARN_MS : Math.max(left, 0) + BEHIND_MS;
    const timer = setTimeout(ask, Math.min(wait, WAIT_MAX_MS));
    return () => clearTimeout(timer);
  }, [ask, endsAt]);
  if (endsAt === null || endsAt - now > WARN_MS || endsAt <= now) return null;
  return (
    <div className="banner" data-tone="warn" role="alert">
      <Icon name="lock" />
      <p>{t('session_ends', { at: f.time(endsAt) })}</p>
      <button type="button" className="button" onClick={ask}>
        {t('session_stay')}
      </button>
    </div>
  );
}
