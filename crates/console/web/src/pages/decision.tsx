// One decision with every check that led to it.
import './detail.css';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { decisionQuery } from '../api/queries';
import type { DecisionDetail } from '../api/types';
import { useReader } from '../app/reader';
import { decisionWho, decisionWhy } from '../parts/feed-words';
import { PlateMark, Verdict } from '../parts/marks';
import { Failure, Skeleton } from '../parts/state';
import { Trail } from '../parts/trail';
import { named } from '../words';
import { BackLink, Facts, Pictures } from './detail';

export function DecisionPage() {
  const { id } = useParams({ from: '/decisions/$id' });
  const { data, error, refetch } = useQuery(decisionQuery(id));
  if (!data) return error ? <Failure error={error} retry={() => void refetch()} /> : <Skeleton rows={4} height={8} />;
  return <Detail decision={data} />;
}

function Detail({ decision }: { decision: DecisionDetail }) {
  const { t, f } = useReader();
  const at = f.moment(Date.parse(decision.at));
  const facts = [
    [t('time'), at],
    [t('gate'), [decision.gate, t('lane', { lane: decision.lane }), decision.site].filter(Boolean).join(' · ')],
    [t('reason'), decisionWhy(t, decision)],
    [t('shown'), decision.method ? named(t, 'method', decision.method) : '–'],
    [t('who'), decision.subjects.join(', ') || t('nobody')],
    [t('node'), `${decision.node} · ${t('event_number')} ${f.number(decision.seq)}`],
  ] as const;
  return (
    <>
      <header className="page-head">
        <div>
          <BackLink />
          <h1 className="row">
            <Verdict verdict={decision.verdict} />
            {decision.plate ? <PlateMark text={decision.plate.key} /> : decisionWho(t, decision)}
          </h1>
          <p className="soft">{t('detail_decision', { number: decision.number })}</p>
        </div>
        {decision.plate && (
          <Link className="button" to="/plates/$id" params={{ id: decision.plate.event }}>
            {t('read_of')}
          </Link>
        )}
      </header>
      <div className="detail">
        <div className="stack">
          <Pictures evidence={decision.evidence} what={decisionWho(t, decision)} at={at} />
        </div>
        <div className="stack">
          <Facts rows={facts} />
        </div>
      </div>
      <section className="card" aria-labelledby="trail">
        <h2 id="trail">{t('trail')}</h2>
        <Trail steps={decision.trail.map((step) => ({ ...step, why: step.detail }))} />
      </section>
    </>
  );
}
