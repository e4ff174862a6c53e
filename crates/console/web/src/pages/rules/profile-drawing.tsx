// The lines and zones of a gate profile, drawn on a picture of the camera that it is for.
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { ApiError, answered, api, done, open } from '../../api/client';
import { nodesQuery } from '../../api/queries';
import { matching, rulesKey } from '../../api/rules';
import type { Group, Shapes } from '../../api/types';
import { useReader } from '../../app/reader';
import { useMay } from '../../app/session';
import { Field } from '../../parts/controls';
import { Drawing } from '../../parts/drawing';
import type { Shape } from '../../parts/drawing/shapes';
import { Problem } from '../../parts/problem';
import { useSending } from '../../parts/sending';
import { Failure, Skeleton } from '../../parts/state';
import { type CameraPlace, pathOf } from '../../view/place';
import { Reason } from '../../view/reason';
import { faultsOf } from '../set-up/draft';
import { told } from '../set-up/fault-text';
import { NO_PICTURE, shapesOf, shapesSent } from './drawn';

const GROUPS: readonly Group[] = ['person', 'vehicle'];

interface Held {
  shapes: Shapes;
  /** The document's hash when it was read. */
  sha256: string;
}

export function ProfileDrawing({ site, path, saved }: { site: string; path: string; saved: () => Promise<void> }) {
  const { data, error, refetch } = useQuery({
    queryKey: [...rulesKey(site), 'shapes', path],
    queryFn: async ({ signal }): Promise<Held> => {
      const params = { path: { site }, query: { path } };
      const { data, response } = await answered(
        api.GET('/api/v1/sites/{site}/policy-draft/shapes', { params, signal }),
      );
      return {
        shapes: data ?? { lines: [], zones: [] },
        sha256: (response.headers.get('etag') ?? '').replaceAll('"', ''),
      };
    },
    // What is being drawn must not be drawn over by what somebody else did meanwhile.
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
  if (data) return <Editor site={site} path={path} held={data} saved={saved} />;
  return error ? <Failure error={error} retry={() => void refetch()} /> : <Skeleton rows={1} height={18} />;
}

function Editor(props: { site: string; path: string; held: Held; saved: () => Promise<void> }) {
  const { t } = useReader();
  const { site, path, held, saved } = props;
  const [shapes, setShapes] = useState<readonly Shape[]>(() => shapesOf(held.shapes));
  const [faults, setFaults] = useState<Record<string, string[]>>({});
  const [picture, setPicture] = useState(NO_PICTURE);
  const { send, isBusy, problem } = useSending();
  const save = () =>
    void send(async () => {
      try {
        const params = { path: { site }, query: { path }, header: matching(held.sha256) as { 'if-match': string } };
        await done(api.PUT('/api/v1/sites/{site}/policy-draft/shapes', { params, body: shapesSent(shapes) }));
      } catch (error) {
        if (!(error instanceof ApiError) || error.fields.length === 0) throw error;
        const found = faultsOf(error.fields, shapes);
        const of = (key: string) => found.filter((fault) => fault.shape === key).map((fault) => told(t, fault));
        setFaults(Object.fromEntries(shapes.map((one) => [one.key, of(one.key)])));
        // What belongs to no shape is told as the hub told it.
        if (found.some((fault) => fault.shape === null)) throw error;
        return;
      }
      await saved();
    });
  const wrong = Object.values(faults).some((found) => found.length > 0);
  return (
    <div className="stack">
      <Background site={site} show={setPicture} />
      <Problem error={problem} />
      {wrong && (
        <p className="banner" data-tone="bad" role="alert">
          {t('set_up_wrong_shapes')}
        </p>
      )}
      <Drawing
        picture={{ ...picture, alt: t('profile_picture') }}
        shapes={shapes}
        groups={GROUPS}
        faults={faults}
        change={(changed) => {
          setShapes(changed);
          setFaults({});
        }}
      />
      <p className="row">
        <button type="button" className="button" data-look="main" disabled={isBusy} onClick={save}>
          {t('save')}
        </button>
        <span className="small soft">{t('profile_save_help')}</span>
      </p>
    </div>
  );
}

/** Which camera the picture is of; drawing works without one as well. */
function Background({ site, show }: { site: string; show: (picture: typeof NO_PICTURE) => void }) {
  const { t } = useReader();
  const may = useMay();
  const { data: nodes } = useQuery(nodesQuery);
  const [state, setState] = useState<'idle' | 'taking' | { error: unknown }>('idle');
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => () => (url ? URL.revokeObjectURL(url) : undefined), [url]);
  if (!may('cameras.view')) return <p className="small soft">{t('profile_no_view')}</p>;
  const places = (nodes ?? [])
    .filter((node) => node.site === site)
    .flatMap((node) => node.cameras.map((one): CameraPlace => ({ site, node: node.node, camera: one.camera })));
  const choose = async (place: CameraPlace | undefined) => {
    if (!place) return;
    setState('taking');
    try {
      const taken = URL.createObjectURL(await (await open(pathOf(place, 'snapshot'))).blob());
      const { width, height } = await sizeOf(taken);
      setUrl(taken);
      show({ url: taken, width, height });
      setState('idle');
    } catch (error) {
      setState({ error });
    }
  };
  return (
    <div className="row">
      <Field label={t('profile_camera')} help={t('profile_camera_help')}>
        {(ids) => (
          <select {...ids} defaultValue="" onChange={(event) => void choose(places[Number(event.target.value)])}>
            <option value="" disabled>
              {t('profile_camera_none')}
            </option>
            {places.map((place, at) => (
              <option key={`${place.node}/${place.camera}`} value={at}>
                {place.node} · {place.camera}
              </option>
            ))}
          </select>
        )}
      </Field>
      <span role="status" className="small">
        {state === 'taking' && t('view_taking')}
        {typeof state === 'object' && <Reason error={state.error} />}
      </span>
    </div>
  );
}

async function sizeOf(url: string): Promise<{ width: number; height: number }> {
  const image = new Image();
  image.src = url;
  await image.decode();
  return { width: image.naturalWidth, height: image.naturalHeight };
}
