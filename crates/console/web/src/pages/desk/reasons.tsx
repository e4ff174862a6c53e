// Why: a few reasons to touch, or one's own words; what is grave is asked once more.
import { type FormEvent, useEffect, useRef, useState } from 'react';
import { useReader } from '../../app/reader';
import { Field } from '../../parts/controls';
import { textOf } from '../../parts/sending';
import type { Key } from '../../words';
import type { Deed } from './orders';

const REASON_MAX = 500;

const PRESETS: Record<Deed, readonly Key[]> = {
  open: ['reason_known', 'reason_visitor', 'reason_delivery', 'reason_emergency'],
  refuse: ['reason_no_paper', 'reason_not_expected', 'reason_wrong_lane'],
  help: ['reason_stuck', 'reason_quarrel', 'reason_second'],
  hold: ['reason_convoy', 'reason_emergency'],
  close: ['reason_done', 'reason_clear'],
  lock_down: ['reason_threat', 'reason_command'],
  release: ['reason_over', 'reason_command'],
};

export function Reasons(props: {
  deed: Deed;
  who: string;
  /** What it means, where it is asked a second time. */
  warning: string | null;
  give: (reason: string) => void;
  cancel: () => void;
}) {
  const { t } = useReader();
  const [grave, setGrave] = useState<string | null>(null);
  const first = useRef<HTMLButtonElement>(null);
  const second = useRef<HTMLButtonElement>(null);
  // Before the window looks for something to focus, so that Enter gives the first reason, and again the way out.
  useEffect(() => {
    (grave === null ? first : second).current?.focus();
  }, [grave]);
  const choose = (reason: string) => {
    if (props.warning === null) props.give(reason);
    else setGrave(reason);
  };
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const reason = textOf(new FormData(event.currentTarget), 'reason');
    if (reason) choose(reason);
  };
  if (grave !== null) {
    return (
      <div className="stack" role="alertdialog" aria-label={props.warning ?? ''}>
        <p>
          <strong>{props.warning}</strong>
        </p>
        <p className="soft">{t('reason_given', { reason: grave })}</p>
        <div className="desk-reasons">
          <button type="button" className="button" ref={second} onClick={props.cancel}>
            {t('no_leave_it')}
          </button>
          <button type="button" className="button" data-look="bad" onClick={() => props.give(grave)}>
            {t('yes_do_it', { deed: t(`deed_${props.deed}`) })}
          </button>
        </div>
      </div>
    );
  }
  return (
    <div className="stack">
      {props.who && <p className="desk-asked">{props.who}</p>}
      <div className="desk-reasons">
        {PRESETS[props.deed].map((key, place) => (
          <button
            key={key}
            type="button"
            className="button"
            ref={place === 0 ? first : undefined}
            onClick={() => choose(t(key))}
          >
            {t(key)}
          </button>
        ))}
      </div>
      <form className="desk-own" onSubmit={submit}>
        <Field label={t('reason_own')}>
          {(ids) => <input {...ids} name="reason" required maxLength={REASON_MAX} autoComplete="off" />}
        </Field>
        <button type="submit" className="button" data-look="main">
          {t(`deed_${props.deed}`)}
        </button>
      </form>
    </div>
  );
}
