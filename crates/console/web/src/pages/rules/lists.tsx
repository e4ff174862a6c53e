// Who may pass and who must not, as tables: searched, changed row by row, imported.
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, take } from '../../api/client';
import { LIST_ROWS, matching, type RowSearch, rowsQuery, rulesKey } from '../../api/rules';
import type { AccessOutline, PolicyRow, PolicyRows } from '../../api/types';
import { useReader } from '../../app/reader';
import { useMay } from '../../app/session';
import { Ask } from '../../parts/ask';
import { Choice, Field } from '../../parts/controls';
import { Dialog } from '../../parts/dialog';
import { Failure, Skeleton, State } from '../../parts/state';
import { ImportForm } from './import';
import { RowForm } from './row-form';
import { nameOf, RowsTable } from './rows-table';
import { WithAccess } from './with-access';

export function Lists({ site }: { site: string }) {
  return <WithAccess site={site}>{(access) => <ListTables site={site} access={access} />}</WithAccess>;
}

function ListTables({ site, access }: { site: string; access: AccessOutline }) {
  const { t, f } = useReader();
  const [chosen, setChosen] = useState('');
  const list = access.lists.find((one) => one.path === chosen) ?? access.lists[0];
  if (!list) {
    return (
      <div className="card">
        <State icon="lists" title={t('list_none')} />
      </div>
    );
  }
  return (
    <>
      {access.lists.length > 1 && (
        <Choice
          label={t('list')}
          value={list.path}
          options={access.lists.map(
            (one) =>
              [one.path, t('list_rows', { path: one.path, n: one.rows == null ? '–' : f.number(one.rows) })] as const,
          )}
          onChange={setChosen}
        />
      )}
      <ListTable key={list.path} site={site} access={access} path={list.path} kind={list.kind} />
    </>
  );
}

type Open =
  | { what: 'add'; kind: 'person' | 'vehicle' | 'denied' }
  | { what: 'edit' | 'remove'; row: PolicyRow }
  | { what: 'import' };

function ListTable(props: { site: string; access: AccessOutline; path: string; kind: string }) {
  const { t, f } = useReader();
  const { site, access, path } = props;
  const may = useMay();
  const client = useQueryClient();
  const [kind, setKind] = useState<'' | 'person' | 'vehicle' | 'wrong'>('');
  const [text, setText] = useState('');
  const [search, setSearch] = useState('');
  const [offset, setOffset] = useState(0);
  const [open, setOpen] = useState<Open | null>(null);
  const [taken, setTaken] = useState<number | null>(null);
  const wanted: RowSearch = {
    list: path,
    offset,
    ...(search ? { search } : {}),
    ...(kind === 'wrong' ? { wrong: true } : kind ? { kind } : {}),
  };
  const { data, error, refetch } = useQuery(rowsQuery(site, wanted));
  if (!data) return error ? <Failure error={error} retry={() => void refetch()} /> : <Skeleton rows={4} height={3} />;
  const isHolders = data.kind === 'holders';
  const mayChange = may('policies.write') && !data.made;
  const again = () => client.invalidateQueries({ queryKey: rulesKey(site) });
  const change = async (put: PolicyRow['cells'][], remove: string[]) => {
    const params = { path: { site }, header: matching(data.sha256) };
    await take(api.PATCH('/api/v1/sites/{site}/policy-draft/rows', { params, body: { list: path, put, remove } }));
    // What is shown when the window is gone is what the next change is made to.
    await again();
    setOpen(null);
  };
  const seek = (value: string) => {
    setSearch(value.trim());
    setOffset(0);
  };
  return (
    <section className="stack" aria-label={path}>
      {data.made && <p className="soft">{t('list_made')}</p>}
      <div className="row">
        {mayChange &&
          (isHolders ? (
            (['person', 'vehicle'] as const).map((one) => (
              <button
                key={one}
                type="button"
                className="button"
                data-look={one === 'person' ? 'main' : undefined}
                onClick={() => setOpen({ what: 'add', kind: one })}
              >
                {t(`row_add_${one}`)}
              </button>
            ))
          ) : (
            <button
              type="button"
              className="button"
              data-look="main"
              onClick={() => setOpen({ what: 'add', kind: 'denied' })}
            >
              {t('row_add_denied')}
            </button>
          ))}
        {mayChange && (
          <button type="button" className="button" onClick={() => setOpen({ what: 'import' })}>
            {t('import')}
          </button>
        )}
      </div>
      {taken !== null && (
        <p className="banner" data-tone="good" role="status">
          {t('import_done', { n: f.number(taken) })}
        </p>
      )}
      <form
        className="row"
        role="search"
        onSubmit={(event) => {
          event.preventDefault();
          seek(text);
        }}
      >
        <Field label={t('list_search')}>
          {(ids) => <input {...ids} type="search" value={text} onChange={(event) => setText(event.target.value)} />}
        </Field>
        <button type="submit" className="button">
          {t('find')}
        </button>
        <Choice
          label={t('list_kinds')}
          value={kind}
          options={[
            ['', t('list_all')] as const,
            ...(isHolders
              ? ([
                  ['person', t('list_persons')],
                  ['vehicle', t('list_vehicles')],
                ] as const)
              : []),
            ...(data.wrong > 0 || kind === 'wrong'
              ? ([['wrong', t('list_wrong', { n: f.number(data.wrong) })]] as const)
              : []),
          ]}
          onChange={(value) => {
            setKind(value);
            setOffset(0);
          }}
        />
        <span className="soft figure">{t('list_found', { n: f.number(data.found) })}</span>
      </form>
      {data.rows.length === 0 ? (
        <div className="card">
          <State icon="lists" title={t('list_empty')} role="status" />
        </div>
      ) : (
        <RowsTable
          data={data}
          actions={
            mayChange
              ? { edit: (row) => setOpen({ what: 'edit', row }), remove: (row) => setOpen({ what: 'remove', row }) }
              : null
          }
        />
      )}
      <Pages data={data} offset={offset} setOffset={setOffset} />
      <Dialog
        title={titleOf(open, t)}
        isOpen={open !== null}
        close={() => setOpen(null)}
        isWide={open?.what === 'import'}
      >
        {open?.what === 'add' && <RowForm access={access} columns={data} kind={open.kind} row={null} save={change} />}
        {open?.what === 'edit' && (
          <RowForm
            access={access}
            columns={data}
            kind={isHolders ? (open.row.cells.kind === 'vehicle' ? 'vehicle' : 'person') : 'denied'}
            row={open.row}
            save={change}
          />
        )}
        {open?.what === 'remove' && (
          <Ask
            ask={t('row_remove_ask', { name: nameOf(open.row), list: path })}
            text={t('row_remove')}
            send={() => change([], [open.row.key])}
            close={() => setOpen(null)}
          />
        )}
        {open?.what === 'import' && (
          <ImportForm
            site={site}
            list={path}
            isHolders={isHolders}
            taken={(count) => {
              setTaken(count);
              setOpen(null);
              void again();
            }}
          />
        )}
      </Dialog>
    </section>
  );
}

function titleOf(open: Open | null, t: ReturnType<typeof useReader>['t']): string {
  if (!open) return '';
  if (open.what === 'add') return open.kind === 'denied' ? t('row_add_denied') : t(`row_add_${open.kind}`);
  if (open.what === 'import') return t('import');
  return open.what === 'edit' ? t('row_edit') : t('row_remove');
}

function Pages(props: { data: PolicyRows; offset: number; setOffset: (offset: number) => void }) {
  const { t } = useReader();
  const { data, offset, setOffset } = props;
  if (data.found <= LIST_ROWS) return null;
  return (
    <p className="row">
      <button
        type="button"
        className="button"
        disabled={offset === 0}
        onClick={() => setOffset(Math.max(0, offset - LIST_ROWS))}
      >
        {t('page_before')}
      </button>
      <span className="figure soft">
        {offset + 1}–{Math.min(offset + LIST_ROWS, data.found)}
      </span>
      <button
        type="button"
        className="button"
        disabled={offset + LIST_ROWS >= data.found}
        onClick={() => setOffset(offset + LIST_ROWS)}
      >
        {t('page_next')}
      </button>
    </p>
  );
}
