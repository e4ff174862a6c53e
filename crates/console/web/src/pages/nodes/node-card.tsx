// One edge node.
import type { Node } from '../../api/types';
import { useNow, useReader } from '../../app/reader';
import { useMay } from '../../app/session';
import type { Format } from '../../format/format';
import { Badge } from '../../parts/marks';
import { CameraDoor } from '../../view/camera-view';
import { named, type Translate } from '../../words';
import { CommissioningDoor } from './commissioning';
import { RevokeNode } from './revoke';
import { gigabytes } from './step-words';

/** A clock further off than this makes times of passages doubtful. */
const CLOCK_DOUBT_MS = 5_000;

export function NodeCard({ node }: { node: Node }) {
  const { t, f } = useReader();
  const may = useMay();
  const now = useNow(10_000);
  const state = node.status?.state;
  const when = (at: string) => f.when(Date.parse(at), now);
  return (
    <article className="card node" aria-label={node.node}>
      <header className="card-head">
        <h2>
          {node.node} <span className="soft">· {node.site}</span>
        </h2>
        <span className="row">
          {node.alarms_open > 0 && (
            <Badge tone="bad" icon="alert">
              {f.number(node.alarms_open)}
            </Badge>
          )}
          <Badge tone={state === 'online' ? 'good' : 'bad'} icon={state === 'online' ? 'check' : 'offline'}>
            {state === 'online' ? t('node_online') : state ? t('node_offline') : t('node_silent')}
          </Badge>
        </span>
      </header>
      <Troubles node={node} />
      <dl className="facts">
        <dt>{t('heard')}</dt>
        <dd>{node.status ? f.ago(Date.parse(node.status.received_at), now) : '–'}</dd>
        <dt>{t('version')}</dt>
        <dd>{node.status?.version ?? node.start?.version ?? '–'}</dd>
        <dt>{t('profile')}</dt>
        <dd>{node.start?.profile ?? '–'}</dd>
        <dt>{t('backlog')}</dt>
        <dd>
          {node.status?.backlog
            ? t('backlog_events', { n: f.number(node.status.backlog) })
            : node.status?.backlog === 0
              ? t('backlog_none')
              : '–'}
        </dd>
        <dt>{t('clock')}</dt>
        <dd>
          <ClockText node={node} />
        </dd>
        <dt>{t('policy')}</dt>
        <dd>{policyText(t, f, node)}</dd>
        <dt>{t('chain')}</dt>
        <dd>{chainText(t, f, node)}</dd>
        <dt>{t('started')}</dt>
        <dd>{node.start ? when(node.start.at) : '–'}</dd>
        <dt>{t('commissioning')}</dt>
        <dd>
          <CommissioningDoor node={node} />
        </dd>
      </dl>
      <div className="row small">
        {node.cameras.map((camera) => (
          <span key={camera.camera} title={camera.reason || undefined}>
            <CameraDoor site={node.site} node={node.node} camera={camera.camera} state={camera.state} />
          </span>
        ))}
      </div>
      <details>
        <summary className="small">{t('facts')}</summary>
        <dl className="facts">
          <Machine node={node} />
          <dt>{t('added')}</dt>
          <dd>{t('added_by', { at: when(node.added_at), by: node.added_by })}</dd>
          <dt>{t('public_key')}</dt>
          <dd className="mono">{node.public_key}</dd>
          <dt>{t('models')}</dt>
          <dd>{node.start?.models.map((model) => model.name).join(', ') || '–'}</dd>
        </dl>
        {may('nodes.write') && <RevokeNode node={node.node} />}
      </details>
    </article>
  );
}

/** What the node says that a person should see to. */
function Troubles({ node }: { node: Node }) {
  const { t } = useReader();
  const troubles = node.health?.troubles ?? [];
  if (troubles.length === 0) return null;
  return (
    <ul className="row">
      {troubles.map(({ problem, of, detail }) => {
        const what = named(t, 'node_trouble', problem);
        return (
          <li key={`${problem} ${of ?? ''}`} title={detail}>
            <Badge tone="warn" icon="alert">
              {of == null ? what : t('node_trouble_of', { what, of })}
            </Badge>
          </li>
        );
      })}
    </ul>
  );
}

/** The machine, as far as the node told of it. */
function Machine({ node }: { node: Node }) {
  const { t, f } = useReader();
  const { health } = node;
  if (!health) return null;
  const { pictures_waiting: waiting, pictures_dropped: dropped } = health;
  return (
    <>
      <dt>{t('health_disk')}</dt>
      <dd>{health.disk_free_bytes == null ? '–' : t('gigabytes', { n: gigabytes(f, health.disk_free_bytes) })}</dd>
      <dt>{t('health_heat')}</dt>
      <dd>{health.temperature_c == null ? '–' : `${f.number(Math.round(health.temperature_c))} °C`}</dd>
      <dt>{t('health_pictures')}</dt>
      <dd>
        {dropped > 0 ? t('health_dropped', { n: f.number(waiting), dropped: f.number(dropped) }) : f.number(waiting)}
      </dd>
      <dt>{t('health_up')}</dt>
      <dd>{f.span(health.uptime_s * 1_000)}</dd>
    </>
  );
}

function ClockText({ node }: { node: Node }) {
  const { t, f } = useReader();
  const now = useNow(60_000);
  const clock = node.status?.clock ?? node.last_event?.clock;
  if (!clock) return '–';
  const isBad = clock.source === 'unsynchronised' || Math.abs(clock.offset_ms) > CLOCK_DOUBT_MS;
  const jump = node.clock_jump;
  return (
    <>
      {isBad ? <Badge tone="warn">{named(t, 'clock', clock.source)}</Badge> : named(t, 'clock', clock.source)}
      {clock.offset_ms !== 0 && `, ${t('clock_offset', { n: f.number(clock.offset_ms) })}`}
      {jump &&
        `; ${t('clock_jumped', { n: f.number(Math.round(jump.by_ms / 1_000)), at: f.when(Date.parse(jump.at), now) })}`}
    </>
  );
}

function policyText(t: Translate, f: Format, node: Node): string {
  const { policy } = node;
  const parts = [policy.version == null ? t('policy_none') : t('policy_running', { n: f.number(policy.version) })];
  if (policy.wanted_version != null && policy.wanted_version !== policy.version) {
    parts.push(t('policy_wanted', { n: f.number(policy.wanted_version) }));
  }
  if (policy.waiting_version != null) parts.push(t('policy_waiting', { n: f.number(policy.waiting_version) }));
  if (policy.refused) {
    const n = policy.refused.version == null ? '?' : f.number(policy.refused.version);
    parts.push(t('policy_refused', { n, reason: policy.refused.reason }));
  }
  return parts.join('; ');
}

function chainText(t: Translate, f: Format, node: Node): string {
  const { committed_seq: whole, highest_seq: high } = node.head;
  if (high <= whole) return t('chain_whole', { n: f.number(whole) });
  return t('chain_gap', { n: f.number(whole), missing: f.number(high - whole), high: f.number(high) });
}
