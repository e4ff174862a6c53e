// The choice of language where there is no menu yet.
import { prefer, usePreferences } from '../app/preferences';
import { useReader } from '../app/reader';
import { Choice } from '../parts/controls';
import { LANGUAGES } from '../words';

export function LanguageChoice() {
  const { t } = useReader();
  const { language } = usePreferences();
  const options = LANGUAGES.map((known) => [known, t(`language_${known}`)] as const);
  return (
    <Choice
      label={t('language')}
      value={language}
      options={options}
      onChange={(value) => prefer({ language: value })}
    />
  );
}
