// One row of a list: a person, a vehicle, or a denial.
import { type FormEvent, useState } from 'react';
import { ApiError } from '../../api/client';
import type { AccessOutline, PolicyRow, PolicyRows } from '../../api/types';
import { useReader } from '../../app/reader';
import { Field } from '../../parts/controls';
import { DateInput } from '../../parts/date-input';
import { useIntoView } from '../../parts/into-view';
import { Problem } from '../../parts/problem';
import { textOf, useSending } from '../../parts/sending';
import { isKey, named } from '../../words';
import { told } from './told';

type Kind = 'person' | 'vehicle' | 'denied';
const DENIED = ['plate', 'holder', 'pass', 'card', 'category'] as const;
/** Columns that a person or a vehicle has nothing to do with. */
const WITHOUT: Record<Kind, readonly string[]> = {
  person: ['kind', 'drivers'],
  vehicle: ['kind', 'citizen_card'],
  denied: [],
};
const TEXT_MAX = 200;

export function RowForm(props: {
  access: AccessOutline;
  columns: PolicyRows;
  kind: Kind;
  row: PolicyRow | null;
  save: (put: PolicyRow['cells'][], remove: string[]) => Promise<void>;
}) {
  const { t } = useReader();
  const { access, columns, kind, row, save } = props;
  const { send, isBusy, problem } = useSending();
  const refusal = useIntoView<HTMLUListElement>(problem);
  const shown = columns.columns.filter((column) => !WITHOUT[kind].includes(column));
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const cells: PolicyRow['cells'] = kind === 'denied' ? {} : { kind };
    for (const column of shown) {
      const text = textOf(form, column);
      if (text) cells[column] = text;
    }
    const key = kind === 'denied' ? `${cells.what}:${cells.value}` : cells.holder;
    // With another key it is another row: the old one goes.
    void send(() => save([cells], row && row.key !== key ? [row.key] : []));
  };
  const faults = problem instanceof ApiError && problem.kind === 'rows_refused' ? faultsOf(problem.detail) : null;
  return (
    <form className="stack" onSubmit={submit}>
      {faults ? (
        <ul ref={refusal} className="banner faults" data-tone="bad" role="alert">
          {faults.map((fault) => (
            <li key={fault}>{told(t, fault)}</li>
          ))}
        </ul>
      ) : (
        <Problem error={problem} />
      )}
      {shown.map((column) => (
        <CellField
          key={column}
          column={column}
          isRequired={columns.required.includes(column)}
          text={row?.cells[column] ?? ''}
          access={access}
        />
      ))}
      <button type="submit" className="button" data-look="main" disabled={isBusy}>
        {row ? t('save') : t('row_add')}
      </button>
    </form>
  );
}

/** The mistakes of the one row that was sent, without its key. */
function faultsOf(detail: string): string[] {
  return detail.replace(/^"[^"]*": /, '').split('; ');
}

function CellField(props: { column: string; isRequired: boolean; text: string; access: AccessOutline }) {
  const { t } = useReader();
  const { column, isRequired, text, access } = props;
  const category = access.categories.map((one) => one.id);
  const [first] = category;
  const help = `column_${column}_help`;
  const options = column === 'category' ? category : column === 'what' ? DENIED : null;
  const isDay = column === 'valid_from' || column === 'valid_to';
  // A moment within a day is kept as it is: the field for days could not show it.
  const [hasCalendar] = useState(isDay && (text === '' || /^\d{4}-\d{2}-\d{2}$/.test(text)));
  return (
    <Field label={named(t, 'column', column)} help={isKey(help) ? t(help) : undefined}>
      {(ids) =>
        options ? (
          <select {...ids} name={column} defaultValue={text || (column === 'category' ? first : 'plate')}>
            {text && !(options as readonly string[]).includes(text) && <option value={text}>{text}</option>}
            {options.map((one) => (
              <option key={one} value={one}>
                {column === 'what' ? named(t, 'denied', one) : one}
              </option>
            ))}
          </select>
        ) : hasCalendar ? (
          <DateInput ids={ids} name={column} required={isRequired} defaultValue={text} />
        ) : (
          <input
            {...ids}
            name={column}
            required={isRequired}
            defaultValue={text}
            maxLength={column === 'name' || column === 'note' || column === 'reason' ? TEXT_MAX : undefined}
            autoComplete="off"
            autoCapitalize={column === 'holder' ? 'none' : undefined}
          />
        )
      }
    </Field>
  );
}
