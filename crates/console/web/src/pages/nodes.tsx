// Edge nodes: how they are, what they run, what is wrong.
import './nodes.css';
import './admin.css';
import * as Tabs from '@radix-ui/react-tabs';
import { useQuery } from '@tanstack/react-query';
import { alarmsQuery, nodesQuery, quarantineQuery } from '../api/queries';

import { useNow, useReader } from '../app/reader';
import { useMay } from '../app/session';
import { useSite } from '../app/site-choice';
import { Badge } from '../parts/marks';
import { Failure, Skeleton, State } from '../parts/state';
import { named } from '../words';
import { adviceOf } from './nodes/advice';
import { Invitations } from './nodes/invitations';
import { NodeCard } from './nodes/node-card';
import { Pictures } from './nodes/pictures';
import { Policies } from './nodes/policies';

export function NodesPage() {
  const { t, f } = useReader();
  const may = useMay();
  const site = useSite();
  const alarms = useQuery(alarmsQuery);
  const open = alarms.data?.filter((alarm) => !alarm.closed_at && isHere(alarm, site)).length ?? 0;
  const tabs = [
    ['nodes', t('nav_nodes'), true],
    ['pictures', t('pictures_tab'), true],
    ['alarms', open > 0 ? `${t('alarms')} (${f.number(open)})` : t('alarms'), true],
    ['invitations', t('invitations'), may('nodes.write')],
    ['policies', t('policies'), may('policies.read')],
    ['quarantine', t('quarantine'), may('quarantine.read')],
  ] as const;
  return (
    <>
      <header className="page-head">
        <div>
          <h1>{t('nav_nodes')}</h1>
          <p className="soft">{t('nodes_help')}</p>
        </div>
      </header>
      <Tabs.Root defaultValue="nodes" className="stack">
        <Tabs.List className="tabs" aria-label={t('nav_nodes')}>
          {tabs
            .filter(([, , isShown]) => isShown)
            .map(([value, text]) => (
              <Tabs.Trigger key={value} value={value}>
                {text}
              </Tabs.Trigger>
            ))}
        </Tabs.List>
        <Tabs.Content value="nodes">
          <Nodes site={site} />
        </Tabs.Content>
        <Tabs.Content value="pictures">
          <Pictures site={site} />
        </Tabs.Content>
        <Tabs.Content value="alarms">
          <Alarms site={site} />
        </Tabs.Content>
        <Tabs.Content value="invitations">
          <Invitations />
        </Tabs.Content>
        <Tabs.Content value="policies">
          <Policies site={site} />
        </Tabs.Content>
        <Tabs.Content value="quarantine">
          <Quarantine />
        </Tabs.Content>
      </Tabs.Root>
    </>
  );
}

function isHere(row: { site?: string | null }, site: string | undefined): boolean {
  return !site || !row.site || row.site === site;
}

function Nodes({ site }: { site: string | undefined }) {
  const { t } = useReader();
  const { data, error, refetch } = useQuery(nodesQuery);
  if (!data) return error ? <Failure error={error} retry={() => void refetch()} /> : <Skeleton rows={3} height={9} />;
  const nodes = data.filter((node) => !site || node.site === site);
  if (nodes.length === 0) {
    return (
      <div className="card">
        <State icon="nodes" title={t('nodes_empty')}>
          <p>{t('nodes_empty_help')}</p>
        </State>
      </div>
    );
  }
  return (
    <ul className="nodes">
      {nodes.map((node) => (
        <li key={node.node}>
          <NodeCard node={node} />
        </li>
      ))}
    </ul>
  );
}

function Alarms({ site }: { site: string | undefined }) {
  const { t, f } = useReader();
  const now = useNow(60_000);
  const { data, error, refetch } = useQuery(alarmsQuery);
  if (!data) return error ? <Failure error={error} retry={() => void refetch()} /> : <Skeleton rows={3} height={4} />;
  const rows = data.filter((alarm) => isHere(alarm, site));
  if (rows.length === 0) {
    return (
      <div className="card">
        <State icon="check" title={t('alarms_none')} />
      </div>
    );
  }
  return (
    <ul className="stack">
      {rows.map((alarm) => (
        <li key={`${alarm.node} ${alarm.kind}`} className="card alarm" data-open={!alarm.closed_at}>
          <p className="row">
            <Badge tone={alarm.closed_at ? 'plain' : 'bad'} icon={alarm.closed_at ? 'check' : 'alert'}>
              {named(t, 'trouble', alarm.kind)}
            </Badge>
            <strong>{alarm.node}</strong>
            {alarm.count > 1 && <span className="soft">{t('alarm_times', { n: f.number(alarm.count) })}</span>}
            <span className="soft">
              {alarm.closed_at
                ? t('alarm_closed', { at: f.when(Date.parse(alarm.closed_at), now) })
                : f.when(Date.parse(alarm.last_at), now)}
            </span>
          </p>
          <p>{adviceOf(t, alarm.kind)}</p>
          <p className="small soft">{alarm.detail}</p>
        </li>
      ))}
    </ul>
  );
}

function Quarantine() {
  const { t, f } = useReader();
  const { data, error, refetch } = useQuery(quarantineQuery);
  if (!data) return error ? <Failure error={error} retry={() => void refetch()} /> : <Skeleton rows={4} height={3} />;
  if (data.length === 0) {
    return (
      <div className="card">
        <State icon="check" title={t('quarantine_none')} />
      </div>
    );
  }
  return (
    <section className="card" aria-label={t('quarantine')}>
      <p className="soft">{t('quarantine_help')}</p>
      <div className="table-scroll">
        <table className="table">
          <thead>
            <tr>
              <th scope="col">{t('received')}</th>
              <th scope="col">{t('reason')}</th>
              <th scope="col">{t('what')}</th>
            </tr>
          </thead>
          <tbody>
            {data.map((message) => (
              <tr key={message.id}>
                <td className="figure">{f.moment(Date.parse(message.last_at))}</td>
                <td>{named(t, 'trouble', message.reason)}</td>
                <td className="small">
                  {[message.node, message.detail].filter(Boolean).join(' · ')}
                  <br />
                  <span className="mono soft">{message.topic}</span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
