// Who could pass at a lane at a moment, and why: the hub asks the rules that nodes decide by.
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api, take } from '../../api/client';
import { policiesQuery } from '../../api/queries';
import type { AccessOutline, PolicyTrial } from '../../api/types';
import { useReader } from '../../app/reader';
import { momentOf, momentText, toApi } from '../../format/time';
import { Choice, Field } from '../../parts/controls';
import { DateInput } from '../../parts/date-input';
import { PlateMark, Verdict } from '../../parts/marks';
import { Problem } from '../../parts/problem';
import { textOf, useSending } from '../../parts/sending';
import { Trail } from '../../parts/trail';
import { named } from '../../words';
import { WithAccess } from './with-access';

const PURPOSE_MIN = 5;
const PURPOSE_MAX = 200;

export function TrialForm({ site }: { site: string }) {
  return <WithAccess site={site}>{(access) => <Trial site={site} access={access} />}</WithAccess>;
}

function Trial({ site, access }: { site: string; access: AccessOutline }) {
  const { t, f } = useReader();
  const [by, setBy] = useState<'plate' | 'holder'>('plate');
  const [answer, setAnswer] = useState<{ asked: string; found: PolicyTrial } | null>(null);
  const [starts] = useState(() => Date.now());
  const policies = useQuery(policiesQuery(site));
  const { send, isBusy, problem } = useSending();
  const ask = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const at = momentOf(textOf(form, 'at'));
    const [who, inside, purpose] = [textOf(form, 'who'), textOf(form, 'inside'), textOf(form, 'purpose')];
    const query = {
      policy: textOf(form, 'policy'),
      lane: textOf(form, 'lane'),
      who: `${by}:${who}`,
      ...(at === null ? {} : { at: toApi(at) }),
      ...(inside ? { inside } : {}),
    };
    setAnswer(null);
    void send(async () => {
      // Header values are Latin-1; Vietnamese letters travel percent-encoded.
      const headers = { 'x-purpose': encodeURIComponent(purpose) };
      const params = { path: { site }, query };
      setAnswer({ asked: who, found: await take(api.GET('/api/v1/sites/{site}/policy-trial', { params, headers })) });
    });
  };
  return (
    <>
      <p className="soft">{t('trial_help')}</p>
      <form className="card stack" onSubmit={ask}>
        <Choice
          label={t('trial_who')}
          value={by}
          options={[
            ['plate', t('trial_by_plate')],
            ['holder', t('trial_by_holder')],
          ]}
          onChange={setBy}
        />
        <div className="filter-fields">
          <Field label={by === 'plate' ? t('trial_by_plate') : t('trial_by_holder')}>
            {(ids) => <input {...ids} name="who" required autoComplete="off" />}
          </Field>
          <Field label={t('trial_lane')}>
            {(ids) => (
              <select {...ids} name="lane" required>
                {access.lanes.map((lane) => (
                  <option key={lane.id} value={lane.id}>
                    {t('trial_lane_of', { id: lane.id, from: placeOf(t, lane.from), to: placeOf(t, lane.to) })}
                  </option>
                ))}
              </select>
            )}
          </Field>
          <Field label={t('trial_at')}>
            {(ids) => <DateInput ids={ids} name="at" hasTime required defaultValue={momentText(starts)} />}
          </Field>
          <Field label={t('trial_inside')}>
            {(ids) => (
              <select {...ids} name="inside">
                <option value="">{t('trial_inside_lane')}</option>
                <option value="outside">{t('trial_outside')}</option>
                {access.zones.map((zone) => (
                  <option key={zone} value={zone}>
                    {zone}
                  </option>
                ))}
              </select>
            )}
          </Field>
          <Field label={t('trial_policy')}>
            {(ids) => (
              <select {...ids} name="policy">
                <option value="draft">{t('trial_policy_draft')}</option>
                {policies.data?.map((policy) => (
                  <option key={policy.version} value={policy.version}>
                    {t('trial_policy_version', { n: f.number(policy.version) })}
                  </option>
                ))}
              </select>
            )}
          </Field>
          <Field label={t('trial_purpose')} help={t('trial_purpose_help')}>
            {(ids) => (
              <input
                {...ids}
                name="purpose"
                required
                minLength={PURPOSE_MIN}
                maxLength={PURPOSE_MAX}
                autoComplete="off"
              />
            )}
          </Field>
        </div>
        <div className="row">
          <button type="submit" className="button" data-look="main" disabled={isBusy}>
            {t('trial_ask')}
          </button>
        </div>
      </form>
      <Problem error={problem} />
      {answer && <Answer asked={answer.asked} found={answer.found} />}
    </>
  );
}

function placeOf(t: ReturnType<typeof useReader>['t'], name: string): string {
  return name === 'outside' ? t('trial_outside') : name;
}

function Answer({ asked, found }: { asked: string; found: PolicyTrial }) {
  const { t, f } = useReader();
  const isPlate = found.method === 'plate' && found.subjects.every((subject) => !subject.endsWith(`:${asked}`));
  const why = found.verdict === 'permit' ? t('why_rule', { rule: found.rule ?? '–' }) : named(t, 'why', found.reason);
  return (
    <section className="card answer" aria-label={t('trial_answer')}>
      <div role="status" className="stack">
        <h2>
          <Verdict verdict={found.verdict} />
          {isPlate ? <PlateMark text={asked} /> : <span>{asked}</span>}
          {found.name && <span>{found.name}</span>}
        </h2>
        <p>{why}</p>
        {found.awaits.length > 0 && (
          <p className="banner" data-tone="warn">
            {t('trial_awaits', { needs: found.awaits.map((need) => named(t, 'check', need)).join(', ') })}
          </p>
        )}
        <p className="small soft">
          {[
            found.policy === 'draft'
              ? t('trial_policy_draft')
              : t('trial_policy_version', { n: f.number(Number(found.policy)) }),
            f.moment(Date.parse(found.at)),
            `${t('trial_shown')}: ${named(t, 'method', found.method)}`,
            `${t('trial_inside')}: ${found.inside ?? t('trial_outside')}`,
          ].join(' · ')}
        </p>
      </div>
      <Trail steps={found.trail.map((step) => ({ ...step, why: step.reason ? named(t, 'why', step.reason) : '' }))} />
      <p className="small soft">{t('trial_assumed')}</p>
    </section>
  );
}
