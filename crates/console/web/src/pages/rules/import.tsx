// Rows from a file: looked at first, row by row; taken only when somebody says so.
import { type FormEvent, useState } from 'react';
import { api, take } from '../../api/client';
import { lookedAt, matching } from '../../api/rules';
import type { ImportPreview, ImportRow } from '../../api/types';
import { useReader } from '../../app/reader';
import { Field } from '../../parts/controls';
import { Badge, type Tone } from '../../parts/marks';
import { Problem } from '../../parts/problem';
import { useSending } from '../../parts/sending';
import { TableScroll } from '../../parts/table-scroll';
import { named } from '../../words';
import { Cell } from './rows-table';
import { told } from './told';

/** Rows that are shown; the rest is counted. */
const SHOWN_MAX = 200;
const TONES: Record<string, Tone> = { new: 'good', changed: 'info', same: 'plain', refused: 'bad' };

export function ImportForm(props: { site: string; list: string; isHolders: boolean; taken: (count: number) => void }) {
  const { t } = useReader();
  const { site, list } = props;
  const [preview, setPreview] = useState<ImportPreview | null>(null);
  const { send, isBusy, problem } = useSending();
  const look = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const file = new FormData(event.currentTarget).get('file');
    if (!(file instanceof File)) return;
    setPreview(null);
    void send(async () => setPreview(await lookedAt(site, list, file)));
  };
  return (
    <div className="stack">
      <p className="soft">{t(props.isHolders ? 'import_help' : 'import_help_denied')}</p>
      <form className="row" onSubmit={look}>
        <Field label={t('import_file')}>
          {(ids) => (
            <input
              {...ids}
              name="file"
              type="file"
              required
              accept=".xlsx,.csv,text/csv,application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
              onChange={() => setPreview(null)}
            />
          )}
        </Field>
        <button type="submit" className="button" data-look={preview ? undefined : 'main'} disabled={isBusy}>
          {t('import_look')}
        </button>
      </form>
      <Problem error={problem} />
      {preview && <Preview {...props} preview={preview} />}
    </div>
  );
}

function Preview(props: { site: string; list: string; preview: ImportPreview; taken: (count: number) => void }) {
  const { t, f } = useReader();
  const { site, list, preview, taken } = props;
  const { send, isBusy, problem } = useSending();
  const count = (fate: string) => preview.rows.filter((row) => row.fate === fate).length;
  const wanted = preview.rows.filter((row) => row.fate === 'new' || row.fate === 'changed');
  const unknown = preview.headings.filter((one) => !one.column && one.heading).map((one) => one.heading);
  const accept = () =>
    send(async () => {
      const params = { path: { site }, header: matching(preview.sha256) };
      const body = { list, put: wanted.map((row) => row.cells), remove: [] };
      await take(api.PATCH('/api/v1/sites/{site}/policy-draft/rows', { params, body }));
      taken(wanted.length);
    });
  return (
    <section className="stack" aria-label={t('import_look')}>
      <p role="status">
        {t('import_summary', {
          n: f.number(count('new')),
          changed: f.number(count('changed')),
          same: f.number(count('same')),
          refused: f.number(count('refused')),
        })}
      </p>
      {unknown.length > 0 && <p className="soft">{t('import_unknown', { headings: unknown.join(', ') })}</p>}
      <PreviewTable preview={preview} />
      <Problem error={problem} />
      {wanted.length > 0 ? (
        <button type="button" className="button" data-look="main" disabled={isBusy} onClick={() => void accept()}>
          {t('import_take', { n: f.number(wanted.length) })}
        </button>
      ) : (
        <p className="soft">{t('import_nothing')}</p>
      )}
    </section>
  );
}

function PreviewTable({ preview }: { preview: ImportPreview }) {
  const { t, f } = useReader();
  const isWrong = (row: ImportRow) => (row.fate === 'refused' ? 0 : 1);
  const rows = [...preview.rows].sort((one, other) => isWrong(one) - isWrong(other) || one.row - other.row);
  const columns = preview.headings.flatMap((one) => (one.column ? [one.column] : []));
  return (
    <>
      {rows.length > SHOWN_MAX && <p className="soft small">{t('import_shown', { n: f.number(SHOWN_MAX) })}</p>}
      <TableScroll label={t('import_look')}>
        <table className="table rows-table">
          <thead>
            <tr>
              <th scope="col">{t('import_row')}</th>
              <th scope="col">{t('import_fate')}</th>
              {columns.map((column) => (
                <th key={column} scope="col">
                  {named(t, 'column', column)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, SHOWN_MAX).map((row) => (
              <tr key={row.row} data-wrong={row.fate === 'refused'}>
                <td className="figure">{f.number(row.row)}</td>
                <td>
                  <Badge tone={TONES[row.fate] ?? 'plain'}>{named(t, 'import', row.fate)}</Badge>
                  {row.problems.length > 0 && (
                    <ul className="faults">
                      {row.problems.map((problem) => (
                        <li key={problem}>{told(t, problem)}</li>
                      ))}
                    </ul>
                  )}
                </td>
                {columns.map((column) => (
                  <td key={column}>
                    <Cell column={column} text={row.cells[column] ?? ''} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </TableScroll>
    </>
  );
}
