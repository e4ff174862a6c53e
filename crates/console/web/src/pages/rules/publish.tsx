// Publishing a draft, and going back to what was published before.
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, done, take } from '../../api/client';
import { policiesQuery } from '../../api/queries';
import { rulesKey } from '../../api/rules';
import type { Draft, Policy } from '../../api/types';
import { useNow, useReader } from '../../app/reader';
import { useMay } from '../../app/session';
import { Ask } from '../../parts/ask';
import { Dialog } from '../../parts/dialog';
import { Failure, Skeleton } from '../../parts/state';
import { told } from './told';

type Open = { what: 'draft' } | { what: 'again' | 'reset'; policy: Policy };

export function Publish({ site, draft }: { site: string; draft: Draft }) {
  const { t, f } = useReader();
  const may = useMay();
  const client = useQueryClient();
  const [open, setOpen] = useState<Open | null>(null);
  const [made, setMade] = useState<{ version: number; ahead: string[] } | null>(null);
  const close = () => setOpen(null);
  const again = async () => {
    await client.invalidateQueries({ queryKey: rulesKey(site) });
    await client.invalidateQueries({ queryKey: policiesQuery(site).queryKey });
    close();
  };
  const publish = async (version: number | null) => {
    const body = version === null ? {} : { again: version };
    const { version: number, ahead } = await take(
      api.POST('/api/v1/sites/{site}/policies', { params: { path: { site } }, body }),
    );
    setMade({ version: number, ahead });
    await again();
  };
  const reset = async (version: number) => {
    const params = { path: { site } };
    await done(api.POST('/api/v1/sites/{site}/policy-draft/reset', { params, body: { version } }));
    setMade(null);
    await again();
  };
  const mayChange = may('policies.write');
  const isReady = draft.problems.length === 0 && draft.documents.length > 0;
  return (
    <>
      {!draft.signs && (
        <p className="banner" data-tone="info">
          {t('publish_elsewhere')}
        </p>
      )}
      {made && (
        <div className="banner" data-tone={made.ahead.length > 0 ? 'warn' : 'good'} role="status">
          <p>{t('publish_done', { n: f.number(made.version) })}</p>
          {made.ahead.length > 0 && <p>{t('publish_ahead', { nodes: made.ahead.join(', ') })}</p>}
        </div>
      )}
      <section className="card stack" aria-label={t('publish')}>
        <h2>{t('publish')}</h2>
        <p className="soft">{t('publish_help')}</p>
        {draft.documents.length === 0 && <p>{t('rules_begin')}</p>}
        {draft.documents.length > 0 && draft.problems.length > 0 && (
          <>
            <p>{t('publish_wrong')}</p>
            <ul className="faults" aria-label={t('row_problems')}>
              {draft.problems.map((fault) => (
                <li key={`${fault.document} ${fault.place} ${fault.message}`}>
                  <span className="mono">{[fault.document, fault.place].filter(Boolean).join(' · ')}</span>:{' '}
                  {told(t, fault.message)}
                </li>
              ))}
            </ul>
          </>
        )}
        {isReady && !draft.differs && <p>{t('publish_same')}</p>}
        {mayChange && draft.signs && (
          <p>
            <button
              type="button"
              className="button"
              data-look="main"
              disabled={!isReady || !draft.differs}
              onClick={() => setOpen({ what: 'draft' })}
            >
              {t('publish')}
            </button>
          </p>
        )}
      </section>
      <Versions site={site} mayChange={mayChange && draft.signs} open={setOpen} />
      <Dialog
        title={open?.what === 'reset' ? t('draft_reset') : t('rules_publish')}
        isOpen={open !== null}
        close={close}
      >
        {open?.what === 'draft' && (
          <Ask ask={t('publish_ask', { site })} text={t('publish')} send={() => publish(null)} close={close} />
        )}
        {open?.what === 'again' && (
          <Ask
            ask={t('publish_again_ask', { n: f.number(open.policy.version), site })}
            text={t('publish_again')}
            send={() => publish(open.policy.version)}
            close={close}
          />
        )}
        {open?.what === 'reset' && (
          <Ask
            ask={t('draft_reset_ask', { n: f.number(open.policy.version) })}
            text={t('draft_reset')}
            send={() => reset(open.policy.version)}
            close={close}
          />
        )}
      </Dialog>
    </>
  );
}

function Versions(props: { site: string; mayChange: boolean; open: (open: Open) => void }) {
  const { t, f } = useReader();
  const now = useNow(60_000);
  const { data, error, refetch } = useQuery(policiesQuery(props.site));
  return (
    <section className="card stack" aria-label={t('published_versions')}>
      <h2>{t('published_versions')}</h2>
      {!data && (error ? <Failure error={error} retry={() => void refetch()} /> : <Skeleton rows={2} height={3} />)}
      {data?.length === 0 && <p className="soft">{t('policies_none')}</p>}
      <ul className="stack">
        {data?.map((policy) => (
          <li key={policy.version} className="account-row part">
            <div className="stack">
              <strong>{t('policy_version', { n: f.number(policy.version) })}</strong>
              <span className="soft">
                {t('policy_by', { by: policy.issued_by, at: f.when(Date.parse(policy.not_before), now) })}
              </span>
              <span className="small soft mono">{policy.documents.map((document) => document.path).join(', ')}</span>
            </div>
            {props.mayChange && (
              <div className="row">
                <button type="button" className="button" onClick={() => props.open({ what: 'reset', policy })}>
                  {t('draft_reset')}
                </button>
                <button type="button" className="button" onClick={() => props.open({ what: 'again', policy })}>
                  {t('publish_again')}
                </button>
              </div>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
