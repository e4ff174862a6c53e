// Taking something back, and why: the reason stays beside it.
import type { FormEvent } from 'react';
import { useReader } from '../app/reader';
import { Field } from './controls';
import { Problem } from './problem';
import { textOf, useSending } from './sending';

const REASON_MAX = 200;

export function ReasonForm(props: { ask: string; text: string; send: (reason: string) => Promise<void> }) {
  const { t } = useReader();
  const { send, isBusy, problem } = useSending();
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const reason = textOf(new FormData(event.currentTarget), 'reason');
    void send(() => props.send(reason));
  };
  return (
    <form className="stack" onSubmit={submit}>
      <Problem error={problem} />
      <p>{props.ask}</p>
      <Field label={t('reason')}>
        {(ids) => <input {...ids} name="reason" required maxLength={REASON_MAX} autoComplete="off" />}
      </Field>
      <button type="submit" className="button" data-look="bad" disabled={isBusy}>
        {props.text}
      </button>
    </form>
  );
}
