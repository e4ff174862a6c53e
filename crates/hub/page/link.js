// Whether what the page shows is of now. Pure.

/** Without an answer for so long the hub counts as out of reach, not just as reconnecting. */
export const OFFLINE_AFTER_MS = 30_000;

/**
 * `live` while the stream of updates is open; else `reconnecting`, and `offline` when the machine has no network or
 * the hub has not answered for long. `heardAt` is when the hub was heard last, null if never.
 */
export function linkState({ isStreaming, hasNetwork, heardAt, startedAt, now }) {
  if (isStreaming) return 'live';
  if (!hasNetwork || now - (heardAt ?? startedAt) > OFFLINE_AFTER_MS) return 'offline';
  return heardAt == null ? 'connecting' : 'reconnecting';
}

/** Pause before the next try, in milliseconds: 1 s, doubling to 30 s, spread so that many pages do not come at once. */
export function retryPause(tries, random) {
  return Math.min(30_000, 1000 * 2 ** Math.min(tries, 5)) * (0.75 + random / 2);
}
