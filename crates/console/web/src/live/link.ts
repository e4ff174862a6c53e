// The stream of changes: connects, resumes behind the last event that it had, and says how it stands.
import type {
  Alert,
  Blob,
  Decision,
  Gate,
  Hello,
  Incident,
  LaneChanged,
  Node,
  Passage,
  Plate,
  SiteInside,
} from '../api/types';

/** Waits between attempts; the last one is kept. */
const WAITS_MS = [500, 1_000, 2_000, 4_000, 8_000];
/** The hub sends a sign of life every 15 s; where nothing came for so long, it is asked whether it is there. */
const SILENCE_MAX_MS = 40_000;
const WATCH_EVERY_MS = 10_000;
/** So many failed attempts are a lost connection rather than a short gap. */
const OFFLINE_AFTER = 3;

export type LinkState = 'connecting' | 'live' | 'reconnecting' | 'offline';

export type Change =
  | { name: 'hello'; data: Hello }
  | { name: 'gate'; data: Gate }
  | { name: 'site'; data: SiteInside }
  | { name: 'node'; data: Node }
  | { name: 'passage'; data: Passage }
  | { name: 'plate'; data: Plate }
  | { name: 'decision'; data: Decision }
  | { name: 'lane'; data: LaneChanged }
  | { name: 'incident'; data: Incident }
  | { name: 'blob'; data: Blob }
  | { name: 'alert'; data: Alert }
  | { name: 'reset'; data: { reason: string } };

const NAMES: readonly Change['name'][] = [
  'hello',
  'gate',
  'site',
  'node',
  'passage',
  'plate',
  'decision',
  'lane',
  'incident',
  'blob',
  'alert',
  'reset',
];

export interface LinkEvents {
  change(change: Change): void;
  state(state: LinkState): void;
  /** The stream broke, or could not be opened: a browser does not say why. */
  broken(): void;
}

/** Opens the stream; `close` ends it. `after` is the place in the log up to which everything is known. */
export function openLink(after: number | null, events: LinkEvents): { close(): void } {
  let last = after;
  let failures = 0;
  let heard = Date.now();
  let closed = false;
  let was: LinkState = 'connecting';
  let source: EventSource | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const tell = (state: LinkState): void => {
    if (state === was) return;
    was = state;
    events.state(state);
  };

  const retry = (): void => {
    source?.close();
    source = null;
    if (closed) return;
    failures += 1;
    events.broken();
    tell(failures >= OFFLINE_AFTER ? 'offline' : 'reconnecting');
    clearTimeout(timer);
    timer = setTimeout(connect, WAITS_MS[Math.min(failures, WAITS_MS.length) - 1]);
  };

  const connect = (): void => {
    if (closed) return;
    // The browser's own way to come back gives up on an error of the server; this one does not.
    const stream = new EventSource(last === null ? '/api/v1/stream' : `/api/v1/stream?after=${last}`);
    source = stream;
    stream.onerror = () => {
      if (stream === source) retry();
    };
    for (const name of NAMES) {
      stream.addEventListener(name, (event: MessageEvent<string>) => {
        heard = Date.now();
        const place = Number.parseInt(event.lastEventId, 10);
        if (Number.isFinite(place)) last = place;
        if (name === 'hello') {
          failures = 0;
          tell('live');
        }
        events.change({ name, data: JSON.parse(event.data) } as Change);
      });
    }
  };

  const watch = setInterval(() => {
    if (was !== 'live' || Date.now() - heard < SILENCE_MAX_MS) return;
    // Signs of life are not told to pages; a dead connection shows when the hub is asked.
    fetch('/healthz', { cache: 'no-store', signal: AbortSignal.timeout(WATCH_EVERY_MS / 2) })
      .then((answer) => {
        if (answer.ok) heard = Date.now();
        else retry();
      })
      .catch(retry);
  }, WATCH_EVERY_MS);

  // A device that wakes up or finds its network again does not wait for the next attempt.
  const hurry = (): void => {
    if (was === 'live' || source?.readyState === EventSource.OPEN) return;
    clearTimeout(timer);
    source?.close();
    connect();
  };
  window.addEventListener('online', hurry);

  connect();
  return {
    close: () => {
      closed = true;
      clearTimeout(timer);
      clearInterval(watch);
      window.removeEventListener('online', hurry);
      source?.close();
    },
  };
}
