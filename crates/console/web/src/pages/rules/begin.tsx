// A site without an access policy in its draft: where to begin.
import { useQueryClient } from '@tanstack/react-query';
import { api, done } from '../../api/client';
import { rulesKey } from '../../api/rules';
import { useReader } from '../../app/reader';
import { useMay } from '../../app/session';
import { Problem } from '../../parts/problem';
import { useSending } from '../../parts/sending';
import { State } from '../../parts/state';
import { TEMPLATE } from './template';

export function Begin({ site }: { site: string }) {
  const { t } = useReader();
  const may = useMay();
  const client = useQueryClient();
  const { send, isBusy, problem } = useSending();
  const begin = () =>
    send(async () => {
      // The lists first: a policy that names lists which are not there has mistakes.
      for (const [path, text] of TEMPLATE) {
        const params = { path: { site, path }, header: { 'if-none-match': '*' } };
        await done(api.PUT('/api/v1/sites/{site}/policy-draft/documents/{path}', { params, body: { text } }));
      }
      await client.invalidateQueries({ queryKey: rulesKey(site) });
    });
  return (
    <div className="card">
      <State icon="rules" title={t('rules_begin')}>
        <p>{t('rules_begin_help')}</p>
        {may('policies.write') && (
          <button type="button" className="button" data-look="main" disabled={isBusy} onClick={() => void begin()}>
            {t('rules_template')}
          </button>
        )}
        <Problem error={problem} />
      </State>
    </div>
  );
}
