// Setting up the map of a site: its coordinates, its plan, its gates on the plan and their limits.
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api, done } from '../../../api/client';
import { placesQuery, putPlan } from '../../../api/places';
import { gatesQuery } from '../../../api/queries';
import type { PlacedSite } from '../../../api/types';
import { useReader } from '../../../app/reader';
import { Ask } from '../../../parts/ask';
import { Field } from '../../../parts/controls';
import { Problem } from '../../../parts/problem';
import { textOf, useSending } from '../../../parts/sending';
import { PlacingForm } from './placing';

interface SetupProps {
  site: string;
  placed: PlacedSite | undefined;
}

export function Setup({ site, placed }: SetupProps) {
  const gates = useQuery(gatesQuery);
  const names = gates.data?.filter((gate) => gate.site === site).map((gate) => gate.gate) ?? [];
  // Gates that told nothing for long, and are on the plan all the same.
  const all = [...new Set([...names, ...(placed?.gates.map((one) => one.gate) ?? [])])].sort();
  return (
    <div className="stack">
      <CoordinatesForm site={site} placed={placed} />
      <PlanForm site={site} placed={placed} />
      {all.length > 0 && <PlacingForm key={placed?.plan?.url ?? ''} site={site} placed={placed} gates={all} />}
    </div>
  );
}

/** Decimal degrees, with a comma or a point. */
function degreesOf(form: FormData, name: string): number | null {
  const text = textOf(form, name).replace(',', '.');
  const number = Number(text);
  return text === '' || Number.isNaN(number) ? null : number;
}

function CoordinatesForm({ site, placed }: SetupProps) {
  const { t } = useReader();
  const client = useQueryClient();
  const { send, isBusy, problem } = useSending();
  const [isWrong, setWrong] = useState(false);
  const [isSaved, setSaved] = useState(false);
  const put = (at: { latitude: number; longitude: number } | null) =>
    send(async () => {
      setSaved(false);
      await done(api.PUT('/api/v1/sites/{site}/place', { params: { path: { site } }, body: { at } }));
      setSaved(true);
      await client.invalidateQueries({ queryKey: placesQuery.queryKey });
    });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const [latitude, longitude] = [degreesOf(form, 'latitude'), degreesOf(form, 'longitude')];
    setWrong(latitude === null || longitude === null);
    if (latitude !== null && longitude !== null) void put({ latitude, longitude });
  };
  return (
    <form className="stack" onSubmit={submit} aria-label={t('map_coordinates')}>
      <h3>{t('map_coordinates')}</h3>
      <p className="soft small">{t('map_coordinates_help')}</p>
      <div className="filter-fields">
        <Field label={t('map_latitude')} error={isWrong ? t('map_wrong_number') : undefined}>
          {(ids) => <input {...ids} name="latitude" required inputMode="decimal" defaultValue={placed?.at?.latitude} />}
        </Field>
        <Field label={t('map_longitude')}>
          {(ids) => (
            <input {...ids} name="longitude" required inputMode="decimal" defaultValue={placed?.at?.longitude} />
          )}
        </Field>
        <div className="row">
          <button type="submit" className="button" data-look="main" disabled={isBusy}>
            {t('save')}
          </button>
          {placed?.at && (
            <button type="button" className="button" disabled={isBusy} onClick={() => void put(null)}>
              {t('map_coordinates_remove')}
            </button>
          )}
        </div>
      </div>
      <Problem error={problem} />
      {isSaved && <p role="status">{t('done_saved')}</p>}
    </form>
  );
}

function PlanForm({ site, placed }: SetupProps) {
  const { t } = useReader();
  const client = useQueryClient();
  const { send, isBusy, problem } = useSending();
  const [isAsking, setAsking] = useState(false);
  const again = () => client.invalidateQueries({ queryKey: placesQuery.queryKey });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const element = event.currentTarget;
    const file = new FormData(element).get('file');
    if (!(file instanceof File)) return;
    void send(async () => {
      await putPlan(site, file);
      element.reset();
      await again();
    });
  };
  const remove = async () => {
    await done(api.DELETE('/api/v1/sites/{site}/plan', { params: { path: { site } } }));
    setAsking(false);
    await again();
  };
  return (
    <div className="stack part">
      <h3>{t('map_plan_title')}</h3>
      <p className="soft small">{t('map_plan_help')}</p>
      <form className="row" onSubmit={submit} aria-label={t('map_plan_title')}>
        <Field label={t('map_plan_file')}>
          {(ids) => <input {...ids} name="file" type="file" required accept="image/png,image/jpeg,image/webp" />}
        </Field>
        <button type="submit" className="button" data-look="main" disabled={isBusy}>
          {t('map_plan_send')}
        </button>
        {placed?.plan && !isAsking && (
          <button type="button" className="button" data-look="bad" onClick={() => setAsking(true)}>
            {t('map_plan_remove')}
          </button>
        )}
      </form>
      <Problem error={problem} />
      {isAsking && (
        <Ask
          ask={t('map_plan_remove_ask', { site })}
          text={t('map_plan_remove')}
          send={remove}
          close={() => setAsking(false)}
        />
      )}
    </div>
  );
}
