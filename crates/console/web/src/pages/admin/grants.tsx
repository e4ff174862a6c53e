// Which roles somebody holds, and where.
import { useReader } from '../../app/reader';
import { Field } from '../../parts/controls';
import { named, type Translate } from '../../words';

export interface Grant {
  role: string;
  sites: string[];
}

export const ROLES = [
  'viewer',
  'gate_operator',
  'case_officer',
  'approver',
  'auditor',
  'system_admin',
  'security_admin',
] as const;

export function grantsText(t: Translate, grants: readonly Grant[]): string {
  return grants
    .map((grant) => {
      const where = grant.sites.includes('*') ? '' : ` (${grant.sites.join(', ')})`;
      return `${named(t, 'role', grant.role)}${where}`;
    })
    .join(', ');
}

/** The grants that a form's fields say; nothing where no role was chosen. */
export function grantsOf(form: FormData): Grant[] | null {
  const sites = String(form.get('sites'))
    .split(/[\s,]+/)
    .filter(Boolean);
  const roles = form.getAll('role').map(String);
  return roles.length === 0 ? null : roles.map((role) => ({ role, sites: sites.length === 0 ? ['*'] : sites }));
}

export function GrantFields({ grants, isWrong }: { grants: readonly Grant[]; isWrong: boolean }) {
  const { t } = useReader();
  const held = new Set(grants.map((grant) => grant.role));
  const sites = [...new Set(grants.flatMap((grant) => grant.sites))];
  return (
    <>
      <fieldset className="field">
        <legend className="label small soft">{t('roles')}</legend>
        <div className="checks">
          {ROLES.map((role) => (
            <label key={role}>
              <input type="checkbox" name="role" value={role} defaultChecked={held.has(role)} />
              {t(`role_${role}`)}
            </label>
          ))}
        </div>
        {isWrong && <p className="error">{t('roles_needed')}</p>}
      </fieldset>
      <Field label={t('where')} help={t('where_help')}>
        {(ids) => <input {...ids} name="sites" defaultValue={sites.join(', ') || '*'} required />}
      </Field>
    </>
  );
}
