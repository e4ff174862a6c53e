// Proposing a plate for a watch list.
import type { FormEvent } from 'react';
import { api, take } from '../../api/client';
import { useReader } from '../../app/reader';
import { DAY_MS, dayOf, toApi } from '../../format/time';
import { Field } from '../../parts/controls';
import { DateInput } from '../../parts/date-input';
import { Problem } from '../../parts/problem';
import { textOf, useSending } from '../../parts/sending';

const TEXT_MAX = 200;

export function ProposeForm({ site, proposed }: { site: string; proposed: () => void }) {
  const { t } = useReader();
  const { send, isBusy, problem } = useSending();
  const propose = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const end = dayOf(textOf(form, 'end'));
    if (end === null) return;
    const body = {
      plate: textOf(form, 'plate'),
      list: textOf(form, 'list'),
      note: textOf(form, 'note'),
      legal_basis: textOf(form, 'basis'),
      authority: textOf(form, 'authority'),
      // The day that was chosen is the last one.
      expires_at: toApi(end + DAY_MS - 1_000),
    };
    const isMade = await send(async () => {
      await take(api.POST('/api/v1/sites/{site}/watch-entries', { params: { path: { site } }, body }));
    });
    if (isMade) proposed();
  };
  const fields = [
    ['plate', t('watch_plate'), undefined],
    ['list', t('watch_list'), t('watch_list_help')],
    ['note', t('watch_note'), undefined],
    ['basis', t('watch_basis'), t('watch_basis_help')],
    ['authority', t('watch_authority'), undefined],
  ] as const;
  return (
    <form className="stack" onSubmit={(event) => void propose(event)}>
      <Problem error={problem} />
      {fields.map(([name, label, help]) => (
        <Field key={name} label={label} help={help}>
          {(ids) => <input {...ids} name={name} required maxLength={TEXT_MAX} autoComplete="off" />}
        </Field>
      ))}
      <Field label={t('watch_end')} help={t('watch_end_help')}>
        {(ids) => <DateInput ids={ids} name="end" required />}
      </Field>
      <button type="submit" className="button" data-look="main" disabled={isBusy}>
        {t('watch_propose')}
      </button>
    </form>
  );
}
