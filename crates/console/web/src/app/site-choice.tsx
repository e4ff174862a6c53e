// Which site the pages are about.
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useReader } from './reader';
import { useSites } from './sites';

export function useSite(): string | undefined {
  return useSearch({ strict: false }).site;
}

export function SiteChoice() {
  const { t } = useReader();
  const { data } = useSites();
  const navigate = useNavigate();
  const site = useSite();
  if (!data || data.length === 0) return null;
  if (data.length === 1 && !site) return <p className="site-name">{data[0]}</p>;
  const choose = (value: string) =>
    void navigate({ to: '.', search: (old: object) => ({ ...old, site: value || undefined }) });
  return (
    <label className="site-choice">
      <span className="unseen">{t('site')}</span>
      <select value={site ?? ''} onChange={(event) => choose(event.target.value)}>
        <option value="">{t('all_sites')}</option>
        {data.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
