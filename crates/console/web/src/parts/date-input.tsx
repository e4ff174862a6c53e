// A day, or a moment, written as people in Vietnam do. The browser's own field writes it the way of the browser's language,
// which often is another one; only its calendar is used.
import { useEffect, useRef, useState } from 'react';
import { useReader } from '../app/reader';
import { shownDate, typedDate } from '../format/typed-date';
import type { FieldIds } from './controls';
import { Icon } from './icon';

interface DateInputProps {
  ids: FieldIds;
  /** With the time of day. */
  hasTime?: boolean;
  /** In a form that is read as a whole: under this name stands `2026-11-21`, or `2026-11-21T08:30`. */
  name?: string;
  required?: boolean;
  defaultValue?: string;
  value?: string;
  onChange?: (value: string) => void;
}

export function DateInput(props: DateInputProps) {
  const { hasTime = false, name, required = false, onChange } = props;
  const { t } = useReader();
  const field = useRef<HTMLInputElement>(null);
  const calendar = useRef<HTMLInputElement>(null);
  const [own, setOwn] = useState(props.defaultValue ?? '');
  /** While somebody types, it stays as he types it. */
  const [typed, setTyped] = useState<string | null>(null);
  const [isLeft, setLeft] = useState(true);
  const value = props.value ?? own;
  const isWrong = typed !== null && typedDate(typed, hasTime) === null;
  const wrong = isWrong ? t(hasTime ? 'moment_format_wrong' : 'day_format_wrong') : '';
  useEffect(() => field.current?.setCustomValidity(wrong), [wrong]);
  const take = (taken: string) => {
    setOwn(taken);
    onChange?.(taken);
  };
  const type = (text: string) => {
    setTyped(text);
    const taken = typedDate(text, hasTime);
    if (taken !== null) take(taken);
  };
  return (
    <>
      <span className="date-input" data-time={hasTime || undefined}>
        <input
          {...props.ids}
          ref={field}
          type="text"
          autoComplete="off"
          aria-invalid={props.ids['aria-invalid'] ?? (isWrong || undefined)}
          placeholder={t(hasTime ? 'moment_format' : 'day_format')}
          required={required}
          value={typed ?? shownDate(value)}
          onChange={(event) => type(event.target.value)}
          onFocus={() => setLeft(false)}
          onBlur={() => {
            setLeft(true);
            if (!isWrong) setTyped(null);
          }}
        />
        {name && <input type="hidden" name={name} value={isWrong ? '' : value} />}
        <button
          type="button"
          className="button"
          aria-label={t('calendar')}
          title={t('calendar')}
          onClick={() => calendar.current?.showPicker()}
        >
          <Icon name="calendar" />
        </button>
        <input
          ref={calendar}
          type={hasTime ? 'datetime-local' : 'date'}
          tabIndex={-1}
          aria-hidden="true"
          value={value}
          onChange={(event) => {
            setTyped(null);
            take(event.target.value);
          }}
        />
      </span>
      {isWrong && isLeft && (
        <p className="error" role="alert">
          {wrong}
        </p>
      )}
    </>
  );
}
