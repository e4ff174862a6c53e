// Dealing with an alert: taking it on, and closing it with what it turned out to be.
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, lazy, Suspense, useState } from 'react';
import { ALERTS_KEY } from '../api/alerts';
import { api, take } from '../api/client';
import type { Alert } from '../api/types';
import { useReader } from '../app/reader';
import { named } from '../words';
import { Choice, Field } from './controls';
import { Problem } from './problem';
import { textOf, useSending } from './sending';

const Dialog = lazy(() => import('./dialog').then((part) => ({ default: part.Dialog })));

const OUTCOMES = ['confirmed', 'false_alarm', 'other'] as const;
const NOTE_MAX = 500;

export function AcknowledgeButton({ alert }: { alert: Alert }) {
  const { t } = useReader();
  return <Action alert={alert} name="acknowledge" text={t('acknowledge')} />;
}

export function CloseButton({ alert }: { alert: Alert }) {
  const { t } = useReader();
  return <Action alert={alert} name="close" text={t('close_alert')} />;
}

/** The window belongs to the alert for which it was opened, whatever comes while somebody writes. */
function Action({ alert, name, text }: { alert: Alert; name: 'acknowledge' | 'close'; text: string }) {
  const { t } = useReader();
  const [of, setOf] = useState<Alert | null>(null);
  const kind = named(t, 'alert_kind', alert.kind);
  return (
    <>
      <button type="button" className="button" aria-label={`${text}: ${kind}`} onClick={() => setOf(alert)}>
        {text}
      </button>
      {of && (
        <Suspense>
          <Dialog title={`${text}: ${named(t, 'alert_kind', of.kind)}`} isOpen close={() => setOf(null)}>
            <ActionForm alert={of} name={name} text={text} done={() => setOf(null)} />
          </Dialog>
        </Suspense>
      )}
    </>
  );
}

interface FormProps {
  alert: Alert;
  name: 'acknowledge' | 'close';
  text: string;
  done: () => void;
}

function ActionForm({ alert, name, text, done }: FormProps) {
  const { t } = useReader();
  const client = useQueryClient();
  const [outcome, setOutcome] = useState<(typeof OUTCOMES)[number]>('confirmed');
  const { send, isBusy, problem } = useSending();
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const note = textOf(new FormData(event.currentTarget), 'note');
    const params = { path: { id: alert.id } };
    const isDone = await send(async () => {
      if (name === 'close') await take(api.POST('/api/v1/alerts/{id}/close', { params, body: { outcome, note } }));
      else await take(api.POST('/api/v1/alerts/{id}/acknowledge', { params, body: { note } }));
    });
    if (isDone) done();
    await client.invalidateQueries({ queryKey: ALERTS_KEY });
  };
  return (
    <form className="stack" onSubmit={(event) => void submit(event)}>
      <Problem error={problem} />
      {name === 'close' && (
        <Choice
          label={t('turned_out')}
          value={outcome}
          options={OUTCOMES.map((known) => [known, t(`alert_outcome_${known}`)] as const)}
          onChange={setOutcome}
        />
      )}
      <Field label={t('note')} help={t('note_help')}>
        {(ids) => <input {...ids} name="note" maxLength={NOTE_MAX} autoComplete="off" />}
      </Field>
      <button type="submit" className="button" data-look="main" disabled={isBusy}>
        {text}
      </button>
    </form>
  );
}
