// What a guard may order, what an order came to, and how a lane stands. Pure.
import type { Decision, Lane, LaneChanged, Order, OrderWanted } from '../../api/types';
import type { Entry } from '../../live/feed';
import type { LinkState } from '../../live/link';
import type { Tone } from '../../parts/marks';
import { keyOf, type LanePlace } from './queue';

/** So long after a referral its node still takes the answer. */
export const ANSWER_MAX_MS = 120_000;

/** Whoever stands at the barrier when an order is given is still there so much later. */
const GOOD_FOR_S = 10;

/** What stands on the buttons. */
export type Deed = 'open' | 'refuse' | 'help' | 'hold' | 'close' | 'lock_down' | 'release';

/** A name that no other order has. Also where the page came without TLS, in which case browsers make no UUIDs. */
export function orderKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** What is asked a second time before it is sent: it keeps everybody out, or lets everybody in. */
export type Grave = 'lock_down' | 'release' | 'hold';

export function isGrave(deed: Deed): deed is Grave {
  return deed === 'lock_down' || deed === 'release' || deed === 'hold';
}

/** The referral that an order answers: the newest decision of the lane, while its node still takes the answer. */
export function answerable(
  decisions: readonly Decision[],
  place: LanePlace,
  waiting: readonly Decision[],
  now: number,
) {
  const newest = decisions.find((one) => keyOf(one) === keyOf(place) && one.verdict === 'refer');
  if (!newest || !waiting.includes(newest) || now - Date.parse(newest.at) > ANSWER_MAX_MS) return null;
  return newest;
}

/** What is sent for a deed. Opening for whom a decision referred is the answer to it, and so stands in the log. */
export function wanted(
  deed: Exclude<Deed, 'help'>,
  place: LanePlace,
  reason: string,
  referred: Decision | null,
): OrderWanted {
  const what = { node: place.node, lane: place.lane, reason, good_for_s: GOOD_FOR_S };
  if (deed === 'refuse') return { ...what, action: 'refuse', answers: referred?.number ?? null };
  if (deed === 'open' && referred) return { ...what, action: 'permit', answers: referred.number };
  return { ...what, action: deed };
}

/** What the barrier did for an order, by the node's events. */
const DONE = ['opened', 'held', 'closed', 'released', 'locked_down', 'lock_down_ended', 'failed', 'ignored'];

/** The event that says what the barrier did for this order, newest first. */
export function confirmation(feed: readonly Entry[], order: Order): LaneChanged | null {
  const from = Date.parse(order.issued_at) - CLOCKS_APART_MS;
  for (const entry of feed) {
    if (entry.kind !== 'lane' || entry.at < from) continue;
    const { node, lane, change, guard, decision } = entry.what;
    if (node !== order.node || (order.lane && lane !== order.lane) || !DONE.includes(change)) continue;
    const isOurs = guard ? guard.name === order.by && guard.reason === order.reason : false;
    if (isOurs || (order.decision && decision === order.decision)) return entry.what;
  }
  return null;
}

/** How far the clocks of hub and node may be apart before an event is no answer any more. */
const CLOCKS_APART_MS = 30_000;

export interface Progress {
  tone: Tone;
  /** `order_…` in the dictionary. */
  word: 'under_way' | 'given' | 'refused' | 'silent' | 'not_given' | 'unknown' | 'confirmed' | 'failed';
}

/** What became of an order, with what the barrier says. */
export function progress(order: Order, done: LaneChanged | null): Progress {
  if (done) {
    const isBad = done.change === 'failed' || done.change === 'ignored';
    return isBad ? { tone: 'bad', word: 'failed' } : { tone: 'good', word: 'confirmed' };
  }
  const TONES: Record<Order['state'], Tone> = {
    under_way: 'info',
    given: 'info',
    refused: 'bad',
    silent: 'warn',
    not_given: 'bad',
    unknown: 'warn',
  };
  return { tone: TONES[order.state], word: order.state };
}

/** How a lane stands: by its newest events, and where there are none by what the hub knew. */
export interface Standing {
  isLocked: boolean;
  isHeld: boolean;
  isBurning: boolean;
  /** What its contact says. */
  contact: 'open' | 'closed' | 'unknown';
}

export function standing(feed: readonly Entry[], place: LanePlace, known: Lane | undefined): Standing {
  const now: Standing = {
    isLocked: known?.locked_down ?? false,
    isHeld: known?.held ?? false,
    isBurning: known?.fire ?? false,
    contact: known?.contact ?? 'unknown',
  };
  // From the oldest on.
  for (let at = feed.length - 1; at >= 0; at -= 1) {
    const entry = feed[at];
    if (entry?.kind !== 'lane' || keyOf(entry.what) !== keyOf(place)) continue;
    apply(now, entry.what.change);
  }
  return now;
}

function apply(now: Standing, change: string): void {
  if (change === 'locked_down') now.isLocked = true;
  else if (change === 'lock_down_ended') now.isLocked = false;
  else if (change === 'held') now.isHeld = true;
  else if (change === 'released' || change === 'closed') now.isHeld = false;
  else if (change === 'fire') now.isBurning = true;
  else if (change === 'fire_ended') now.isBurning = false;
  else if (change === 'seen_open') now.contact = 'open';
  else if (change === 'seen_closed') now.contact = 'closed';
  else if (change === 'unseen') now.contact = 'unknown';
}

/** Why nothing can be ordered at the moment, and since when. */
export type Hindrance = { why: 'link' | 'node' | 'node_unknown'; since: number | null };

export function hindrance(
  link: LinkState,
  heardAt: number | null,
  node: { status?: { state: string; received_at: string } | null } | undefined,
): Hindrance | null {
  if (link !== 'live') return { why: 'link', since: heardAt };
  if (!node?.status) return { why: 'node_unknown', since: null };
  if (node.status.state === 'offline') return { why: 'node', since: Date.parse(node.status.received_at) };
  return null;
}
