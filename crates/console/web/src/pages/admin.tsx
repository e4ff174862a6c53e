// Accounts, keys for programs, webhooks, what is kept for how long, the audit log.
import './nodes.css';
import './admin.css';
import * as Tabs from '@radix-ui/react-tabs';
import { useReader } from '../app/reader';
import { useMay } from '../app/session';
import { Accounts } from './admin/accounts';
import { AuditLog } from './admin/audit-log';
import { Keys } from './admin/keys';
import { Retention } from './admin/retention';
import { Webhooks } from './admin/webhooks';

export function AdminPage() {
  const { t } = useReader();
  const may = useMay();
  const tabs = [
    ['accounts', t('accounts'), may('accounts.read'), Accounts],
    ['keys', t('api_keys'), may('accounts.read'), Keys],
    ['webhooks', t('webhooks'), may('feeds.write'), Webhooks],
    ['retention', t('retention'), may('retention.read') || may('holds.read'), Retention],
    ['audit', t('audit_log'), may('audit_log.read') || may('audit_log.verify'), AuditLog],
  ] as const;
  const shown = tabs.filter(([, , isShown]) => isShown);
  return (
    <>
      <header className="page-head">
        <div>
          <h1>{t('nav_admin')}</h1>
          <p className="soft">{t('admin_help')}</p>
        </div>
      </header>
      <Tabs.Root defaultValue={may('audit_log.read') ? 'audit' : (shown[0]?.[0] ?? 'accounts')} className="stack">
        <Tabs.List className="tabs" aria-label={t('nav_admin')}>
          {shown.map(([value, text]) => (
            <Tabs.Trigger key={value} value={value}>
              {text}
            </Tabs.Trigger>
          ))}
        </Tabs.List>
        {shown.map(([value, , , Part]) => (
          <Tabs.Content key={value} value={value}>
            <Part />
          </Tabs.Content>
        ))}
      </Tabs.Root>
    </>
  );
}
