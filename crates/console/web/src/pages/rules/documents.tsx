// The documents of a draft as text: for what no form changes, and to be taken to where the key is.
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { answered, api, done } from '../../api/client';
import { matching, rulesKey } from '../../api/rules';
import type { Draft } from '../../api/types';
import { useNow, useReader } from '../../app/reader';
import { useMay } from '../../app/session';
import { Ask } from '../../parts/ask';
import { Field } from '../../parts/controls';
import { Dialog } from '../../parts/dialog';
import { Icon } from '../../parts/icon';
import { Badge } from '../../parts/marks';
import { Problem } from '../../parts/problem';
import { textOf, useSending } from '../../parts/sending';
import { State } from '../../parts/state';
import { ProfileDrawing } from './profile-drawing';

type Held = Draft['documents'][number];
type Open =
  | { what: 'edit'; held: Held | null; text: string }
  | { what: 'draw'; held: Held }
  | { what: 'remove'; held: Held };

export function Documents({ site, draft }: { site: string; draft: Draft }) {
  const { t } = useReader();
  const may = useMay();
  const client = useQueryClient();
  const [open, setOpen] = useState<Open | null>(null);
  const { send, problem } = useSending();
  const again = async () => {
    await client.invalidateQueries({ queryKey: rulesKey(site) });
    setOpen(null);
  };
  const read = async (held: Held): Promise<string> => {
    const params = { path: { site, path: held.path } };
    const { data } = await answered(api.GET('/api/v1/sites/{site}/policy-draft/documents/{path}', { params }));
    return data?.text ?? '';
  };
  const remove = async (held: Held) => {
    const params = { path: { site, path: held.path }, header: { 'if-match': `"${held.sha256}"` } };
    await done(api.DELETE('/api/v1/sites/{site}/policy-draft/documents/{path}', { params }));
    await again();
  };
  return (
    <>
      {may('policies.write') && (
        <div className="row">
          <button
            type="button"
            className="button"
            data-look="main"
            onClick={() => setOpen({ what: 'edit', held: null, text: '' })}
          >
            {t('document_add')}
          </button>
        </div>
      )}
      <Problem error={problem} />
      {draft.documents.length === 0 && (
        <div className="card">
          <State icon="lists" title={t('documents_none')} />
        </div>
      )}
      <ul className="stack" aria-label={t('rules_documents')}>
        {draft.documents.map((held) => (
          <li key={held.path} className="card account-row">
            <DocumentText held={held} />
            <div className="row">
              {held.changed_by && (
                <button
                  type="button"
                  className="button"
                  aria-label={t('document_download', { path: held.path })}
                  onClick={() => void send(async () => save(held.path, await read(held)))}
                >
                  {t('download')}
                </button>
              )}
              {held.changed_by && may('policies.write') && (
                <>
                  {held.path.startsWith('profiles/') && (
                    <button
                      type="button"
                      className="button"
                      aria-label={t('profile_draw_of', { path: held.path })}
                      onClick={() => setOpen({ what: 'draw', held })}
                    >
                      <Icon name="line" />
                      {t('profile_draw')}
                    </button>
                  )}
                  <button
                    type="button"
                    className="button"
                    aria-label={t('document_edit_of', { path: held.path })}
                    onClick={() => void send(async () => setOpen({ what: 'edit', held, text: await read(held) }))}
                  >
                    {t('document_edit')}
                  </button>
                  <button
                    type="button"
                    className="button"
                    data-look="bad"
                    aria-label={t('document_remove_of', { path: held.path })}
                    onClick={() => setOpen({ what: 'remove', held })}
                  >
                    {t('document_remove')}
                  </button>
                </>
              )}
            </div>
          </li>
        ))}
      </ul>
      <Dialog
        title={open?.what === 'remove' ? t('document_remove') : (open?.held?.path ?? t('document_add'))}
        isOpen={open !== null}
        close={() => setOpen(null)}
        isWide={open?.what === 'edit' || open?.what === 'draw'}
      >
        {open?.what === 'edit' && <DocumentForm site={site} held={open.held} text={open.text} saved={again} />}
        {open?.what === 'draw' && <ProfileDrawing site={site} path={open.held.path} saved={again} />}
        {open?.what === 'remove' && (
          <Ask
            ask={t('document_remove_ask', { path: open.held.path })}
            text={t('document_remove')}
            send={() => remove(open.held)}
            close={() => setOpen(null)}
          />
        )}
      </Dialog>
    </>
  );
}

/** Lets the reader keep a text as a file. */
function save(path: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/octet-stream' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = path.split('/').at(-1) ?? path;
  link.click();
  URL.revokeObjectURL(url);
}

function DocumentText({ held }: { held: Held }) {
  const { t, f } = useReader();
  const now = useNow(60_000);
  return (
    <div className="stack">
      <p className="row">
        <strong className="mono">{held.path}</strong>
        <span className="soft figure">{t('document_bytes', { n: f.number(held.bytes) })}</span>
        {!held.changed_by && <Badge tone="info">{t('document_made')}</Badge>}
      </p>
      {held.changed_at && held.changed_by && (
        <p className="small soft">
          {t('history_by', { at: f.when(Date.parse(held.changed_at), now), by: held.changed_by })}
        </p>
      )}
    </div>
  );
}

function DocumentForm(props: { site: string; held: Held | null; text: string; saved: () => Promise<void> }) {
  const { t } = useReader();
  const { site, held, saved } = props;
  const { send, isBusy, problem } = useSending();
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const path = held?.path ?? textOf(form, 'path');
    // Browsers send line ends of two signs.
    const text = String(form.get('text') ?? '').replaceAll('\r\n', '\n');
    void send(async () => {
      const params = { path: { site, path }, header: matching(held?.sha256) };
      await done(api.PUT('/api/v1/sites/{site}/policy-draft/documents/{path}', { params, body: { text } }));
      await saved();
    });
  };
  return (
    <form className="stack" onSubmit={submit}>
      <Problem error={problem} />
      {!held && (
        <Field label={t('document_path')} help={t('document_path_help')}>
          {(ids) => <input {...ids} name="path" required autoComplete="off" autoCapitalize="none" />}
        </Field>
      )}
      <Field label={t('document_text')}>
        {(ids) => (
          <textarea
            {...ids}
            className="document-text"
            name="text"
            required
            defaultValue={props.text}
            spellCheck={false}
          />
        )}
      </Field>
      <button type="submit" className="button" data-look="main" disabled={isBusy}>
        {t('save')}
      </button>
    </form>
  );
}
