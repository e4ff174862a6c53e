// A camera as it is now: a mark that opens its live view.
import './camera-view.css';
import { useEffect, useRef, useState } from 'react';
import { ApiError, open } from '../api/client';
import { useReader } from '../app/reader';
import { useMay } from '../app/session';
import { Dialog } from '../parts/dialog';
import { Icon } from '../parts/icon';
import { Badge, CameraMark } from '../parts/marks';
import { Failure, Skeleton, State } from '../parts/state';
import { isKey, named } from '../words';
import { type Shown, useLiveView, type View } from './live';
import { type CameraPlace, fileName, pathOf } from './place';
import { Reason } from './reason';

/** A picture older than this is no longer what is going on. */
const STALE_MS = 3_000;
/** The age is told anew so often. */
const AGE_STEP_MS = 200;

/** The state of a camera; whoever may look through it opens its live view by it. */
export function CameraDoor(props: CameraPlace & { state: string | null | undefined }) {
  const { t } = useReader();
  const may = useMay();
  const [isOpen, setOpen] = useState(false);
  const mark = <CameraMark camera={props.camera} state={props.state} />;
  if (!may('cameras.view')) return mark;
  const title = t('view_title', { camera: props.camera, node: props.node });
  return (
    <>
      <button type="button" className="camera-door" onClick={() => setOpen(true)} aria-haspopup="dialog">
        {mark}
        <span className="unseen">{t('view_open')}</span>
      </button>
      <Dialog title={title} isOpen={isOpen} close={() => setOpen(false)} isWide>
        <CameraView place={{ site: props.site, node: props.node, camera: props.camera }} />
      </Dialog>
    </>
  );
}

function CameraView({ place }: { place: CameraPlace }) {
  const { t } = useReader();
  const { view, start } = useLiveView(place);
  const frame = useRef<HTMLElement>(null);
  if (view.kind === 'loading') return <Skeleton rows={1} height={18} />;
  if (view.kind === 'failed') return <NotShown error={view.error} retry={start} />;
  return (
    <div className="stack">
      <figure className="camera-view" ref={frame}>
        {view.shown ? (
          <img src={view.shown.url} alt={t('view_alt', { camera: place.camera })} />
        ) : (
          <State icon="camera" title={t('view_paused')} />
        )}
        <figcaption className="row">
          <Standing view={view} />
        </figcaption>
      </figure>
      {view.kind === 'paused' && (
        <div className="banner row" role="status">
          <span>{t(`view_why_${view.why}`)}</span>
          <button type="button" className="button" data-look="main" onClick={start}>
            <Icon name="live" />
            {t('view_go_on')}
          </button>
        </div>
      )}
      <div className="row">
        <Snapshot place={place} />
        {document.fullscreenEnabled && (
          <button type="button" className="button" onClick={() => void frame.current?.requestFullscreen()}>
            <Icon name="wall" />
            {t('view_full')}
          </button>
        )}
      </div>
      <p className="small soft">{t('view_noted')}</p>
    </div>
  );
}

/** How old the picture is, and what stands in the way of a newer one. */
function Standing({ view }: { view: Extract<View, { kind: 'live' | 'paused' }> }) {
  const { t } = useReader();
  const isLive = view.kind === 'live';
  return (
    <>
      {view.shown && <Age shown={view.shown} isLive={isLive} />}
      {isLive && view.refused && <Badge tone="bad">{named(t, 'view_refused', view.refused)}</Badge>}
    </>
  );
}

function Age({ shown, isLive }: { shown: Shown; isLive: boolean }) {
  const { t, f } = useReader();
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), AGE_STEP_MS);
    return () => clearInterval(timer);
  }, []);
  const age = Math.max(0, now - shown.takenAt);
  const isStale = age > STALE_MS;
  const tone = isLive && !isStale ? 'good' : 'warn';
  const text = age < 60_000 ? t('view_age', { n: f.seconds(age) }) : t('view_age_long', { span: f.span(age) });
  return (
    <>
      <Badge tone={tone} icon={tone === 'good' ? 'live' : 'wait'}>
        {isLive && !isStale ? t('view_live') : t('view_stale')}
      </Badge>
      <span className="figure">{text}</span>
      {shown.capturedAt && <time dateTime={shown.capturedAt}>{f.moment(Date.parse(shown.capturedAt))}</time>}
    </>
  );
}

/** Takes one picture and hands it over as a file; the hub writes down who did. */
function Snapshot({ place }: { place: CameraPlace }) {
  const { t } = useReader();
  const [state, setState] = useState<'idle' | 'taking' | { saved: string } | { error: unknown }>('idle');
  const taken = async (): Promise<void> => {
    setState('taking');
    try {
      const response = await open(pathOf(place, 'snapshot'));
      const name = fileName(place, response.headers.get('x-captured-at') ?? '');
      const url = URL.createObjectURL(await response.blob());
      const link = document.createElement('a');
      link.href = url;
      link.download = name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(url), 10_000);
      setState({ saved: name });
    } catch (error) {
      setState({ error });
    }
  };
  return (
    <>
      <button type="button" className="button" disabled={state === 'taking'} onClick={() => void taken()}>
        <Icon name="down" />
        {t('view_snapshot')}
      </button>
      <span role="status" className="small">
        {state === 'taking' && t('view_taking')}
        {typeof state === 'object' && 'saved' in state && t('view_saved', { name: state.saved })}
        {typeof state === 'object' && 'error' in state && <Reason error={state.error} />}
      </span>
    </>
  );
}

function NotShown({ error, retry }: { error: unknown; retry: () => void }) {
  const { t } = useReader();
  const isKnown = error instanceof ApiError && isKey(`view_problem_${error.kind}`);
  if (!isKnown) return <Failure error={error} retry={retry} />;
  return (
    <State icon={error.kind === 'node_offline' ? 'offline' : 'camera'} title={t('view_none')} role="alert">
      <p>
        <Reason error={error} />
      </p>
      <button type="button" className="button" onClick={retry}>
        {t('retry')}
      </button>
    </State>
  );
}
