// Watch lists of a site: one person proposes a plate, another one decides.
import './admin.css';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, done } from '../api/client';
import { watchQuery } from '../api/passes';
import type { WatchEntry } from '../api/types';
import { OneSite } from '../app/one-site';
import { useNow, useReader } from '../app/reader';
import { useMay, useSession } from '../app/session';
import { Choice } from '../parts/controls';
import { Dialog } from '../parts/dialog';
import { Badge, PlateMark, type Tone } from '../parts/marks';
import { Problem } from '../parts/problem';
import { ReasonForm } from '../parts/reason';
import { useSending } from '../parts/sending';
import { Failure, Skeleton, State } from '../parts/state';
import { named } from '../words';
import { ProposeForm } from './watch/propose';

const STATES = ['proposed', 'in_force', 'refused', 'removed', 'expired'] as const;
const TONES: Record<string, Tone> = { proposed: 'warn', in_force: 'good', refused: 'bad' };

export function WatchPage() {
  const { t } = useReader();
  return (
    <>
      <header className="page-head">
        <div>
          <h1>{t('nav_watch')}</h1>
          <p className="soft">{t('watch_help')}</p>
        </div>
      </header>
      <OneSite>{(site) => <SiteEntries key={site} site={site} />}</OneSite>
    </>
  );
}

function SiteEntries({ site }: { site: string }) {
  const { t } = useReader();
  const may = useMay();
  const client = useQueryClient();
  const [state, setState] = useState<'' | (typeof STATES)[number]>('');
  const [isProposing, setProposing] = useState(false);
  const [removed, setRemoved] = useState<WatchEntry | null>(null);
  const { data, error, refetch } = useQuery(watchQuery(site));
  const again = () => client.invalidateQueries({ queryKey: watchQuery(site).queryKey });
  const entries = data?.filter((entry) => !state || entry.state === state);
  const remove = async (entry: WatchEntry, reason: string) => {
    const params = { path: { site, id: entry.id } };
    await done(api.POST('/api/v1/sites/{site}/watch-entries/{id}/removal', { params, body: { reason } }));
    setRemoved(null);
    await again();
  };
  return (
    <>
      <div className="row">
        {may('watch_lists.write') && (
          <button type="button" className="button" data-look="main" onClick={() => setProposing(true)}>
            {t('watch_propose')}
          </button>
        )}
        <Choice
          label={t('watch_state')}
          value={state}
          options={[['', t('any')], ...STATES.map((known) => [known, t(`watch_state_${known}`)] as const)]}
          onChange={setState}
        />
      </div>
      {!entries && (error ? <Failure error={error} retry={() => void refetch()} /> : <Skeleton rows={3} height={4} />)}
      {entries?.length === 0 && (
        <div className="card">
          <State icon="lists" title={t('watch_none')} role="status" />
        </div>
      )}
      <ul className="stack" aria-label={t('nav_watch')}>
        {entries?.map((entry) => (
          <li key={entry.id} className="card account-row">
            <EntryRow entry={entry} />
            <EntryActions site={site} entry={entry} again={again} remove={() => setRemoved(entry)} />
          </li>
        ))}
      </ul>
      <Dialog title={t('watch_propose')} isOpen={isProposing} close={() => setProposing(false)}>
        <ProposeForm
          site={site}
          proposed={() => {
            setProposing(false);
            void again();
          }}
        />
      </Dialog>
      <Dialog title={t('watch_remove')} isOpen={removed !== null} close={() => setRemoved(null)}>
        {removed && (
          <ReasonForm
            ask={t('watch_remove_ask', { plate: removed.plate, list: removed.list })}
            text={t('watch_remove')}
            send={(reason) => remove(removed, reason)}
          />
        )}
      </Dialog>
    </>
  );
}

function EntryRow({ entry }: { entry: WatchEntry }) {
  const { t, f } = useReader();
  const now = useNow(60_000);
  const when = (at: string) => f.when(Date.parse(at), now);
  return (
    <div className="stack">
      <p className="row">
        <Badge tone={TONES[entry.state] ?? 'plain'}>{named(t, 'watch_state', entry.state)}</Badge>
        <PlateMark text={entry.plate} />
        <span>{entry.list}</span>
        <span className="soft figure">{t('watch_end_text', { at: when(entry.expires_at) })}</span>
      </p>
      <p>{entry.note}</p>
      <p className="small">{[entry.legal_basis, entry.authority].join(' · ')}</p>
      <p className="small soft">{t('watch_proposed', { at: when(entry.proposed_at), by: entry.proposed_by })}</p>
      {entry.decided_at && (
        <p className="small soft">{t('watch_decided', { at: when(entry.decided_at), by: entry.decided_by ?? '–' })}</p>
      )}
      {entry.removed_at && (
        <p className="small soft">
          {t('watch_removed', {
            at: when(entry.removed_at),
            by: entry.removed_by ?? '–',
            reason: entry.removed_reason ?? '–',
          })}
        </p>
      )}
    </div>
  );
}

interface ActionProps {
  site: string;
  entry: WatchEntry;
  again: () => Promise<void>;
  remove: () => void;
}

function EntryActions({ site, entry, again, remove }: ActionProps) {
  const { t } = useReader();
  const may = useMay();
  const own = useSession()?.account.name;
  const { send, isBusy, problem } = useSending();
  const isProposed = entry.state === 'proposed';
  const decide = (decision: 'approved' | 'refused') =>
    send(async () => {
      const params = { path: { site, id: entry.id } };
      await done(api.POST('/api/v1/sites/{site}/watch-entries/{id}/decision', { params, body: { decision } }));
      await again();
    });
  return (
    <div className="row">
      <Problem error={problem} />
      {isProposed && own === entry.proposed_by && <p className="small soft">{t('watch_other')}</p>}
      {isProposed && own !== entry.proposed_by && may('watch_lists.approve') && (
        <>
          <button
            type="button"
            className="button"
            data-look="main"
            disabled={isBusy}
            onClick={() => void decide('approved')}
          >
            {t('watch_approve')}
          </button>
          <button type="button" className="button" disabled={isBusy} onClick={() => void decide('refused')}>
            {t('watch_refuse')}
          </button>
        </>
      )}
      {may('watch_lists.write') && (isProposed || entry.state === 'in_force') && (
        <button type="button" className="button" data-look="bad" onClick={remove}>
          {t('watch_remove')}
        </button>
      )}
    </div>
  );
}
