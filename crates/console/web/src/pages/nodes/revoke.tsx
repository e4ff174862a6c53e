// Revoking a node: what it says from then on is not believed.
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, done } from '../../api/client';
import { nodesQuery } from '../../api/queries';
import { useReader } from '../../app/reader';
import { Dialog } from '../../parts/dialog';
import { ReasonForm } from '../../parts/reason';

export function RevokeNode({ node }: { node: string }) {
  const { t } = useReader();
  const client = useQueryClient();
  const [isOpen, setOpen] = useState(false);
  const revoke = async (reason: string) => {
    await done(api.POST('/api/v1/nodes/{node}/revocation', { params: { path: { node } }, body: { reason } }));
    setOpen(false);
    await client.invalidateQueries({ queryKey: nodesQuery.queryKey });
  };
  return (
    <>
      <button type="button" className="button" data-look="bad" onClick={() => setOpen(true)}>
        {t('node_revoke')}
      </button>
      <Dialog title={t('node_revoke')} isOpen={isOpen} close={() => setOpen(false)}>
        <ReasonForm ask={t('node_revoke_ask', { name: node })} text={t('node_revoke')} send={revoke} />
      </Dialog>
    </>
  );
}
