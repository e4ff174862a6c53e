// Rows of a list: those columns that anything stands in, and what is wrong with each.
import type { PolicyRow, PolicyRows } from '../../api/types';
import { useReader } from '../../app/reader';
import { shownDate } from '../../format/typed-date';
import { PlateMark } from '../../parts/marks';
import { TableScroll } from '../../parts/table-scroll';
import { named } from '../../words';
import { told } from './told';

/** Columns of sentences. */
const WIDE = ['name', 'note', 'reason'];

interface Actions {
  edit: (row: PolicyRow) => void;
  remove: (row: PolicyRow) => void;
}

export function RowsTable({ data, actions }: { data: PolicyRows; actions: Actions | null }) {
  const { t } = useReader();
  const columns = data.columns.filter(
    (column) => data.required.includes(column) || data.rows.some((row) => row.cells[column]),
  );
  return (
    <TableScroll label={t('list')} isCard>
      <table className="table rows-table">
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column} scope="col">
                {named(t, 'column', column)}
              </th>
            ))}
            {actions && (
              <th scope="col" className="row-actions">
                {t('row_actions')}
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {data.rows.map((row) => (
            <tr key={`${row.key} ${row.line}`} data-wrong={row.problems.length > 0}>
              {columns.map((column, place) => (
                <td key={column} data-wide={WIDE.includes(column)}>
                  <Cell column={column} text={row.cells[column] ?? ''} />
                  {place === 0 && row.problems.length > 0 && (
                    <ul className="faults" aria-label={t('row_problems')}>
                      {row.problems.map((problem) => (
                        <li key={problem}>{told(t, problem)}</li>
                      ))}
                    </ul>
                  )}
                </td>
              ))}
              {actions && (
                <td className="row-actions">
                  <div className="row">
                    <button
                      type="button"
                      className="button"
                      aria-label={t('row_edit_of', { name: nameOf(row) })}
                      onClick={() => actions.edit(row)}
                    >
                      {t('row_edit')}
                    </button>
                    <button
                      type="button"
                      className="button"
                      data-look="bad"
                      aria-label={t('row_remove_of', { name: nameOf(row) })}
                      onClick={() => actions.remove(row)}
                    >
                      {t('row_remove')}
                    </button>
                  </div>
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </TableScroll>
  );
}

export function nameOf(row: PolicyRow): string {
  return row.cells.name || row.cells.value || row.key;
}

export function Cell({ column, text }: { column: string; text: string }) {
  const { t } = useReader();
  if (!text) return <span className="soft">–</span>;
  if (column === 'plates') {
    return (
      <span className="row">
        {text.split(';').map((plate) => (
          <PlateMark key={plate} text={plate.trim()} />
        ))}
      </span>
    );
  }
  if (column === 'valid_from' || column === 'valid_to') return shownDate(text) || text;
  if (column === 'kind') return named(t, 'holder', text);
  if (column === 'what') return named(t, 'denied', text);
  if (column === 'cards' || column === 'citizen_card') return <span className="mono">{text}</span>;
  return text;
}
