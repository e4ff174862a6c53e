// What the site and the gate are called.
import type { FormEvent } from 'react';
import { useReader } from '../../app/reader';
import { Field } from '../../parts/controls';
import { slugOf } from '../../parts/drawing/shapes';
import type { StepProps } from '../set-up';
import { faultText } from './fault-text';

const NAME_CHARS_MAX = 80;

export function SiteStep({ appliance, draft, change, faults, next }: StepProps & { next: () => void }) {
  const { t } = useReader();
  const isThere = appliance.gates.some((one) => one.gate === draft.gate);
  const fault = (field: string) => faultText(t, faults, field);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    next();
  };
  return (
    <form className="stack" onSubmit={submit}>
      <div className="set-up-fields">
        {appliance.site === null || appliance.site === undefined ? (
          <>
            <Field label={t('set_up_site_name')} help={t('set_up_site_name_help')} error={fault('site_name')}>
              {(ids) => (
                <input
                  {...ids}
                  required
                  maxLength={NAME_CHARS_MAX}
                  value={draft.siteName}
                  onChange={({ target: { value } }) =>
                    // The id goes along until somebody gives it one of its own.
                    change({
                      siteName: value,
                      ...(draft.site === slugOf(draft.siteName) ? { site: slugOf(value) } : {}),
                    })
                  }
                />
              )}
            </Field>
            <Slug
              label={t('set_up_site_id')}
              value={draft.site}
              error={fault('site')}
              change={(site) => change({ site })}
            />
          </>
        ) : (
          <p>
            <span className="soft">{t('site')}: </span>
            <strong>{appliance.site}</strong>
          </p>
        )}
      </div>
      <div className="set-up-fields">
        <Field label={t('set_up_gate_name')} error={fault('name')}>
          {(ids) => (
            <input
              {...ids}
              required
              maxLength={NAME_CHARS_MAX}
              value={draft.gateName}
              onChange={({ target: { value } }) =>
                change({
                  gateName: value,
                  ...(draft.gate === slugOf(draft.gateName) ? { gate: slugOf(value) } : {}),
                })
              }
            />
          )}
        </Field>
        <Slug
          label={t('set_up_gate_id')}
          value={draft.gate}
          error={fault('gate')}
          change={(gate) => change({ gate })}
        />
      </div>
      {isThere && (
        <p className="banner" data-tone="warn" role="status">
          {t('set_up_gate_there', { gate: draft.gate })}
        </p>
      )}
      <p className="row">
        <button type="submit" className="button" data-look="main">
          {t('set_up_next')}
        </button>
      </p>
    </form>
  );
}

function Slug(props: { label: string; value: string; error: string | undefined; change: (slug: string) => void }) {
  const { t } = useReader();
  return (
    <Field label={props.label} help={t('set_up_id_help')} error={props.error}>
      {(ids) => (
        <input
          {...ids}
          required
          className="mono"
          autoCapitalize="none"
          autoComplete="off"
          spellCheck={false}
          value={props.value}
          onChange={(event) => props.change(event.target.value)}
          onBlur={() => props.change(slugOf(props.value))}
        />
      )}
    </Field>
  );
}
