// New machines: inviting them by a code that is shown once, and which invitations are open.
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api, done, take } from '../../api/client';
import type { EnrolmentCode, Invited } from '../../api/types';
import { OneSite } from '../../app/one-site';
import { useNow, useReader } from '../../app/reader';
import { Field } from '../../parts/controls';
import { Badge, type Tone } from '../../parts/marks';
import { Problem } from '../../parts/problem';
import { textOf, useSending } from '../../parts/sending';
import { Failure, Skeleton, State } from '../../parts/state';
import { named } from '../../words';

/** As many as the hub gives at once; the newest. */
const ROWS_MAX = 500;
const TONES: Record<string, Tone> = { open: 'info', used: 'good' };

export function Invitations() {
  return <OneSite>{(site) => <SiteInvitations key={site} site={site} />}</OneSite>;
}

function SiteInvitations({ site }: { site: string }) {
  const { t } = useReader();
  const client = useQueryClient();
  const queryKey = ['enrolments', site];
  const { data, error, refetch } = useQuery({
    queryKey,
    queryFn: ({ signal }) => {
      const params = { path: { site }, query: { limit: ROWS_MAX } };
      return take(api.GET('/api/v1/sites/{site}/enrolments', { params, signal })).then((answer) => answer.enrolments);
    },
  });
  const again = () => client.invalidateQueries({ queryKey });
  return (
    <div className="stack">
      <InviteForm site={site} again={again} />
      {!data && (error ? <Failure error={error} retry={() => void refetch()} /> : <Skeleton rows={2} height={4} />)}
      {data?.length === 0 && (
        <div className="card">
          <State icon="nodes" title={t('invitations_none')} role="status" />
        </div>
      )}
      <ul className="stack" aria-label={t('invitations')}>
        {data?.map((invited) => (
          <li key={invited.id} className="card account-row">
            <InvitedRow site={site} invited={invited} again={again} />
          </li>
        ))}
      </ul>
    </div>
  );
}

function InviteForm({ site, again }: { site: string; again: () => Promise<void> }) {
  const { t, f } = useReader();
  const now = useNow(60_000);
  const { send, isBusy, problem } = useSending();
  const [made, setMade] = useState<EnrolmentCode | null>(null);
  const invite = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const minutes = Number(textOf(form, 'minutes'));
    const body = { node: textOf(form, 'node'), ...(minutes > 0 ? { valid_minutes: minutes } : {}) };
    await send(async () => {
      setMade(await take(api.POST('/api/v1/sites/{site}/enrolments', { params: { path: { site } }, body })));
      await again();
    });
  };
  return (
    <section className="card stack" aria-label={t('invite')}>
      <form className="filter-fields" onSubmit={(event) => void invite(event)}>
        <Field label={t('invite_node')} help={t('invite_node_help')}>
          {(ids) => <input {...ids} name="node" required maxLength={63} autoComplete="off" />}
        </Field>
        <Field label={t('invite_minutes')} help={t('invite_minutes_help')}>
          {(ids) => <input {...ids} name="minutes" type="number" min={1} />}
        </Field>
        <button type="submit" className="button" data-look="main" disabled={isBusy}>
          {t('invite')}
        </button>
        <Problem error={problem} />
      </form>
      {made && (
        <div className="stack" role="status">
          <p>{t('invite_once', { at: f.when(Date.parse(made.expires_at), now) })}</p>
          <p className="mono key-once">
            gatehouse-edge enrol --hub {made.hub} --code {made.code} --config /etc/gatehouse/edge.toml
          </p>
        </div>
      )}
    </section>
  );
}

function InvitedRow(props: { site: string; invited: Invited; again: () => Promise<void> }) {
  const { t, f } = useReader();
  const now = useNow(60_000);
  const { site, invited, again } = props;
  const { send, isBusy, problem } = useSending();
  const when = (at: string) => f.when(Date.parse(at), now);
  const withdraw = () =>
    send(async () => {
      const params = { path: { site, id: invited.id } };
      await done(api.DELETE('/api/v1/sites/{site}/enrolments/{id}', { params }));
      await again();
    });
  return (
    <>
      <div className="stack">
        <p className="row">
          <Badge tone={TONES[invited.state] ?? 'plain'}>{named(t, 'invitation_state', invited.state)}</Badge>
          <strong>{invited.node}</strong>
          <span className="soft">{t('invitation_until', { at: when(invited.expires_at) })}</span>
        </p>
        <p className="small soft">{t('invited_by', { at: when(invited.invited_at), by: invited.invited_by })}</p>
        <Problem error={problem} />
      </div>
      {invited.state === 'open' && (
        <button
          type="button"
          className="button"
          data-look="bad"
          aria-label={t('withdraw_of', { name: invited.node })}
          disabled={isBusy}
          onClick={() => void withdraw()}
        >
          {t('withdraw')}
        </button>
      )}
    </>
  );
}
