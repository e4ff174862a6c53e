// Lists and rules of a site: its policy in the making, and what could be asked of it.
import './nodes.css';
import './admin.css';
import './rules.css';
import * as Tabs from '@radix-ui/react-tabs';
import { useQuery } from '@tanstack/react-query';
import { draftQuery } from '../api/rules';
import type { Draft } from '../api/types';
import { OneSite } from '../app/one-site';
import { useReader } from '../app/reader';
import { Badge } from '../parts/marks';
import { Failure, Skeleton } from '../parts/state';
import { Documents } from './rules/documents';
import { History } from './rules/history';
import { Lists } from './rules/lists';
import { Publish } from './rules/publish';
import { Schedules } from './rules/schedules';
import { TrialForm } from './rules/trial';

export function RulesPage() {
  const { t } = useReader();
  return (
    <>
      <header className="page-head">
        <div>
          <h1>{t('nav_rules')}</h1>
          <p className="soft">{t('rules_help')}</p>
        </div>
      </header>
      <OneSite>{(site) => <SiteRules key={site} site={site} />}</OneSite>
    </>
  );
}

function SiteRules({ site }: { site: string }) {
  const { t } = useReader();
  const { data, error, refetch } = useQuery(draftQuery(site));
  if (!data) {
    return error ? (
      <div className="card">
        <Failure error={error} retry={() => void refetch()} />
      </div>
    ) : (
      <Skeleton rows={3} height={6} />
    );
  }
  const tabs = [
    ['lists', t('rules_lists'), <Lists key="lists" site={site} />],
    ['times', t('rules_times'), <Schedules key="times" site={site} />],
    ['trial', t('rules_trial'), <TrialForm key="trial" site={site} />],
    ['history', t('rules_history'), <History key="history" site={site} draft={data} />],
    ['documents', t('rules_documents'), <Documents key="documents" site={site} draft={data} />],
    ['publish', t('rules_publish'), <Publish key="publish" site={site} draft={data} />],
  ] as const;
  return (
    <>
      <DraftState draft={data} />
      <Tabs.Root defaultValue="lists" className="stack">
        <Tabs.List className="tabs" aria-label={t('nav_rules')}>
          {tabs.map(([value, text]) => (
            <Tabs.Trigger key={value} value={value}>
              {text}
            </Tabs.Trigger>
          ))}
        </Tabs.List>
        {tabs.map(([value, , part]) => (
          <Tabs.Content key={value} value={value} className="stack">
            {part}
          </Tabs.Content>
        ))}
      </Tabs.Root>
    </>
  );
}

function DraftState({ draft }: { draft: Draft }) {
  const { t, f } = useReader();
  const isEmpty = draft.documents.length === 0;
  return (
    <p className="row" role="status">
      {!isEmpty && draft.problems.length > 0 && (
        <Badge tone="bad" icon="alert">
          {t('draft_wrong', { n: f.number(draft.problems.length) })}
        </Badge>
      )}
      {!isEmpty && (
        <Badge tone={draft.differs ? 'warn' : 'good'}>{draft.differs ? t('draft_differs') : t('draft_same')}</Badge>
      )}
      <span className="soft">
        {draft.published == null ? t('draft_unpublished') : t('draft_published', { n: f.number(draft.published) })}
      </span>
    </p>
  );
}
