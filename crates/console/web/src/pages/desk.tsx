// The guard's desk: who is at the lane, in a large picture, why the gate decided so, and who waits for the guard.
import './desk.css';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type KeyboardEvent, useMemo, useState } from 'react';
import { lanesQuery, ordersQuery } from '../api/orders';
import { sitesQuery } from '../api/queries';
import type { Decision } from '../api/types';
import { useNow, useReader } from '../app/reader';
import { useMay } from '../app/session';
import { useSite } from '../app/site-choice';
import type { Entry } from '../live/feed';
import { useLive } from '../live/store';
import { Choice } from '../parts/controls';
import { ExportLinks } from '../parts/exports';
import { decisionWho, decisionWhy } from '../parts/feed-words';
import { Badge, PlateMark, Verdict } from '../parts/marks';
import { bestOf, Picture } from '../parts/picture';
import { Skeleton, State } from '../parts/state';
import { named } from '../words';
import { Actions, Outcome } from './desk/actions';
import { answerable } from './desk/orders';
import { decisionsOf, keyOf, laneName, lanesOf, refusedOf, waitingOf } from './desk/queue';
import { Visitors } from './desk/visitors';

/** Decisions shown besides the large one. */
const LATEST_MAX = 12;
const CHANGES_MAX = 10;

export function DeskPage() {
  const { t, f } = useReader();
  const now = useNow(1_000);
  const site = useSite();
  const may = useMay();
  const { data: sites } = useQuery(sitesQuery);
  const ofSite = site ?? (sites?.length === 1 ? sites[0]?.site : undefined);
  const feed = useLive((live) => live.feed);
  const isSeeded = useLive((live) => live.isSeeded);
  const [lane, setLane] = useState('');
  const [chosen, setChosen] = useState<string | null>(null);
  const decisions = useMemo(() => decisionsOf(feed, site), [feed, site]);
  const { data: known } = useQuery(lanesQuery);
  const lanes = useMemo(() => lanesOf(known?.lanes, feed, site), [known, feed, site]);
  const here = useMemo(() => decisions.filter((one) => !lane || keyOf(one) === lane), [decisions, lane]);
  const refused = useMemo(() => refusedOf(feed), [feed]);
  const waiting = waitingOf(here, now, refused);
  const shown = here.find((one) => one.id === chosen) ?? here[0];
  const changes = feed.filter(
    (entry): entry is Entry & { kind: 'lane' } =>
      entry.kind === 'lane' && (!site || entry.what.site === site) && (!lane || keyOf(entry.what) === lane),
  );
  // Orders are for the lane that was chosen, or that of whoever is shown.
  const place = lanes.find((one) => keyOf(one) === lane) ?? (shown && lanes.find((one) => keyOf(one) === keyOf(shown)));
  const step = (event: KeyboardEvent) => {
    const by = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (by === 0 || here.length === 0) return;
    event.preventDefault();
    const place = Math.max(
      0,
      here.findIndex((one) => one.id === shown?.id),
    );
    const next = here[Math.min(Math.max(place + by, 0), Math.min(here.length, LATEST_MAX) - 1)];
    setChosen(next?.id ?? null);
  };
  return (
    <>
      <header className="page-head">
        <div>
          <h1>{t('nav_desk')}</h1>
          <p className="soft">{t('desk_help')}</p>
        </div>
        <ExportLinks table="decisions" site={site} />
        {lanes.length > 1 && (
          <Choice
            label={t('lane_choice')}
            value={lane}
            options={[['', t('all_lanes')], ...lanes.map((one) => [keyOf(one), laneName(one, lanes)] as const)]}
            onChange={setLane}
          />
        )}
      </header>
      {!isSeeded ? (
        <Skeleton rows={2} height={16} />
      ) : !shown && !place ? (
        <div className="card">
          <State icon="desk" title={t('desk_empty')}>
            <p>{t('desk_empty_help')}</p>
          </State>
        </div>
      ) : (
        <div className="desk">
          <div className="stack">
            {known && !known.takes_orders && (
              <p className="banner" data-tone="info">
                {t('desk_no_key')}
              </p>
            )}
            {place && known?.takes_orders && (
              <Actions
                place={place}
                name={laneName(place, lanes)}
                lane={known.lanes.find((one) => keyOf(one) === keyOf(place))}
                referred={answerable(decisions, place, waiting, now)}
              />
            )}
            {shown ? (
              <Large decision={shown} />
            ) : (
              <div className="card">
                <State icon="desk" title={t('desk_empty')} />
              </div>
            )}
          </div>
          <aside className="stack">
            <section className="card" aria-labelledby="waiting">
              <h2 id="waiting">{t('waiting_guard', { n: f.number(waiting.length) })}</h2>
              {waiting.length === 0 ? (
                <p className="soft">{t('waiting_none')}</p>
              ) : (
                <Rows decisions={waiting.slice(0, LATEST_MAX)} chosen={shown?.id} choose={setChosen} />
              )}
            </section>
            <section className="card" aria-labelledby="latest" onKeyDown={step}>
              <h2 id="latest">{t('latest')}</h2>
              <Rows decisions={here.slice(0, LATEST_MAX)} chosen={shown?.id} choose={setChosen} />
            </section>
            {may('orders.read') && <Given site={site} />}
            {may('passes.read') && ofSite && <Visitors site={ofSite} decisions={decisions} />}
            <section className="card" aria-labelledby="changes">
              <h2 id="changes">{t('lane_events')}</h2>
              {changes.length === 0 && <p className="soft">{t('lane_events_none')}</p>}
              <ol className="small">
                {changes.slice(0, CHANGES_MAX).map((entry) => (
                  <li key={entry.id} className="row">
                    <time className="figure soft">{f.time(entry.at)}</time>
                    <strong>{named(t, 'lane_change', entry.what.change)}</strong>
                    <span>{[entry.what.lane, entry.what.guard?.name].filter(Boolean).join(' · ')}</span>
                  </li>
                ))}
              </ol>
            </section>
          </aside>
        </div>
      )}
    </>
  );
}

function Large({ decision }: { decision: Decision }) {
  const { t, f } = useReader();
  const now = useNow(1_000);
  const at = Date.parse(decision.at);
  const who = decisionWho(t, decision);
  const text = t('picture_of', { what: who, at: f.time(at) });
  return (
    <article className="card desk-large" data-verdict={decision.verdict} aria-live="polite">
      <Picture className="desk-picture" medium={bestOf(decision.evidence, ['frame', 'crop'])} text={text} opens />
      <div className="desk-facts">
        <Picture className="desk-plate" medium={bestOf(decision.evidence, ['plate'])} text={text} opens />
        <div className="stack">
          <h2 className="desk-who">{decision.plate ? <PlateMark text={decision.plate.key} /> : who}</h2>
          <p className="desk-verdict">
            <Verdict verdict={decision.verdict} />
            <strong>{decisionWhy(t, decision)}</strong>
          </p>
          <p className="soft">
            {t('lane', { lane: decision.lane })} · <time className="figure">{f.time(at)}</time> · {f.ago(at, now)}
          </p>
          <p className="row">
            <Link className="button" to="/decisions/$id" params={{ id: decision.id }}>
              {t('why_decided')}
            </Link>
            {decision.plate && (
              <Link className="button" to="/plates/$id" params={{ id: decision.plate.event }}>
                {t('read_of')}
              </Link>
            )}
          </p>
        </div>
      </div>
    </article>
  );
}

/** What was ordered here and at the other desks. */
function Given({ site }: { site: string | undefined }) {
  const { t } = useReader();
  const { data } = useQuery(ordersQuery(site));
  return (
    <section className="card" aria-labelledby="given">
      <h2 id="given">{t('orders_given')}</h2>
      {data?.length === 0 && <p className="soft">{t('orders_none')}</p>}
      <ol className="stack small">
        {data?.slice(0, CHANGES_MAX).map((order) => (
          <li key={order.id}>
            <Outcome order={order} />
          </li>
        ))}
      </ol>
    </section>
  );
}

function Rows(props: { decisions: readonly Decision[]; chosen: string | undefined; choose: (id: string) => void }) {
  const { t, f } = useReader();
  return (
    <ol className="desk-rows">
      {props.decisions.map((decision) => (
        <li key={decision.id}>
          <button type="button" aria-pressed={decision.id === props.chosen} onClick={() => props.choose(decision.id)}>
            <Picture className="desk-thumb" medium={bestOf(decision.evidence, ['crop', 'plate'])} text="" />
            <span>
              <strong>{decisionWho(t, decision)}</strong>
              <span className="small soft">{decisionWhy(t, decision)}</span>
            </span>
            <span className="desk-row-end">
              <Badge tone={decision.verdict === 'permit' ? 'good' : decision.verdict === 'deny' ? 'bad' : 'warn'}>
                {named(t, 'verdict', decision.verdict)}
              </Badge>
              <time className="small soft figure">{f.time(Date.parse(decision.at))}</time>
            </span>
          </button>
        </li>
      ))}
    </ol>
  );
}
