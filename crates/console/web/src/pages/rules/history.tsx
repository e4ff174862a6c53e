// Who changed what of the draft, and when; each change with what it took away and what it brought.
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { changesQuery } from '../../api/rules';
import type { Draft, DraftChange } from '../../api/types';
import { useNow, useReader } from '../../app/reader';
import { Select } from '../../parts/controls';
import { Paged } from '../../parts/paged';
import { State } from '../../parts/state';
import { diffOf } from './diff';

/** Lines of a change that are shown. */
const LINES_MAX = 60;

export function History({ site, draft }: { site: string; draft: Draft }) {
  const { t } = useReader();
  const [path, setPath] = useState('');
  const found = useInfiniteQuery(changesQuery(site, path));
  return (
    <>
      <div className="filter-fields">
        <Select
          label={t('history_path')}
          value={path}
          options={[['', t('any')], ...draft.documents.map((one) => [one.path, one.path] as const)]}
          onChange={setPath}
        />
      </div>
      <Paged
        found={found}
        rowsOf={(page) => page.changes}
        empty={<State icon="reports" title={t('history_none')} role="status" />}
      >
        {(changes) => (
          <ul className="stack" aria-label={t('rules_history')}>
            {changes.map((change) => (
              <li key={change.id} className="card">
                <ChangeText change={change} />
              </li>
            ))}
          </ul>
        )}
      </Paged>
    </>
  );
}

function ChangeText({ change }: { change: DraftChange }) {
  const { t, f } = useReader();
  const now = useNow(60_000);
  const { gone, come } = diffOf(change.before ?? null, change.after ?? null);
  const what = change.before == null ? 'history_added' : change.after == null ? 'history_removed' : 'history_changed';
  const lines = [
    ...gone.map((text) => ({ side: 'gone', mark: '−', text })),
    ...come.map((text) => ({ side: 'come', mark: '+', text })),
  ];
  return (
    <details>
      <summary>
        <strong>{t(what)}</strong> <span className="mono">{change.path}</span>{' '}
        <span className="soft">
          {t('history_by', { at: f.when(Date.parse(change.at), now), by: change.by })} ·{' '}
          {t('history_lines', { gone: f.number(gone.length), come: f.number(come.length) })}
        </span>
      </summary>
      <ul className="diff">
        {lines.slice(0, LINES_MAX).map((line, place) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a line is its place
          <li key={place} data-side={line.side}>
            <span className="unseen">{line.side === 'gone' ? t('history_before') : t('history_after')}: </span>
            {line.mark} {line.text}
          </li>
        ))}
        {lines.length > LINES_MAX && <li>{t('history_more_lines', { n: f.number(lines.length - LINES_MAX) })}</li>}
      </ul>
    </details>
  );
}
