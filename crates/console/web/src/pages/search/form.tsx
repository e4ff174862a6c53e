// What plates are looked for, and what for: the purpose goes to the audit log.
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { gatesQuery, type PlateSearch, plateListsQuery } from '../../api/queries';
import { useReader } from '../../app/reader';
import { useSite } from '../../app/site-choice';
import { Field, Select } from '../../parts/controls';
import { DateInput } from '../../parts/date-input';
import { Icon } from '../../parts/icon';
import {
  CLASSES,
  COLOURS,
  type Conditions,
  FURTHER,
  isPattern,
  NO_CONDITIONS,
  OUTCOMES,
  searchOf,
  VERDICTS,
} from './conditions';

const PURPOSE_MIN = 5;
const PURPOSE_MAX = 200;

export function SearchForm({ ask }: { ask: (search: PlateSearch) => void }) {
  const { t } = useReader();
  const site = useSite();
  const gates = useQuery(gatesQuery);
  const [conditions, setConditions] = useState(NO_CONDITIONS);
  const [purpose, setPurpose] = useState('');
  const [isShort, setShort] = useState(false);
  const set = (change: Partial<Conditions>) => setConditions((before) => ({ ...before, ...change }));

  const search = (event: FormEvent) => {
    event.preventDefault();
    const why = purpose.trim();
    setShort(why.length < PURPOSE_MIN);
    if (why.length >= PURPOSE_MIN) ask(searchOf(conditions, site, why));
  };

  const names = [...new Set(gates.data?.filter((row) => !site || row.site === site).map((row) => row.gate) ?? [])];
  return (
    <form className="card search-form" onSubmit={search}>
      <Field label={t('plate')} help={t('plate_like_help')}>
        {(ids) => (
          <input
            {...ids}
            value={conditions.key}
            onChange={(event) => set({ key: event.target.value })}
            placeholder={t('plate_hint')}
            autoComplete="off"
            autoCapitalize="characters"
            spellCheck={false}
            maxLength={20}
          />
        )}
      </Field>
      <Select
        label={t('gate')}
        value={conditions.gate}
        options={[['', t('all_gates')], ...names.map((name) => [name, name] as const)]}
        onChange={(gate) => set({ gate })}
      />
      {(['from', 'to'] as const).map((end) => (
        <Field key={end} label={t(end)}>
          {(ids) => <DateInput ids={ids} hasTime value={conditions[end]} onChange={(value) => set({ [end]: value })} />}
        </Field>
      ))}
      <label className="row search-like">
        <input
          type="checkbox"
          checked={conditions.like && !isPattern(conditions)}
          disabled={isPattern(conditions)}
          onChange={(event) => set({ like: event.target.checked })}
        />
        {t('plate_like')}
      </label>
      <Further conditions={conditions} set={set} />
      <div className="search-purpose">
        <Field label={t('purpose')} help={t('purpose_help')} error={isShort ? t('purpose_short') : undefined}>
          {(ids) => (
            <input
              {...ids}
              value={purpose}
              onChange={(event) => {
                setPurpose(event.target.value);
                if (event.target.value.trim().length >= PURPOSE_MIN) setShort(false);
              }}
              placeholder={t('purpose_hint')}
              maxLength={PURPOSE_MAX}
              required
            />
          )}
        </Field>
        <button type="submit" className="button" data-look="main">
          <Icon name="search" />
          {t('search')}
        </button>
      </div>
    </form>
  );
}

/** What a plate is found by besides its signs, place and time. Folded away, with how many of them are set. */
function Further({ conditions, set }: { conditions: Conditions; set: (change: Partial<Conditions>) => void }) {
  const { t, f } = useReader();
  const lists = useQuery(plateListsQuery);
  const count = FURTHER.filter((name) => conditions[name]).length;
  const any = ['', t('any')] as const;
  return (
    <details className="search-further">
      <summary>{count > 0 ? t('more_conditions_set', { n: f.number(count) }) : t('more_conditions')}</summary>
      <div className="search-form">
        <Select
          label={t('vehicle_class')}
          value={conditions.class}
          options={[
            any,
            // Some detectors tell no more than these.
            ['bike', t('any_bike')],
            ['vehicle', t('any_vehicle')],
            ...CLASSES.map((known) => [known, t(`class_${known}`)] as const),
          ]}
          onChange={(chosen) => set({ class: chosen })}
        />
        <Select
          label={t('colour')}
          value={conditions.colour}
          options={[any, ...COLOURS.map((known) => [known, t(`colour_${known}`)] as const)]}
          onChange={(colour) => set({ colour })}
        />
        <Select
          label={t('on_list')}
          value={conditions.list}
          options={[any, ...(lists.data ?? []).map((name) => [name, name] as const)]}
          onChange={(list) => set({ list })}
        />
        <Select
          label={t('decided_last')}
          value={conditions.verdict}
          options={[any, ...VERDICTS.map((known) => [known, t(`verdict_${known}`)] as const)]}
          onChange={(verdict) => set({ verdict })}
        />
        <Select
          label={t('outcome')}
          value={conditions.outcome}
          options={[any, ...OUTCOMES.map((known) => [known, t(`outcome_${known}`)] as const)]}
          onChange={(outcome) => set({ outcome })}
        />
      </div>
    </details>
  );
}
