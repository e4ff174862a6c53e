// The camera: where it is, and whether it shows a picture.
import { type FormEvent, useState } from 'react';
import { tryCamera } from '../../api/appliance';
import { ApiError } from '../../api/client';
import type { CameraTrial } from '../../api/types';
import { useReader } from '../../app/reader';
import { Choice, Field, Select } from '../../parts/controls';
import { Problem } from '../../parts/problem';
import { useSending } from '../../parts/sending';
import { isKey } from '../../words';
import type { StepProps } from '../set-up';
import { wholeAddress } from './draft';
import { faultText } from './fault-text';

export function CameraStep(props: StepProps & { back: () => void; next: () => void }) {
  const { t } = useReader();
  const { appliance, draft, change, faults, back, next } = props;
  const { send, isBusy, problem } = useSending();
  // It stays in this form's memory, and nowhere else.
  const [password, setPassword] = useState('');
  const { trial, source } = draft;
  const fault = faultText(t, faults, 'trial') ?? faultText(t, faults, 'camera');
  /** A picture of another source would be drawn on. */
  const other = (more: Partial<typeof draft>) => change({ ...more, trial: null });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (trial) return next();
    const wanted =
      source === 'video' ? { video: draft.video } : { address: wholeAddress(draft.address, draft.user, password) };
    void send(async () => {
      change({ trial: null });
      change({ trial: await tryCamera(wanted) });
    });
  };
  return (
    <form className="stack" onSubmit={submit} autoComplete="off">
      {fault && (
        <p className="banner" data-tone="bad" role="alert">
          {fault}
        </p>
      )}
      <Choice
        label={t('set_up_source')}
        value={source}
        options={[
          ['camera', t('set_up_source_camera')],
          ['video', t('set_up_source_video')],
        ]}
        onChange={(value) => other({ source: value })}
      />
      {source === 'camera' ? (
        <div className="set-up-fields">
          <Field label={t('set_up_address')} help={t('set_up_address_help')}>
            {(ids) => (
              <input
                {...ids}
                required
                className="mono"
                inputMode="url"
                autoCapitalize="none"
                spellCheck={false}
                placeholder="rtsp://192.168.1.64:554/stream1"
                value={draft.address}
                onChange={(event) => other({ address: event.target.value })}
              />
            )}
          </Field>
          <Field label={t('set_up_user')} help={t('set_up_user_help')}>
            {(ids) => (
              <input
                {...ids}
                autoCapitalize="none"
                autoComplete="off"
                spellCheck={false}
                value={draft.user}
                onChange={(event) => other({ user: event.target.value })}
              />
            )}
          </Field>
          <Field label={t('set_up_password')} help={t('set_up_password_help')}>
            {(ids) => (
              <input
                {...ids}
                type="password"
                autoComplete="new-password"
                value={password}
                onChange={(event) => {
                  setPassword(event.target.value);
                  other({});
                }}
              />
            )}
          </Field>
        </div>
      ) : appliance.videos.length === 0 ? (
        <p>{t('set_up_no_videos')}</p>
      ) : (
        <>
          <Select
            label={t('set_up_video')}
            value={draft.video}
            options={appliance.videos.map(({ name }) => [name, name] as const)}
            onChange={(video) => other({ video })}
          />
          <p className="soft small">{t('set_up_video_help')}</p>
        </>
      )}
      {isBusy && <p role="status">{t('set_up_trying')}</p>}
      {!isBusy && <Refused error={problem} />}
      {trial && <Shown trial={trial} lost={() => change({ trial: null })} />}
      <p className="row">
        <button type="button" className="button" onClick={back}>
          {t('back')}
        </button>
        <button
          type="submit"
          className="button"
          data-look="main"
          disabled={isBusy || (source === 'video' && appliance.videos.length === 0)}
        >
          {t(trial ? 'set_up_next' : 'set_up_try')}
        </button>
      </p>
    </form>
  );
}

/** Why there is no picture, with what to do about it. */
function Refused({ error }: { error: unknown }) {
  const { t } = useReader();
  const key = error instanceof ApiError ? `problem_${error.kind}` : '';
  if (!(error instanceof ApiError) || !error.kind.startsWith('camera_') || !isKey(key))
    return <Problem error={error} />;
  return (
    <div className="banner" data-tone="bad" role="alert">
      <p>{t(key)}</p>
      <p className="small">{error.detail}</p>
    </div>
  );
}

function Shown({ trial, lost }: { trial: CameraTrial; lost: () => void }) {
  const { t, f } = useReader();
  const { width_px, height_px, frames_per_s, codec } = trial;
  return (
    <div className="stack" role="status">
      <img
        className="set-up-picture"
        src={trial.picture}
        width={width_px}
        height={height_px}
        alt={t('set_up_picture')}
        onError={lost}
      />
      <p className="row">
        <span className="badge" data-tone="good">
          {t('set_up_shows')}
        </span>
        <span>{t('set_up_size', { width: f.number(width_px), height: f.number(height_px) })}</span>
        {frames_per_s != null && <span>{t('set_up_rate', { n: f.number(Math.round(frames_per_s * 10) / 10) })}</span>}
        {codec && <span>{codec}</span>}
      </p>
    </div>
  );
}
