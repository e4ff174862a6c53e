// Which roles somebody holds, and where.
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Grant, Role } from '../../api/types';
import { useReader } from '../../app/reader';
import { siteNamesQuery } from '../../app/sites';
import { Field } from '../../parts/controls';
import type { Translate } from '../../words';

/** What is about the hub as a whole holds everywhere or not at all. */
const OF_THE_WHOLE: ReadonlySet<Role> = new Set<Role>(['auditor', 'security_admin']);
const ROLES: readonly Role[] = [
  'viewer',
  'gate_operator',
  'case_officer',
  'approver',
  'auditor',
  'system_admin',
  'security_admin',
];
const EVERYWHERE = '*';

export function grantsText(t: Translate, grants: readonly Grant[]): string {
  if (grants.length === 0) return t('roles_none');
  return grants
    .map((grant) => {
      const where = grant.sites.includes(EVERYWHERE) ? '' : ` (${grant.sites.join(', ')})`;
      return `${t(`role_${grant.role}`)}${where}`;
    })
    .join(', ');
}

function namesIn(text: string): string[] {
  return text.split(/[\s,]+/).filter(Boolean);
}

/** The grants that a form's fields say; nothing where no role was chosen. */
export function grantsOf(form: FormData): Grant[] | null {
  const chosen = new Set(form.getAll('role').map(String));
  const grants = ROLES.filter((role) => chosen.has(role)).map((role) => {
    const sites = namesIn(String(form.get(`sites ${role}`) ?? ''));
    return { role, sites: sites.length === 0 ? [EVERYWHERE] : sites };
  });
  return grants.length === 0 ? null : grants;
}

interface Props {
  grants: readonly Grant[];
  isWrong: boolean;
  /** Roles that are not given here. */
  without?: readonly Role[];
}

export function GrantFields({ grants, isWrong, without = [] }: Props) {
  const { t } = useReader();
  const [held, setHeld] = useState<ReadonlySet<Role>>(() => new Set(grants.map((grant) => grant.role)));
  const choose = (role: Role, isHeld: boolean) => {
    const next = new Set(held);
    if (isHeld) next.add(role);
    else next.delete(role);
    setHeld(next);
  };
  return (
    <fieldset className="field grants">
      <legend className="label">{t('roles')}</legend>
      {ROLES.filter((role) => !without.includes(role)).map((role) => (
        <div key={role} className="grant">
          <label className="check">
            <input
              type="checkbox"
              name="role"
              value={role}
              checked={held.has(role)}
              onChange={(event) => choose(role, event.target.checked)}
            />
            <span>
              {t(`role_${role}`)}
              <span className="small soft">{t(`role_help_${role}`)}</span>
            </span>
          </label>
          {held.has(role) && !OF_THE_WHOLE.has(role) && (
            <SitesField role={role} sites={grants.find((grant) => grant.role === role)?.sites ?? []} />
          )}
        </div>
      ))}
      {isWrong && (
        <p className="error" role="alert">
          {t('roles_needed')}
        </p>
      )}
    </fieldset>
  );
}

/** Where a role holds: names are typed, because a site of tomorrow has one today, or chosen among those that there are. */
function SitesField({ role, sites }: { role: Role; sites: readonly string[] }) {
  const { t } = useReader();
  const [text, setText] = useState(() => sites.filter((site) => site !== EVERYWHERE).join(', '));
  const { data } = useQuery(siteNamesQuery);
  const named = namesIn(text);
  const turn = (site: string) => {
    const others = named.filter((name) => name !== site);
    setText((others.length === named.length ? [...named, site] : others).join(', '));
  };
  return (
    <>
      <Field label={t('where', { role: t(`role_${role}`) })} help={t('where_help')}>
        {(ids) => (
          <input
            {...ids}
            name={`sites ${role}`}
            autoComplete="off"
            autoCapitalize="none"
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        )}
      </Field>
      {data && data.length > 0 && (
        <fieldset className="row site-names">
          <legend className="small soft">{t('where_known')}</legend>
          {data.map((site) => (
            <button
              key={site}
              type="button"
              className="button"
              aria-pressed={named.includes(site)}
              onClick={() => turn(site)}
            >
              {site}
            </button>
          ))}
        </fieldset>
      )}
    </>
  );
}
