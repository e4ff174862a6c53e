// What kind of place it is: from that comes when something counts, and who is pictured.
import type { FormEvent } from 'react';
import { useReader } from '../../app/reader';
import { isKey } from '../../words';
import type { StepProps } from '../set-up';
import { faultText } from './fault-text';

export function TemplateStep(props: StepProps & { back: () => void; next: () => void }) {
  const { t, language } = useReader();
  const { appliance, draft, change, faults, back, next } = props;
  const fault = faultText(t, faults, 'template');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    next();
  };
  const helpOf = (name: string) => {
    const key = `set_up_template_${name}`;
    return isKey(key) ? t(key) : '';
  };
  return (
    <form className="stack" onSubmit={submit}>
      {fault && (
        <p className="banner" data-tone="bad" role="alert">
          {fault}
        </p>
      )}
      <fieldset className="template-choice">
        <legend className="unseen">{t('set_up_template_title')}</legend>
        {appliance.templates.map((template) => (
          <label key={template.name}>
            <input
              type="radio"
              name="template"
              required
              value={template.name}
              checked={draft.template === template.name}
              onChange={() => change({ template: template.name })}
            />
            <span>
              <strong>{language === 'vi' ? template.vi : template.en}</strong>
              <small className="soft">{helpOf(template.name)}</small>
            </span>
          </label>
        ))}
      </fieldset>
      <label className="row">
        <input type="checkbox" checked={draft.plates} onChange={(event) => change({ plates: event.target.checked })} />
        {t('set_up_plates')}
      </label>
      <p className="soft small">{t('set_up_plates_help')}</p>
      <p className="row">
        <button type="button" className="button" onClick={back}>
          {t('back')}
        </button>
        <button type="submit" className="button" data-look="main">
          {t('set_up_next')}
        </button>
      </p>
    </form>
  );
}
