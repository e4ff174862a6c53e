// Whether a log whose rows are chained is still what it was.
import { useState } from 'react';
import type { AuditLogCheck } from '../../api/types';
import { useReader } from '../../app/reader';
import { Problem } from '../../parts/problem';
import { useSending } from '../../parts/sending';

export function ChainCheck({ text, check }: { text: string; check: () => Promise<AuditLogCheck> }) {
  const { t, f } = useReader();
  const [checked, setChecked] = useState<AuditLogCheck | null>(null);
  const { send, isBusy, problem } = useSending();
  const start = () => void send(async () => setChecked(await check()));
  return (
    <div className="row">
      <button type="button" className="button" disabled={isBusy} onClick={start}>
        {isBusy ? t('audit_verifying') : text}
      </button>
      <Problem error={problem} />
      {checked && (
        <p className="banner mono" data-tone={checked.whole ? 'good' : 'bad'} role="status">
          {checked.whole
            ? t('audit_whole', { n: f.number(checked.rows), head: checked.head })
            : t('audit_broken', { seq: checked.broken_seq ?? 0, what: checked.what ?? '' })}
        </p>
      )}
    </div>
  );
}
