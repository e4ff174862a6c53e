// Which site the pages are about.
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { sitesQuery } from '../api/queries';
import { useReader } from './reader';

export function useSite(): string | undefined {
  return useSearch({ strict: false }).site;
}

export function SiteChoice() {
  const { t } = useReader();
  const { data } = useQuery(sitesQuery);
  const navigate = useNavigate();
  const site = useSite();
  if (!data || data.length === 0) return null;
  if (data.length === 1 && !site) return <p className="site-name">{data[0]?.site}</p>;
  const choose = (value: string) =>
    void navigate({ to: '.', search: (old: object) => ({ ...old, site: value || undefined }) });
  return (
    <label className="site-choice">
      <span className="unseen">{t('site')}</span>
      <select value={site ?? ''} onChange={(event) => choose(event.target.value)}>
        <option value="">{t('all_sites')}</option>
        {data.map((row) => (
          <option key={row.site} value={row.site}>
            {row.site}
          </option>
        ))}
      </select>
    </label>
  );
}
