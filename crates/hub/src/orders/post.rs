//! Where the running hub gives guards' orders: with its order key, noted before they are sent and told truthfully after.

use std::sync::Arc;
use std::time::Duration;

use store::{LogEntry, OrderEnd, OrderFate, OrderRate, Store};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tracing::{info, warn};
use wire::order::OrderOutcome;
use wire::{LaneOrder, NodePublicKey, OrderAction, OrderKey};

use super::{GiveError, give};
use crate::broker::BrokerConfig;
use crate::clock;

/// Orders that wait for their nodes at the same time, each with a connection of its own to the broker. A further one is told
/// to come back; each is over within seconds.
pub(crate) const ORDERS_MAX: usize = 32;

/// How long an order is good where nobody says otherwise: whoever stands at the barrier is still there.
pub(crate) const GOOD_FOR: Duration = Duration::from_secs(10);

/// Longest time for which the hub gives an order.
pub(crate) const GOOD_FOR_MAX: Duration = Duration::from_secs(60);

/// What opens a lane: a guard at a busy gate opens every six seconds.
const LOOSENING: OrderRate = OrderRate { orders: 10, within: Duration::from_secs(60) };

/// What closes it, counted apart: whoever must close is hardly ever refused, and yet fills no node's memory of orders
/// (`uplink::orders`), in which there must be room for others.
const CLOSING: OrderRate = OrderRate { orders: 30, within: Duration::from_secs(60) };

/// How many orders of a kind are taken of one account at one lane.
pub(crate) const fn rate(action: OrderAction) -> OrderRate {
    if action.loosens() { LOOSENING } else { CLOSING }
}

/// The post.
#[derive(Debug)]
pub(crate) struct GuardPost {
    key: OrderKey,
    broker: BrokerConfig,
    store: Store,
    under_way: Arc<Semaphore>,
}

impl GuardPost {
    pub(crate) fn new(key: OrderKey, broker: BrokerConfig, store: Store) -> Self {
        Self { key, broker, store, under_way: Arc::new(Semaphore::new(ORDERS_MAX)) }
    }

    /// Room for one order; nothing where too many are under way.
    pub(crate) fn room(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.under_way).try_acquire_owned().ok()
    }

    /// Sends an order that was noted, and notes what became of it with `entry`, whose outcome it fills in. A task of its
    /// own runs this, so that nobody who leaves takes the answer along.
    pub(crate) async fn send(
        self: Arc<Self>,
        order: LaneOrder,
        node_key: NodePublicKey,
        entry: LogEntry,
        _room: OwnedSemaphorePermit,
    ) -> OrderFate {
        let fate = fate(give(&self.broker, &order, &self.key, &node_key).await);
        let (action, end) = (order.action.as_str(), fate.end.as_str());
        info!(id = %order.id, node = %order.node, action, end, "a guard's order");
        let entry = LogEntry { at: fate.at, outcome: end.to_owned(), ..entry };
        if let Err(error) = self.store.order_end(order.id, &fate, &entry).await {
            // That it was given is noted; the node's own events tell the rest.
            warn!(id = %order.id, error = &error as &dyn std::error::Error, "what became of an order cannot be noted");
        }
        fate
    }
}

/// What an attempt to give an order came to.
fn fate(given: Result<wire::OrderAnswer, GiveError>) -> OrderFate {
    let unanswered = |end, error: &GiveError| OrderFate {
        end,
        detail: told(error),
        decision: None,
        answered_at: None,
        at: clock::now(),
    };
    match given {
        Ok(answer) => OrderFate {
            end: match answer.outcome {
                OrderOutcome::Given => OrderEnd::Given,
                OrderOutcome::Refused => OrderEnd::Refused,
            },
            detail: answer.reason,
            decision: answer.decision,
            answered_at: Some(answer.at),
            at: clock::now(),
        },
        Err(error @ GiveError::Silent { .. }) => unanswered(OrderEnd::Silent, &error),
        Err(
            error @ (GiveError::NotSealed(_)
            | GiveError::Broker { .. }
            | GiveError::Denied { .. }
            | GiveError::NobodyListens(_)),
        ) => unanswered(OrderEnd::NotGiven, &error),
    }
}

/// An error for whoever gave the order: of the broker only that it cannot be reached, not where it is or why.
fn told(error: &GiveError) -> String {
    match error {
        GiveError::Broker { source, .. } => {
            warn!(error = source as &dyn std::error::Error, "an order did not get to the broker");
            "the hub cannot reach its broker; the order was not given".to_owned()
        }
        GiveError::Denied { what, .. } => format!("the broker does not allow the hub {what}; the order was not given"),
        GiveError::NotSealed(_) | GiveError::NobodyListens(_) | GiveError::Silent { .. } => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_never_sent_is_called_not_given() {
        let node = "n1".to_owned();
        let silent = fate(Err(GiveError::Silent { node: node.clone(), not_after: clock::now() }));
        assert!(silent.end == OrderEnd::Silent && silent.detail.contains("may have carried"), "{silent:?}");
        let denied = GiveError::Denied { broker: "10.0.0.7:1883".to_owned(), what: "publishing an order" };
        for error in [GiveError::NobodyListens(node), denied] {
            let fate = fate(Err(error));
            assert!(fate.end == OrderEnd::NotGiven && fate.detail.contains("was not given"), "{fate:?}");
            assert!(!fate.detail.contains("10.0.0.7"), "{fate:?}");
        }
    }

    #[test]
    fn what_closes_a_lane_is_taken_more_often_than_what_opens_it() {
        for action in OrderAction::ALL {
            assert_eq!(rate(action) == LOOSENING, action.loosens(), "{action:?}");
        }
        const { assert!(CLOSING.orders > LOOSENING.orders) };
    }
}
