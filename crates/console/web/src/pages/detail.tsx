// What the pages of single events share: pictures, clips, facts.
import { useCanGoBack, useRouter } from '@tanstack/react-router';
import type { Evidence, PlateDetail } from '../api/types';
import { useReader } from '../app/reader';
import { Icon } from '../parts/icon';
import { Picture } from '../parts/picture';
import { State } from '../parts/state';
import { named } from '../words';

export function BackLink() {
  const { t } = useReader();
  const router = useRouter();
  const canGoBack = useCanGoBack();
  const back = () => (canGoBack ? router.history.back() : void router.navigate({ to: '/' }));
  return (
    <button type="button" className="button" data-look="quiet" onClick={back}>
      <Icon name="back" />
      {t('back')}
    </button>
  );
}

export function Pictures({ evidence, what, at }: { evidence: readonly Evidence[]; what: string; at: string }) {
  const { t } = useReader();
  const pictures = evidence.filter((medium) => medium.role !== 'clip');
  return (
    <section className="card detail-pictures" aria-label={t('picture')}>
      {pictures.length === 0 && <State icon="none" title={t('picture_missing')} />}
      {pictures.map((medium) => (
        <figure key={medium.sha256} data-role={medium.role}>
          <Picture medium={medium} text={`${named(t, 'role', medium.role)}: ${t('picture_of', { what, at })}`} opens />
          <figcaption className="small soft">{named(t, 'role', medium.role)}</figcaption>
        </figure>
      ))}
    </section>
  );
}

export function Clips({ clips }: { clips: PlateDetail['clips'] }) {
  const { t, f } = useReader();
  return (
    <section className="card" aria-labelledby="clips">
      <h2 id="clips">{t('clips')}</h2>
      {clips.length === 0 && <p className="soft">{t('clip_none')}</p>}
      {clips.map((clip) => {
        const values = { from: f.time(Date.parse(clip.from)), to: f.time(Date.parse(clip.to)) };
        const missing = (clip.begin_cut?.missing_ms ?? 0) + (clip.end_cut?.missing_ms ?? 0);
        return (
          <figure key={clip.media.sha256} className="clip">
            {clip.media.stored ? (
              // biome-ignore lint/a11y/useMediaCaption: cameras record no sound
              <video controls preload="metadata" src={clip.media.url} aria-label={t('clip_of', values)} />
            ) : (
              <p className="soft">{t('clip_waiting')}</p>
            )}
            <figcaption className="small soft">
              {t('clip_of', values)}
              {missing > 0 && ` · ${t('clip_cut', { seconds: f.seconds(missing) })}`}
            </figcaption>
          </figure>
        );
      })}
    </section>
  );
}

export function Facts({ rows }: { rows: readonly (readonly [string, React.ReactNode])[] }) {
  const { t } = useReader();
  return (
    <section className="card" aria-label={t('facts')}>
      <dl className="facts">
        {rows.map(([name, value]) => (
          <FactRow key={name} name={name} value={value} />
        ))}
      </dl>
    </section>
  );
}

function FactRow({ name, value }: { name: string; value: React.ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  );
}
