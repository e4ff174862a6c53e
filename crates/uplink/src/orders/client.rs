//! Checks orders and has them carried out, one after the other.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use domain::{NodeId, SiteId};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tracing::{debug, info, warn};
use wire::order::OrderOutcome;
use wire::policy::TrustedKeys;
use wire::{LaneOrder, NodeKey, OrderAnswer};

use super::OrderFault;
use super::link::{ClientEnd, OrderLink};
use super::seen::{Admission, SeenOrders};
use crate::{WallClock, chain};

/// How often a message that is not believed is told of.
pub const UNBELIEVED_EVERY: Duration = Duration::from_secs(600);

/// Who takes orders, and whose.
#[derive(Debug, Clone)]
pub struct OrderClientConfig {
    /// The node's site.
    pub site: SiteId,
    /// The node.
    pub node: NodeId,
    /// The node's key, under which it answers.
    pub key: NodeKey,
    /// The keys whose orders it takes.
    pub trusted: TrustedKeys,
}

/// Starts to take orders.
#[derive(Debug)]
pub struct OrderClient;

/// A client that runs; dropping it ends it. An order that is being carried out then is carried out.
#[derive(Debug)]
pub struct OrderClientHandle {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl OrderClientHandle {
    /// Takes no more orders, and waits for the one under way.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        // It ends by itself, or panicked, which was logged.
        let _ = (&mut self.task).await;
    }
}

impl Drop for OrderClientHandle {
    fn drop(&mut self) {
        self.task.abort();
    }
}

type Carry = Box<dyn FnMut(&LaneOrder, Duration) -> Result<Option<String>, String> + Send>;
type Refuse = Box<dyn FnMut(&LaneOrder, &OrderFault) + Send>;

struct Client {
    config: OrderClientConfig,
    seen: SeenOrders,
    clock: WallClock,
    carry: Carry,
    refuse: Refuse,
    told_at: Option<Instant>,
}

impl OrderClient {
    /// Takes orders from now on. `carry` has one carried out within the time that is left, and gives the number of the
    /// decision where it is one, or says why not; `refuse` is told of one that was believed and is not carried out. Both
    /// make the events, and are called one at a time on a thread that may wait. Hand the link to
    /// [`Publisher::start_with`](crate::Publisher::start_with).
    pub fn start(
        config: OrderClientConfig,
        seen: SeenOrders,
        clock: WallClock,
        carry: impl FnMut(&LaneOrder, Duration) -> Result<Option<String>, String> + Send + 'static,
        refuse: impl FnMut(&LaneOrder, &OrderFault) + Send + 'static,
    ) -> (OrderClientHandle, OrderLink) {
        let (link, end) = OrderLink::new();
        let (stop, stopping) = watch::channel(false);
        let client = Client { config, seen, clock, carry: Box::new(carry), refuse: Box::new(refuse), told_at: None };
        let task = tokio::spawn(run(client, end, stopping));
        (OrderClientHandle { stop, task }, link)
    }
}

async fn run(mut client: Client, mut end: ClientEnd, mut stopping: watch::Receiver<bool>) {
    loop {
        let heard = tokio::select! {
            biased;
            _ = stopping.wait_for(|stop| *stop) => return,
            heard = end.heard.recv() => heard,
        };
        let Some(message) = heard else { return };
        let worked = tokio::task::spawn_blocking(move || {
            let answer = client.take(&message);
            (client, answer)
        });
        // It ends with a panic of ours only, or with the run time.
        let Ok((back, answer)) = worked.await else { return };
        client = back;
        if let Some(answer) = answer
            && end.answers.try_send(answer).is_err()
        {
            warn!("the answer to an order is dropped: too many wait");
        }
    }
}

impl Client {
    /// Deals with one message; gives what to answer.
    fn take(&mut self, message: &[u8]) -> Option<Vec<u8>> {
        let OrderClientConfig { site, node, trusted, .. } = &self.config;
        let order = match LaneOrder::open(message, trusted, site, node) {
            Ok(order) => order,
            Err(error) => {
                let why = chain(&error);
                if self.told_at.is_none_or(|at| at.elapsed() >= UNBELIEVED_EVERY) {
                    self.told_at = Some(Instant::now());
                    warn!(why, "an order is not taken; others of the kind are told at DEBUG for a while");
                } else {
                    debug!(why, "an order is not taken");
                }
                return None;
            }
        };
        let lane = order.lane.as_ref().map_or("all", |lane| lane.as_str());
        let action = order.action.as_str();
        let result = match self.seen.admit(&order, (self.clock)().at) {
            Admission::Good(left) => {
                info!(id = %order.id, lane, action, "a guard's order");
                let carried = catch_unwind(AssertUnwindSafe(|| (self.carry)(&order, left)));
                carried.unwrap_or_else(|_| Err("the program failed while carrying it out".to_owned()))
            }
            Admission::Again => {
                debug!(id = %order.id, lane, action, "an order came again");
                return None;
            }
            Admission::Fault(fault) => {
                (self.refuse)(&order, &fault);
                Err(fault.to_string())
            }
        };
        let (outcome, reason, decision) = match result {
            Ok(decision) => (OrderOutcome::Given, String::new(), decision),
            Err(why) => {
                warn!(id = %order.id, lane, action, why, "an order is refused");
                (OrderOutcome::Refused, why, None)
            }
        };
        let OrderClientConfig { site, node, key, .. } = &self.config;
        let (site, node, at) = (site.clone(), node.clone(), (self.clock)().at);
        Some(OrderAnswer { order: order.id, site, node, outcome, reason, decision, at }.seal(key))
    }
}
