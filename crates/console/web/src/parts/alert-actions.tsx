// Dealing with an alert: taking it on, and closing it with what it turned out to be.
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, lazy, Suspense, useState } from 'react';
import { ALERTS_KEY, type Alert } from '../api/alerts';
import { ask } from '../api/client';
import { useReader } from '../app/reader';
import { named } from '../words';
import { Choice, Field } from './controls';
import { Problem } from './problem';

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

function Action({ alert, name, text }: { alert: Alert; name: 'acknowledge' | 'close'; text: string }) {
  const { t } = useReader();
  const client = useQueryClient();
  const [isOpen, setOpen] = useState(false);
  const [outcome, setOutcome] = useState<(typeof OUTCOMES)[number]>('confirmed');
  const [problem, setProblem] = useState<unknown>(null);
  const send = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const note = String(new FormData(event.currentTarget).get('note')).trim();
    try {
      const body = name === 'close' ? { outcome, note } : { note };
      await ask(`/api/v1/alerts/${encodeURIComponent(alert.id)}/${name}`, { method: 'POST', body });
      setOpen(false);
      setProblem(null);
    } catch (error) {
      setProblem(error);
    } finally {
      await client.invalidateQueries({ queryKey: ALERTS_KEY });
    }
  };
  return (
    <>
      <button type="button" className="button" onClick={() => setOpen(true)}>
        {text}
      </button>
      {isOpen && (
        <Suspense>
          <Dialog title={`${text}: ${named(t, 'alert_kind', alert.kind)}`} isOpen close={() => setOpen(false)}>
            <form className="stack" onSubmit={(event) => void send(event)}>
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
              <button type="submit" className="button" data-look="main">
                {text}
              </button>
            </form>
          </Dialog>
        </Suspense>
      )}
    </>
  );
}
