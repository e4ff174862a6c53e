// The guard's hands: open, refuse, call for help, hold, close, lock down, each with its reason; and what became of it.
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { ALERTS_KEY } from '../../api/alerts';
import { callForHelp, giveOrder, ORDERS_KEY } from '../../api/orders';
import { nodesQuery } from '../../api/queries';
import type { Decision, Lane, Order } from '../../api/types';
import { useReader } from '../../app/reader';
import { useMay } from '../../app/session';
import { useLive } from '../../live/store';
import { Dialog } from '../../parts/dialog';
import { decisionWho } from '../../parts/feed-words';
import { Icon, type IconName } from '../../parts/icon';
import { Badge } from '../../parts/marks';
import { Problem } from '../../parts/problem';
import { useSending } from '../../parts/sending';
import { named } from '../../words';
import { confirmation, type Deed, hindrance, isGrave, orderKey, progress, standing, wanted } from './orders';
import type { LanePlace } from './queue';
import { Reasons } from './reasons';

/** Keys that no browser takes and no field of a form needs. */
const KEYS: Partial<Record<string, Deed>> = { F2: 'open', F4: 'refuse', F8: 'help', F9: 'lock_down' };
const ICONS: Record<Deed, IconName> = {
  open: 'check',
  refuse: 'stop',
  help: 'alert',
  hold: 'wait',
  close: 'none',
  lock_down: 'lock',
  release: 'back',
};

interface Asked {
  deed: Deed;
  place: LanePlace;
  name: string;
  referred: Decision | null;
  /** The same order keeps its key, however often it is sent. */
  key: string;
}

export function Actions(props: { place: LanePlace; name: string; lane: Lane | undefined; referred: Decision | null }) {
  const { place, name, referred } = props;
  const { t, f } = useReader();
  const may = useMay();
  const client = useQueryClient();
  const feed = useLive((live) => live.feed);
  const link = useLive((live) => live.link);
  const heardAt = useLive((live) => live.heardAt);
  const { data: nodes } = useQuery(nodesQuery);
  const [asked, setAsked] = useState<Asked | null>(null);
  const [last, setLast] = useState<Order | null>(null);
  const [isCalled, setCalled] = useState(false);
  const { send, isBusy, problem } = useSending();
  const stands = standing(feed, place, props.lane);
  const stopped = hindrance(
    link,
    heardAt,
    nodes?.find((node) => node.node === place.node),
  );
  const isOff = stopped !== null || isBusy;
  // The hub itself hears a call for help, whatever the node does.
  const isHelpOff = stopped?.why === 'link' || isBusy;

  const ask = (deed: Deed) => setAsked({ deed, place, name, referred, key: orderKey() });
  const isFree = (deed: Deed) => (deed === 'help' ? !isHelpOff : !isOff && (deed !== 'refuse' || referred !== null));
  const latest = useRef({ ask, isFree, isAsked: false });
  latest.current = { ask, isFree, isAsked: asked !== null };
  const mayOrder = may('orders.write');
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const deed = KEYS[event.key];
      if (!deed || !mayOrder || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      const { ask, isFree, isAsked } = latest.current;
      if (!event.repeat && !isAsked && isFree(deed)) ask(deed);
    };
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  }, [mayOrder]);

  const give = (one: Asked, reason: string) =>
    send(async () => {
      if (one.deed === 'help') {
        await callForHelp({ node: one.place.node, lane: one.place.lane }, reason);
        setCalled(true);
        setLast(null);
        await client.invalidateQueries({ queryKey: ALERTS_KEY });
      } else {
        setCalled(false);
        setLast(null);
        setLast(await giveOrder(wanted(one.deed, one.place, reason, one.referred), one.key));
        await client.invalidateQueries({ queryKey: ORDERS_KEY });
      }
    });
  const confirm = (reason: string) => {
    if (!asked) return;
    setAsked(null);
    void give(asked, reason);
  };

  if (!mayOrder) return <p className="soft">{t('desk_no_orders')}</p>;
  const button = (deed: Deed, key: string, look?: string) => (
    <button
      type="button"
      className="button desk-deed"
      data-look={look}
      data-deed={deed}
      disabled={!isFree(deed)}
      aria-keyshortcuts={key || undefined}
      onClick={() => ask(deed)}
    >
      <Icon name={ICONS[deed]} />
      <span>{t(`deed_${deed}`)}</span>
      {key && <kbd>{key}</kbd>}
    </button>
  );
  return (
    <section className="card stack" aria-labelledby="deeds">
      <div className="card-head">
        <h2 id="deeds">{t('deeds_of', { lane: name })}</h2>
        <p className="row" data-testid="standing">
          {stands.isBurning && (
            <Badge tone="bad" icon="alert">
              {t('standing_fire')}
            </Badge>
          )}
          {stands.isLocked && (
            <Badge tone="bad" icon="lock">
              {t('standing_locked')}
            </Badge>
          )}
          {stands.isHeld && <Badge tone="warn">{t('standing_held')}</Badge>}
          <Badge tone={stands.contact === 'unknown' ? 'plain' : 'info'}>{t(`contact_${stands.contact}`)}</Badge>
        </p>
      </div>
      {stopped && (
        <p className="banner" data-tone="bad" role="alert">
          <Icon name="offline" />
          <span>
            <strong>{t(`orders_off_${stopped.why}`)}</strong>{' '}
            {stopped.since !== null && t('orders_off_since', { at: f.time(stopped.since) })} {t('orders_off_help')}
          </span>
        </p>
      )}
      <div className="desk-deeds">
        {button('open', 'F2', 'main')}
        {button('refuse', 'F4')}
        {button('help', 'F8')}
      </div>
      {!referred && !stopped && <p className="small soft">{t('refuse_nobody')}</p>}
      <details className="desk-more" open={stands.isLocked || stands.isHeld}>
        <summary>{t('deeds_more')}</summary>
        <div className="row">
          {button('hold', '')}
          {button('close', '')}
          {stands.isLocked || stands.isBurning ? button('release', '') : button('lock_down', 'F9', 'bad')}
        </div>
      </details>
      <div role="status" className="stack">
        {isBusy && <p>{t('order_sending')}</p>}
        {isCalled && (
          <p className="row">
            <Badge tone="good" icon="check">
              {t('help_called')}
            </Badge>
          </p>
        )}
        {last && <Outcome order={last} />}
      </div>
      <Problem error={problem} />
      <Dialog
        title={asked ? t(`ask_${asked.deed}`, { lane: asked.name }) : ''}
        isOpen={asked !== null}
        close={() => setAsked(null)}
      >
        {asked && (
          <Reasons
            deed={asked.deed}
            who={asked.referred ? decisionWho(t, asked.referred) : ''}
            warning={isGrave(asked.deed) ? t(`grave_${asked.deed}`, { lane: asked.name }) : null}
            give={confirm}
            cancel={() => setAsked(null)}
          />
        )}
      </Dialog>
    </section>
  );
}

/** What became of an order: what the node answered, and then what its barrier says. */
export function Outcome({ order }: { order: Order }) {
  const { t, f } = useReader();
  const feed = useLive((live) => live.feed);
  const done = confirmation(feed, order);
  const { tone, word } = progress(order, done);
  return (
    <p className="row" data-testid="outcome" data-word={word}>
      <Badge tone={tone}>{t(`order_${word}`)}</Badge>
      <strong>{t(`deed_${order.action === 'permit' ? 'open' : order.action}`)}</strong>
      <span>{order.lane ?? t('all_lanes')}</span>
      <time className="figure soft">{f.time(Date.parse(order.issued_at))}</time>
      <span className="soft">{t('why_guard', { name: order.by, reason: order.reason })}</span>
      {done && <span>{named(t, 'lane_change', done.change)}</span>}
      {!done && order.detail && <span className="soft">{orderDetail(t, order)}</span>}
    </p>
  );
}

/** What the hub adds is English; where the state says it all, that is enough. */
function orderDetail(t: ReturnType<typeof useReader>['t'], order: Order): string {
  return order.state === 'refused' ? t('order_detail', { detail: order.detail }) : '';
}
