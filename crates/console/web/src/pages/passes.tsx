// Visitors' passes of a site: issued, shown once as a QR code, listed and taken back.
import './admin.css';
import './passes.css';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, done } from '../api/client';
import { passesQuery } from '../api/passes';
import type { IssuedPass } from '../api/types';
import { OneSite } from '../app/one-site';
import { useNow, useReader } from '../app/reader';
import { useMay } from '../app/session';
import { DAY_MS, dayStart } from '../format/time';
import { Choice } from '../parts/controls';
import { Dialog } from '../parts/dialog';
import { Badge, type Tone } from '../parts/marks';
import { ReasonForm } from '../parts/reason';
import { Failure, Skeleton, State } from '../parts/state';
import { named } from '../words';
import { IssueForm } from './passes/issue';
import { type Made, PassSheet } from './passes/sheet';

const TONES: Record<string, Tone> = { good: 'good', ahead: 'info', over: 'plain', revoked: 'bad' };

export function PassesPage() {
  const { t } = useReader();
  return (
    <>
      <header className="page-head">
        <div>
          <h1>{t('nav_passes')}</h1>
          <p className="soft">{t('passes_help')}</p>
        </div>
      </header>
      <OneSite>{(site) => <SitePasses key={site} site={site} />}</OneSite>
    </>
  );
}

function SitePasses({ site }: { site: string }) {
  const { t } = useReader();
  const may = useMay();
  const client = useQueryClient();
  const now = useNow(60_000);
  const [shown, setShown] = useState<'today' | 'all'>('today');
  const [made, setMade] = useState<Made | null>(null);
  const [revoked, setRevoked] = useState<IssuedPass | null>(null);
  const { data, error, refetch } = useQuery(passesQuery(site));
  const again = () => client.invalidateQueries({ queryKey: passesQuery(site).queryKey });
  const today = dayStart(now);
  const isOfToday = (pass: IssuedPass) =>
    Date.parse(pass.not_before) < today + DAY_MS && Date.parse(pass.not_after) >= today;
  const passes = data?.filter((pass) => shown === 'all' || isOfToday(pass));
  const revoke = async (pass: IssuedPass, reason: string) => {
    const params = { path: { site, id: pass.id } };
    await done(api.POST('/api/v1/sites/{site}/passes/{id}/revocation', { params, body: { reason } }));
    setRevoked(null);
    await again();
  };
  return (
    <>
      {may('passes.write') && (
        <IssueForm
          site={site}
          issued={(pass) => {
            setMade(pass);
            void again();
          }}
        />
      )}
      <Choice
        label={t('nav_passes')}
        value={shown}
        options={[
          ['today', t('passes_today')],
          ['all', t('passes_all')],
        ]}
        onChange={setShown}
      />
      {!passes && (error ? <Failure error={error} retry={() => void refetch()} /> : <Skeleton rows={3} height={4} />)}
      {passes?.length === 0 && (
        <div className="card">
          <State icon="pass" title={t('passes_none')} role="status" />
        </div>
      )}
      <ul className="stack" aria-label={t('nav_passes')}>
        {passes?.map((pass) => (
          <li key={pass.id} className="card account-row">
            <PassRow pass={pass} revoke={may('passes.write') ? () => setRevoked(pass) : undefined} />
          </li>
        ))}
      </ul>
      <Dialog title={t('nav_passes')} isOpen={made !== null} close={() => setMade(null)}>
        {made && <PassSheet site={site} made={made} />}
      </Dialog>
      <Dialog title={t('pass_revoke')} isOpen={revoked !== null} close={() => setRevoked(null)}>
        {revoked && (
          <ReasonForm
            ask={t('pass_revoke_ask', { name: revoked.visitor || revoked.id })}
            text={t('pass_revoke')}
            send={(reason) => revoke(revoked, reason)}
          />
        )}
      </Dialog>
    </>
  );
}

function PassRow({ pass, revoke }: { pass: IssuedPass; revoke: (() => void) | undefined }) {
  const { t, f } = useReader();
  const now = useNow(60_000);
  const when = (at: string) => f.when(Date.parse(at), now);
  const what = [
    pass.category,
    named(t, 'pass_uses', pass.uses),
    pass.escort && t('pass_escort_short'),
    pass.lanes.join(', '),
    pass.purpose,
  ];
  return (
    <>
      <div className="stack">
        <p className="row">
          <Badge tone={TONES[pass.state] ?? 'plain'}>{named(t, 'pass_state', pass.state)}</Badge>
          <strong>{pass.visitor || pass.id}</strong>
          <span className="figure">{t('pass_span', { from: when(pass.not_before), to: when(pass.not_after) })}</span>
        </p>
        <p>{what.filter(Boolean).join(' · ')}</p>
        <p className="small soft">{t('pass_issued', { at: when(pass.issued_at), by: pass.issued_by })}</p>
        {pass.revoked_at && (
          <p className="small soft">
            {t('taken_back', {
              at: when(pass.revoked_at),
              by: pass.revoked_by ?? '–',
              reason: pass.revoked_reason ?? '–',
            })}
          </p>
        )}
      </div>
      {revoke && (pass.state === 'good' || pass.state === 'ahead') && (
        <button
          type="button"
          className="button"
          data-look="bad"
          aria-label={t('pass_revoke_of', { name: pass.visitor || pass.id })}
          onClick={revoke}
        >
          {t('pass_revoke')}
        </button>
      )}
    </>
  );
}
