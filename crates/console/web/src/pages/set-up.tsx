// Setting up a gate from the page: site, camera, what to count, lines on the picture, and then it counts.
import './set-up/set-up.css';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { applianceQuery, putGate, useSetsUpGates } from '../api/appliance';
import { ApiError } from '../api/client';
import { gatesQuery, nodesQuery, sitesQuery } from '../api/queries';
import type { Appliance } from '../api/types';
import { useReader } from '../app/reader';
import { useSession } from '../app/session';
import { Problem } from '../parts/problem';
import { useSending } from '../parts/sending';
import { Failure, Skeleton, State } from '../parts/state';
import { CameraStep } from './set-up/camera-step';
import {
  type Draft,
  emptyDraft,
  type Fault,
  faultsOf,
  firstWrong,
  forgetDraft,
  keepDraft,
  keptDraft,
  wantedOf,
} from './set-up/draft';
import { DrawStep } from './set-up/draw-step';
import { RunningStep } from './set-up/running-step';
import { SiteStep } from './set-up/site-step';
import { Steps } from './set-up/steps';
import { TemplateStep } from './set-up/template-step';

export function SetUpPage() {
  const { t } = useReader();
  const setsUp = useSetsUpGates();
  const who = useSession()?.account.id;
  const { data, error, refetch } = useQuery({ ...applianceQuery, enabled: setsUp === true });
  return (
    <>
      <header className="page-head">
        <div>
          <h1>{t(data && data.gates.length > 0 ? 'set_up_more' : 'set_up_title')}</h1>
          <p className="soft">{t('set_up_help')}</p>
        </div>
      </header>
      {setsUp === false ? (
        <div className="card">
          <State icon="nodes" title={t('set_up_elsewhere')}>
            <p>{t('set_up_elsewhere_help')}</p>
          </State>
        </div>
      ) : data && who ? (
        <Wizard appliance={data} who={who} />
      ) : error ? (
        <div className="card">
          <Failure error={error} retry={() => void refetch()} />
        </div>
      ) : (
        <Skeleton rows={2} height={10} />
      )}
    </>
  );
}

/** What every step is given. */
export interface StepProps {
  appliance: Appliance;
  draft: Draft;
  change: (more: Partial<Draft>) => void;
  /** What the hub found wrong with this step. */
  faults: readonly Fault[];
}

function Wizard({ appliance, who }: { appliance: Appliance; who: string }) {
  const { t } = useReader();
  const client = useQueryClient();
  const { send, isBusy, problem } = useSending();
  const [draft, setDraft] = useState(() => keptDraft(who) ?? emptyDraft(appliance, t('set_up_first_gate')));
  const [faults, setFaults] = useState<readonly Fault[]>([]);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => keepDraft(who, draft), [who, draft]);
  const { step } = draft;
  const seen = useRef(step);
  // Whoever goes on by the keyboard or a screen reader is at the beginning of the next step.
  useEffect(() => {
    if (seen.current === step) return;
    seen.current = step;
    heading.current?.focus();
  }, [step]);

  const change = (more: Partial<Draft>) => setDraft((old) => ({ ...old, ...more }));
  const go = (next: Draft['step']) => change({ step: next });
  const finish = () =>
    send(async () => {
      try {
        client.setQueryData(applianceQuery.queryKey, await putGate(draft.gate, wantedOf(draft)));
        setFaults([]);
        go('running');
        for (const { queryKey } of [gatesQuery, sitesQuery, nodesQuery]) void client.invalidateQueries({ queryKey });
      } catch (error) {
        if (!(error instanceof ApiError) || error.fields.length === 0) throw error;
        const found = faultsOf(error.fields, draft.shapes);
        setFaults(found);
        go(firstWrong(found) ?? step);
      }
    });
  const another = () => {
    forgetDraft();
    setFaults([]);
    setDraft(emptyDraft(appliance, t('set_up_first_gate')));
  };

  const props = { appliance, draft, change, faults: faults.filter((fault) => fault.step === step) };
  return (
    <div className="set-up">
      <Steps at={step} go={go} />
      <section className="card stack" aria-labelledby="set-up-step">
        <h2 id="set-up-step" ref={heading} tabIndex={-1}>
          {t(`set_up_${step}_title`)}
        </h2>
        {step === 'site' && <SiteStep {...props} next={() => go('camera')} />}
        {step === 'camera' && <CameraStep {...props} back={() => go('site')} next={() => go('template')} />}
        {step === 'template' && <TemplateStep {...props} back={() => go('camera')} next={() => go('draw')} />}
        {step === 'draw' && (
          <>
            <Problem error={problem} />
            <DrawStep {...props} isBusy={isBusy} back={() => go('template')} next={() => void finish()} />
          </>
        )}
        {step === 'running' && <RunningStep {...props} back={() => go('camera')} another={another} />}
      </section>
    </div>
  );
}
