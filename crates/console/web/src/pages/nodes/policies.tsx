// Which policies were published for each site, and how far they have come.
import { useQuery } from '@tanstack/react-query';
import { nodesQuery, policiesQuery, sitesQuery } from '../../api/queries';
import { useNow, useReader } from '../../app/reader';
import { Badge } from '../../parts/marks';
import { Failure, Skeleton } from '../../parts/state';

export function Policies({ site }: { site: string | undefined }) {
  const { data } = useQuery(sitesQuery);
  if (!data) return <Skeleton rows={2} height={6} />;
  const sites = data.filter((row) => !site || row.site === site);
  return (
    <div className="stack">
      {sites.map((row) => (
        <SitePolicies key={row.site} site={row.site} />
      ))}
    </div>
  );
}

function SitePolicies({ site }: { site: string }) {
  const { t, f } = useReader();
  const now = useNow(60_000);
  const { data, error, refetch } = useQuery(policiesQuery(site));
  const nodes = useQuery(nodesQuery);
  return (
    <section className="card" aria-label={site}>
      <h2>{site}</h2>
      {error && !data && <Failure error={error} retry={() => void refetch()} />}
      {!error && !data && <Skeleton rows={2} height={3} />}
      {data?.length === 0 && <p className="soft">{t('policies_none')}</p>}
      {data && data.length > 0 && (
        <ul className="stack">
          {data.map((policy) => {
            const meant =
              nodes.data?.filter((node) => node.site === site && (policy.nodes?.includes(node.node) ?? true)) ?? [];
            const running = meant.filter((node) => node.policy.version === policy.version).length;
            return (
              <li key={policy.version}>
                <p className="row">
                  <strong>{t('policy_version', { n: f.number(policy.version) })}</strong>
                  <Badge tone={running === meant.length && running > 0 ? 'good' : 'plain'}>
                    {t('policy_roll', { n: f.number(running), all: f.number(meant.length) })}
                  </Badge>
                  <span className="soft">
                    {t('policy_by', { by: policy.issued_by, at: f.when(Date.parse(policy.not_before), now) })}
                  </span>
                </p>
                <p className="small soft mono">{policy.documents.map((document) => document.path).join(', ')}</p>
              </li>
            );
          })}
        </ul>
      )}
    </section>
  );
}
