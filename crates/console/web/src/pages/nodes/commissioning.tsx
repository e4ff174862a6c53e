// The checklist by which a node is put into service: what is measured, what people confirm, the hand-over.
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api, done, take } from '../../api/client';
import { nodesQuery } from '../../api/queries';
import type { CommissioningStep, Node } from '../../api/types';
import { useNow, useReader } from '../../app/reader';
import { useMay } from '../../app/session';
import { Field } from '../../parts/controls';
import { Dialog } from '../../parts/dialog';
import type { IconName } from '../../parts/icon';
import { Badge, type Tone } from '../../parts/marks';
import { Problem } from '../../parts/problem';
import { textOf, useSending } from '../../parts/sending';
import { Failure, Skeleton } from '../../parts/state';
import { named } from '../../words';
import { measured, seenOf } from './step-words';

const NOTE_MAX = 500;
/** Measurements come by the node's status, every half minute. */
const AGAIN_MS = 10_000;
const STATES: Record<string, [Tone, IconName]> = {
  good: ['good', 'check'],
  open: ['plain', 'wait'],
  bad: ['bad', 'alert'],
};

/** How far a node is put into service, and the way to its checklist. */
export function CommissioningDoor({ node }: { node: Node }) {
  const { t, f } = useReader();
  const now = useNow(60_000);
  const [isOpen, setOpen] = useState(false);
  const { handed_over_by: by, handed_over_at: at, open, bad } = node.commissioning;
  return (
    <>
      {by != null && at != null
        ? t('commissioning_done', { by, at: f.when(Date.parse(at), now) })
        : t('commissioning_left', { open: f.number(open), bad: f.number(bad) })}{' '}
      <button type="button" className="button" data-look="quiet" onClick={() => setOpen(true)} aria-haspopup="dialog">
        {t('commissioning_open')}
      </button>
      <Dialog title={t('commissioning_of', { node: node.node })} isOpen={isOpen} close={() => setOpen(false)} isWide>
        <Checklist node={node.node} />
      </Dialog>
    </>
  );
}

function Checklist({ node }: { node: string }) {
  const { t } = useReader();
  const client = useQueryClient();
  const queryKey = ['commissioning', node];
  const { data, error, refetch } = useQuery({
    queryKey,
    queryFn: ({ signal }) =>
      take(api.GET('/api/v1/nodes/{node}/commissioning', { params: { path: { node } }, signal })),
    refetchInterval: AGAIN_MS,
  });
  if (!data) return error ? <Failure error={error} retry={() => void refetch()} /> : <Skeleton rows={6} height={3} />;
  const again = async () => {
    await client.invalidateQueries({ queryKey });
    await client.invalidateQueries({ queryKey: nodesQuery.queryKey });
  };
  const people = data.steps.filter((step) => step.by_person);
  return (
    <div className="stack checklist">
      <p className="soft">{t('commissioning_help')}</p>
      {measured(data.steps).map(([camera, steps]) => (
        <section key={camera ?? ''} className="stack">
          <h3>{camera == null ? t('commissioning_node') : t('commissioning_camera', { camera })}</h3>
          <ul>
            {steps.map((step) => (
              <li key={step.step}>
                <Line step={step} />
              </li>
            ))}
          </ul>
        </section>
      ))}
      <section className="stack">
        <h3>{t('commissioning_person')}</h3>
        <ul>
          {people.map((step) => (
            <li key={step.step}>
              <Line step={step} />
              <Confirm node={node} step={step} again={again} />
            </li>
          ))}
        </ul>
      </section>
    </div>
  );
}

/** How a step stands, and what to do where it is not well. */
function Line({ step }: { step: CommissioningStep }) {
  const { t, f } = useReader();
  const now = useNow(60_000);
  const [tone, icon] = STATES[step.state] ?? ['plain', 'wait'];
  const seen = seenOf(t, f, step);
  const { mark } = step;
  return (
    <>
      <p className="row">
        <Badge tone={tone} icon={icon}>
          {named(t, 'step_state', step.state)}
        </Badge>
        <strong>{named(t, 'step', step.step)}</strong>
        {seen && <span className="soft">{seen}</span>}
        {mark && (
          <span className="soft">
            {t('commissioning_by', { by: mark.by, at: f.when(Date.parse(mark.at), now) })}
            {mark.outcome === 'not_applicable' && ` · ${t('commissioning_skipped')}`}
          </span>
        )}
      </p>
      {mark?.note && <p>{mark.note}</p>}
      {step.state !== 'good' && <p className="small soft">{named(t, 'step_help', step.step)}</p>}
    </>
  );
}

/** What a person says of a step; nothing for whoever may not. */
function Confirm(props: { node: string; step: CommissioningStep; again: () => Promise<void> }) {
  const { t } = useReader();
  const may = useMay();
  const { send, isBusy, problem } = useSending();
  const [isAsked, setAsked] = useState(false);
  if (!may('nodes.write')) return null;
  const { node, step, again } = props;
  const params = { path: { node, step: step.step } };
  const name = named(t, 'step', step.step);
  if (step.mark) {
    const withdraw = () =>
      send(async () => {
        await done(api.DELETE('/api/v1/nodes/{node}/commissioning/{step}', { params }));
        await again();
      });
    return (
      <>
        <Problem error={problem} />
        <button
          type="button"
          className="button"
          data-look="quiet"
          aria-label={t('commissioning_withdraw', { step: name })}
          disabled={isBusy}
          onClick={() => void withdraw()}
        >
          {t('withdraw')}
        </button>
      </>
    );
  }
  if (!isAsked) {
    return (
      <button
        type="button"
        className="button"
        aria-label={t('commissioning_check_of', { step: name })}
        onClick={() => setAsked(true)}
      >
        {t('commissioning_check')}
      </button>
    );
  }
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const by = (event.nativeEvent as SubmitEvent).submitter;
    const outcome = by?.getAttribute('value') === 'not_applicable' ? 'not_applicable' : 'confirmed';
    const body = { outcome, note: textOf(new FormData(event.currentTarget), 'note') };
    await send(async () => {
      await done(api.PUT('/api/v1/nodes/{node}/commissioning/{step}', { params, body }));
      setAsked(false);
      await again();
    });
  };
  return (
    <form className="stack" onSubmit={(event) => void submit(event)}>
      <Problem error={problem} />
      <Field
        label={t('commissioning_note')}
        help={step.step === 'hand_over' ? undefined : t('commissioning_note_help')}
      >
        {(ids) => <input {...ids} name="note" maxLength={NOTE_MAX} autoComplete="off" />}
      </Field>
      <p className="row">
        <button
          type="submit"
          value="confirmed"
          className="button"
          data-look="main"
          aria-label={t('commissioning_confirm_of', { step: name })}
          disabled={isBusy}
        >
          {t('commissioning_confirm')}
        </button>
        {step.step !== 'hand_over' && (
          <button
            type="submit"
            value="not_applicable"
            className="button"
            aria-label={t('commissioning_skip_of', { step: name })}
            disabled={isBusy}
          >
            {t('commissioning_skip')}
          </button>
        )}
        <button type="button" className="button" data-look="quiet" onClick={() => setAsked(false)}>
          {t('cancel')}
        </button>
      </p>
    </form>
  );
}
