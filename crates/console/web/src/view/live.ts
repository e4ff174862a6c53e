// A live view while it is open: one connection, the newest picture, and why it ended.
import { useCallback, useEffect, useRef, useState } from 'react';
import { open } from '../api/client';
import { onTouch } from '../app/hand';
import { PartReader } from './parts';
import { type CameraPlace, pathOf } from './place';

/** Without a touch of the page for so long the view ends by itself. */
const UNTOUCHED_MAX_MS = 10 * 60_000;

export interface Shown {
  /** An address of the picture within the page. */
  url: string;
  capturedAt: string;
  /** When it was taken, by this device's clock: its age when it was sent is known, whatever the clocks say. */
  takenAt: number;
}

export type View =
  | { kind: 'loading' }
  | { kind: 'live'; shown: Shown; refused: string | null }
  /** The last picture stays until somebody goes on. */
  | { kind: 'paused'; why: 'hidden' | 'untouched' | 'over'; shown: Shown | null }
  | { kind: 'failed'; error: unknown };

export interface LiveView {
  view: View;
  /** Looks (again). */
  start: () => void;
}

function shownOf(view: View): Shown | null {
  return view.kind === 'live' || view.kind === 'paused' ? view.shown : null;
}

/** The live view of a camera from now on; it ends when the page is hidden, untouched or left. */
export function useLiveView(place: CameraPlace): LiveView {
  const [view, setView] = useState<View>({ kind: 'loading' });
  const [run, setRun] = useState(0);
  const address = useRef<string | null>(null);
  const path = pathOf(place, 'live');

  // biome-ignore lint/correctness/useExhaustiveDependencies: each run is a new connection
  useEffect(() => {
    const abort = new AbortController();
    let untouched: ReturnType<typeof setTimeout> | undefined;
    const pause = (why: 'hidden' | 'untouched' | 'over'): void => {
      if (abort.signal.aborted) return;
      abort.abort();
      setView((before) => ({ kind: 'paused', why, shown: shownOf(before) }));
    };
    const wait = (): void => {
      clearTimeout(untouched);
      untouched = setTimeout(() => pause('untouched'), UNTOUCHED_MAX_MS);
    };
    const hide = (): void => {
      if (document.visibilityState === 'hidden') pause('hidden');
    };
    const show = (picture: Shown): void => {
      const before = address.current;
      address.current = picture.url;
      setView({ kind: 'live', shown: picture, refused: null });
      // The picture before is on the screen until this one is drawn.
      if (before) setTimeout(() => URL.revokeObjectURL(before), 1_000);
    };
    const refuse = (refused: string): void =>
      setView((before) => (before.kind === 'live' ? { ...before, refused } : before));
    wait();
    const quiet = onTouch(wait);
    document.addEventListener('visibilitychange', hide);
    setView((before) => {
      const last = shownOf(before);
      return last ? { kind: 'live', shown: last, refused: null } : { kind: 'loading' };
    });
    watch(path, abort.signal, show, refuse).then(
      () => pause('over'),
      (error: unknown) => {
        if (!abort.signal.aborted) setView({ kind: 'failed', error });
      },
    );
    return () => {
      abort.abort();
      clearTimeout(untouched);
      quiet();
      document.removeEventListener('visibilitychange', hide);
    };
  }, [path, run]);

  useEffect(
    () => () => {
      if (address.current) URL.revokeObjectURL(address.current);
    },
    [],
  );
  const start = useCallback(() => setRun((before) => before + 1), []);
  return { view, start };
}

/** Tells of each picture until the hub ends the view. */
async function watch(
  path: string,
  signal: AbortSignal,
  show: (shown: Shown) => void,
  refuse: (why: string) => void,
): Promise<void> {
  const response = await open(path, signal);
  const reader = response.body?.getReader();
  if (!reader) throw new Error('an answer without a body');
  const parts = new PartReader();
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    for (const { headers, body } of parts.push(read.value)) {
      if (headers.get('content-type') === 'image/jpeg') {
        const age = Number(headers.get('x-age-ms') ?? 0);
        const takenAt = Date.now() - (Number.isFinite(age) ? age : 0);
        const url = URL.createObjectURL(new Blob([body], { type: 'image/jpeg' }));
        show({ url, capturedAt: headers.get('x-captured-at') ?? '', takenAt });
      } else {
        const told: { refused?: string } = JSON.parse(new TextDecoder().decode(body));
        refuse(told.refused ?? 'no_picture');
      }
    }
  }
}
