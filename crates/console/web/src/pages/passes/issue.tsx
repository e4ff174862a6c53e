// Issuing a visitor's pass.
import { type FormEvent, useState } from 'react';
import { api, take } from '../../api/client';
import { useReader } from '../../app/reader';
import { DAY_MS, dayStart, MINUTE_MS, momentOf, momentText, toApi } from '../../format/time';
import { Choice, Field } from '../../parts/controls';
import { DateInput } from '../../parts/date-input';
import { Problem } from '../../parts/problem';
import { textOf, useSending } from '../../parts/sending';
import type { Made } from './sheet';

const TEXT_MAX = 200;

export function IssueForm({ site, issued }: { site: string; issued: (made: Made) => void }) {
  const { t } = useReader();
  const [uses, setUses] = useState<'once' | 'many'>('once');
  const [isWrong, setWrong] = useState(false);
  const [starts] = useState(() => Date.now());
  const { send, isBusy, problem } = useSending();
  const issue = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const element = event.currentTarget;
    const form = new FormData(element);
    const [from, to] = [momentOf(textOf(form, 'from')), momentOf(textOf(form, 'to'))];
    const isOrdered = from !== null && to !== null && from < to;
    setWrong(!isOrdered);
    if (!isOrdered) return;
    const body = {
      category: textOf(form, 'category'),
      lanes: textOf(form, 'lanes')
        .split(',')
        .map((lane) => lane.trim())
        .filter(Boolean),
      not_before: toApi(from),
      not_after: toApi(to),
      uses,
      escort: form.get('escort') !== null,
      visitor: textOf(form, 'visitor'),
      purpose: textOf(form, 'purpose'),
    };
    await send(async () => {
      const { text } = await take(api.POST('/api/v1/sites/{site}/passes', { params: { path: { site } }, body }));
      issued({ text, visitor: body.visitor, purpose: body.purpose, from, to, uses, escort: body.escort });
      element.reset();
    });
  };
  return (
    <form className="card filter-fields" aria-label={t('pass_issue')} onSubmit={(event) => void issue(event)}>
      <Field label={t('pass_visitor')}>
        {(ids) => <input {...ids} name="visitor" required maxLength={TEXT_MAX} autoComplete="off" />}
      </Field>
      <Field label={t('pass_purpose')}>
        {(ids) => <input {...ids} name="purpose" maxLength={TEXT_MAX} autoComplete="off" />}
      </Field>
      <Field label={t('pass_category')} help={t('pass_category_help')}>
        {(ids) => <input {...ids} name="category" required defaultValue="visitor" autoComplete="off" />}
      </Field>
      <Field label={t('pass_lanes')} help={t('pass_lanes_help')}>
        {(ids) => <input {...ids} name="lanes" autoComplete="off" />}
      </Field>
      <Field label={t('pass_from')}>
        {(ids) => <DateInput ids={ids} name="from" hasTime required defaultValue={momentText(starts)} />}
      </Field>
      <Field label={t('pass_to')} error={isWrong ? t('pass_times_wrong') : undefined}>
        {(ids) => (
          <DateInput
            ids={ids}
            name="to"
            hasTime
            required
            defaultValue={momentText(dayStart(starts) + DAY_MS - MINUTE_MS)}
          />
        )}
      </Field>
      <Choice
        label={t('pass_uses')}
        value={uses}
        options={[
          ['once', t('pass_uses_once')],
          ['many', t('pass_uses_many')],
        ]}
        onChange={setUses}
      />
      <label className="check">
        <input type="checkbox" name="escort" />
        <span>{t('pass_escort')}</span>
      </label>
      <button type="submit" className="button" data-look="main" disabled={isBusy}>
        {t('pass_issue')}
      </button>
      <Problem error={problem} />
    </form>
  );
}
