// Adding and changing a webhook.
import type { FormEvent } from 'react';
import { api, take } from '../../../api/client';
import type { Webhook } from '../../../api/types';
import { useReader } from '../../../app/reader';
import { Field } from '../../../parts/controls';
import { Problem } from '../../../parts/problem';
import { textOf, useSending } from '../../../parts/sending';

/** As the log names them. */
export const KINDS = [
  'passed',
  'stayed',
  'occupancy_changed',
  'plate_read',
  'access_decided',
  'lane_changed',
  'incident_seen',
  'camera_changed',
  'node_started',
  'clock_jumped',
  'policy_changed',
  'evidence_added',
] as const;
const BASIS_MAX = 500;

/** `saved` hears of the secret, which is shown once, where there is a new one. */
export function WebhookForm({ hook, saved }: { hook: Webhook | null; saved: (secret: string | null) => void }) {
  const { t } = useReader();
  const { send, isBusy, problem } = useSending();
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const body = {
      url: textOf(form, 'url'),
      kinds: form.getAll('kinds').map(String),
      sites: textOf(form, 'sites')
        .split(',')
        .map((site) => site.trim())
        .filter(Boolean),
      legal_basis: textOf(form, 'basis'),
    };
    void send(async () => {
      if (hook) {
        await take(api.PATCH('/api/v1/webhooks/{id}', { params: { path: { id: hook.id } }, body }));
        saved(null);
        return;
      }
      const { secret } = await take(api.POST('/api/v1/webhooks', { body }));
      saved(secret);
    });
  };
  return (
    <form className="stack" onSubmit={submit}>
      <Problem error={problem} />
      <Field label={t('webhook_url')} help={t('webhook_url_help')}>
        {(ids) => <input {...ids} name="url" required defaultValue={hook?.url} autoComplete="off" inputMode="url" />}
      </Field>
      <fieldset className="stack">
        <legend>{t('webhook_kinds')}</legend>
        <p className="soft small">{t('webhook_kinds_help')}</p>
        <div className="checks">
          {KINDS.map((kind) => (
            <label key={kind} className="check">
              <input type="checkbox" name="kinds" value={kind} defaultChecked={hook?.kinds.includes(kind)} />
              <span>{t(`event_${kind}`)}</span>
            </label>
          ))}
        </div>
      </fieldset>
      <Field label={t('webhook_sites')} help={t('where_help')}>
        {(ids) => <input {...ids} name="sites" defaultValue={hook?.sites.join(', ')} autoComplete="off" />}
      </Field>
      <Field label={t('webhook_basis')} help={t('webhook_basis_help')}>
        {(ids) => (
          <input
            {...ids}
            name="basis"
            maxLength={BASIS_MAX}
            defaultValue={hook?.legal_basis ?? ''}
            autoComplete="off"
          />
        )}
      </Field>
      <button type="submit" className="button" data-look="main" disabled={isBusy}>
        {hook ? t('save') : t('webhook_add')}
      </button>
    </form>
  );
}
