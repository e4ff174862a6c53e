// Lines and zones on the camera's picture.
import { type FormEvent, useState } from 'react';
import { useReader } from '../../app/reader';
import { Drawing } from '../../parts/drawing';
import { isGroup } from '../../parts/drawing/shapes';
import { State } from '../../parts/state';
import type { StepProps } from '../set-up';
import { faultText, told } from './fault-text';

export function DrawStep(props: StepProps & { isBusy: boolean; back: () => void; next: () => void }) {
  const { t } = useReader();
  const { appliance, draft, change, faults, isBusy, back, next } = props;
  const { trial, shapes } = draft;
  const [asksForShape, setAsks] = useState(false);
  const groups = appliance.templates.find((one) => one.name === draft.template)?.groups.filter(isGroup) ?? [];
  const ofShape = (key: string) => faults.filter((fault) => fault.shape === key).map((fault) => told(t, fault));
  const general = faults.filter((fault) => fault.shape === null);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setAsks(shapes.length === 0);
    if (shapes.length > 0) next();
  };
  if (!trial) {
    return (
      <State icon="camera" title={t('set_up_picture_gone')} role="alert">
        <p>{t('set_up_picture_gone_help')}</p>
        <button type="button" className="button" data-look="main" onClick={() => change({ step: 'camera' })}>
          {t('set_up_try')}
        </button>
      </State>
    );
  }
  return (
    <form className="stack" onSubmit={submit}>
      {general.length > 0 && (
        <p className="banner" data-tone="bad" role="alert">
          {[...new Set(general.map((fault) => faultText(t, [fault], fault.field)))].join(' ')}
        </p>
      )}
      {faults.some((fault) => fault.shape !== null) && (
        <p className="banner" data-tone="bad" role="alert">
          {t('set_up_wrong_shapes')}
        </p>
      )}
      {asksForShape && shapes.length === 0 && (
        <p className="banner" data-tone="bad" role="alert">
          {t('set_up_wrong_lines')}
        </p>
      )}
      <Drawing
        picture={{
          url: trial.picture,
          width: trial.width_px,
          height: trial.height_px,
          alt: t('set_up_picture'),
        }}
        shapes={shapes}
        groups={groups.length > 0 ? groups : ['person']}
        faults={Object.fromEntries(shapes.map((one) => [one.key, ofShape(one.key)]))}
        change={(changed) => change({ shapes: changed })}
        lost={() => change({ trial: null })}
      />
      <p className="row">
        <button type="button" className="button" onClick={back}>
          {t('back')}
        </button>
        <button type="submit" className="button" data-look="main" disabled={isBusy}>
          {t('set_up_finish')}
        </button>
        {isBusy && <span role="status">{t('set_up_writing')}</span>}
      </p>
    </form>
  );
}
