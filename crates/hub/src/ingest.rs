//! From the broker into the database, in batches: committed first, then confirmed to the nodes and acknowledged to the
//! broker.
//!
//! When the database fails, nothing is acknowledged: the batch is tried again until it goes through, the inbox fills,
//! and the broker and the nodes keep what is to come. Messages whose acknowledgement is lost come again and change
//! nothing.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use domain::{NodeId, SiteId, UtcTime};
use store::{BatchOutcome, CheckedBatch, Message, NodeHead, Outcome, Reason, Store, StoreError};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout_at};
use tracing::{debug, info, warn};
use wire::{Channel, NodeTopic, Status};

use crate::clock;
use crate::feeds::Feeds;
use crate::health::{Health, HealthBoard, in_words};
use crate::link::{Handed, Inbound, Link, Unacknowledged};
use crate::live::Live;
use crate::metrics::Metrics;

/// Most messages committed together.
pub const BATCH_MAX: usize = 2_000;

/// How long the first message of a batch waits for others.
pub const BATCH_WAIT: Duration = Duration::from_millis(20);

/// First wait after a failed transaction; doubles up to [`RETRY_AFTER_MAX`].
const RETRY_AFTER: Duration = Duration::from_millis(100);

/// Longest wait between two attempts. There is no limit to their number.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(5);

/// How soon what the client's queue had no room for is tried again.
const HAND_OVER_EVERY: Duration = Duration::from_millis(5);

/// How long the last receipts and acknowledgements may take when the hub stops; what is left comes again.
const FAREWELL_MAX: Duration = Duration::from_secs(1);

/// The task that takes messages in.
pub(crate) struct Ingest {
    pub(crate) store: Store,
    pub(crate) link: Link,
    pub(crate) live: Live,
    pub(crate) health: HealthBoard,
    pub(crate) feeds: Feeds,
    pub(crate) metrics: Metrics,
    /// Where it is told that a revoked node is still there.
    pub(crate) revoked: mpsc::Sender<NodeId>,
}

/// What still has to go to the broker: at most as many acknowledgements as it lets be open, and one receipt a node.
#[derive(Debug, Default)]
struct Owed {
    acknowledgements: VecDeque<Unacknowledged>,
    receipts: BTreeMap<NodeId, NodeHead>,
}

impl Owed {
    fn is_empty(&self) -> bool {
        self.acknowledgements.is_empty() && self.receipts.is_empty()
    }

    fn owe(&mut self, head: NodeHead) {
        // Cumulative: only the newest receipt matters.
        self.receipts.insert(head.node.clone(), head);
    }

    /// Hands over as much as there is room for.
    fn hand_over(&mut self, link: &Link) {
        while let Some(message) = self.acknowledgements.pop_front() {
            if link.acknowledge(message) == Handed::Later {
                self.acknowledgements.push_front(message);
                return;
            }
        }
        while let Some(receipt) = self.receipts.first_entry() {
            let NodeHead { site, node, ack } = receipt.get();
            let topic = NodeTopic { site: site.clone(), node: node.clone(), channel: Channel::Ack }.to_string();
            let payload = serde_json::to_vec(ack).expect("a receipt has text keys and no failing parts");
            match link.publish_retained(topic, payload) {
                Handed::Done => drop(receipt.remove()),
                Handed::Later => return,
            }
        }
    }
}

impl Ingest {
    /// Takes messages in until `stopping` becomes true: then it finishes what it holds and says good-bye.
    pub(crate) async fn run(self, inbox: mpsc::Receiver<Inbound>, mut stopping: watch::Receiver<bool>) {
        let (sorted, mut parts) = mpsc::channel(1);
        let sorter = Sorter { store: self.store.clone(), metrics: self.metrics.clone(), sorted };
        let sorting = tokio::spawn(sorter.run(inbox, stopping.clone()));
        let mut owed = Owed::default();
        loop {
            let part = tokio::select! {
                biased;
                _ = stopping.wait_for(|stop| *stop) => break,
                part = parts.recv() => match part {
                    Some(part) => Some(part),
                    None => break,
                },
                () = tokio::time::sleep(HAND_OVER_EVERY), if !owed.is_empty() => None,
            };
            if let Some(part) = part
                && self.take_in(part, &mut owed, &mut stopping).await.is_err()
            {
                break;
            }
            owed.hand_over(&self.link);
        }
        // With it goes the inbox: the connection goes on, should it wait for room.
        sorting.abort();
        self.farewell(owed).await;
    }

    async fn farewell(&self, mut owed: Owed) {
        let by = Instant::now() + FAREWELL_MAX;
        while Instant::now() < by {
            owed.hand_over(&self.link);
            if owed.is_empty() && self.link.disconnect() == Handed::Done {
                return;
            }
            tokio::time::sleep(HAND_OVER_EVERY).await;
        }
    }

    async fn take_in(
        &self,
        Part { unacknowledged, events, statuses, is_subscribed, received_at }: Part,
        owed: &mut Owed,
        stopping: &mut watch::Receiver<bool>,
    ) -> Result<(), Stopped> {
        if is_subscribed {
            let heads = self.until_it_works(stopping, || self.store.heads()).await?;
            heads.into_iter().for_each(|head| owed.owe(head));
        }
        for ((site, node), payload) in statuses {
            match serde_json::from_slice::<Status>(&payload) {
                Ok(status) => {
                    let set = || self.store.node_status_set(&site, &node, &status, received_at);
                    if self.until_it_works(stopping, set).await? {
                        self.node_changed(&node).await;
                    } else {
                        debug!(%site, %node, "a status of a node that has not been added");
                    }
                }
                // An empty one is how a retained message is removed.
                Err(error) if !payload.is_empty() => debug!(%site, %node, %error, "a status that cannot be read"),
                Err(_) => {}
            }
        }
        if let Some(Sorted { batch, mut checked }) = events {
            let began = Instant::now();
            let ingest = || {
                // What was checked ahead serves the first attempt.
                let (checked, batch) = (checked.take(), Arc::clone(&batch));
                async move {
                    match checked {
                        Some(checked) => self.store.ingest_checked(checked).await,
                        None => self.store.ingest(batch).await,
                    }
                }
            };
            let outcome = self.until_it_works(stopping, ingest).await?;
            self.count(began, &outcome);
            self.tell(&batch, &outcome).await;
            outcome.heads.into_iter().for_each(|head| owed.owe(head));
        }
        owed.acknowledgements.extend(unacknowledged);
        Ok(())
    }

    /// Tells watchers, also those of other hubs on the same database. They only see it later where that fails.
    async fn node_changed(&self, node: &NodeId) {
        self.live.node_changed(node);
        if let Err(error) = self.store.signal_node(node).await {
            debug!(error = &error as &dyn std::error::Error, "other hubs were not told");
        }
    }

    fn count(&self, began: Instant, outcome: &BatchOutcome) {
        let now = clock::now();
        let duplicates = outcome.outcomes.iter().filter(|outcome| **outcome == Outcome::Duplicate).count();
        self.metrics.batch(began.elapsed(), outcome.stored.len() as u64, duplicates as u64, now.as_unix_micros());
        for event in &outcome.stored {
            self.metrics.delay(now.since(event.at));
        }
        for outcome in &outcome.outcomes {
            if let Outcome::Quarantined(reason) = outcome {
                self.metrics.quarantined(reason.as_str());
            }
        }
    }

    async fn tell(&self, batch: &[Message], outcome: &BatchOutcome) {
        let mut refused = BTreeSet::new();
        for (message, outcome) in std::iter::zip(batch, &outcome.outcomes) {
            match outcome {
                Outcome::Stored | Outcome::Duplicate => {}
                Outcome::Quarantined(reason) => {
                    debug!(topic = %message.topic, reason = reason.as_str(), "a message was put into quarantine");
                    if let Ok(topic) = message.topic.parse::<NodeTopic>() {
                        if *reason == Reason::Revoked {
                            // Full means that others are being thrown out; the next message tells it again.
                            let _ = self.revoked.try_send(topic.node.clone());
                        }
                        refused.insert(topic.node);
                    }
                }
            }
        }
        self.feeds.committed(&outcome.stored);
        for alert in &outcome.alerts {
            self.live.alert_changed(alert);
        }
        for node in refused {
            self.node_changed(&node).await;
        }
        // Where the database is shared they are read from the log, together with those of other hubs.
        if !self.store.is_shared() {
            self.live.committed(&outcome.stored);
        }
    }

    /// Tries again until the database takes it. Gives up only when the hub stops: nothing was acknowledged then.
    async fn until_it_works<T, F: Future<Output = Result<T, StoreError>>>(
        &self,
        stopping: &mut watch::Receiver<bool>,
        mut attempt: impl FnMut() -> F,
    ) -> Result<T, Stopped> {
        let mut wait = RETRY_AFTER;
        loop {
            match attempt().await {
                Ok(value) => {
                    let well = |health: &mut Health| (health.database, health.database_error) = (true, None);
                    if self.health.set(well) {
                        info!("the database works again");
                    }
                    return Ok(value);
                }
                Err(error) => {
                    let mut was_well = false;
                    self.health.set(|health| {
                        was_well = std::mem::replace(&mut health.database, false);
                        health.database_error = Some(in_words(&error));
                    });
                    if was_well {
                        warn!(
                            error = &error as &dyn std::error::Error,
                            "the database failed; nothing is acknowledged until it works again"
                        );
                    }
                }
            }
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                _ = stopping.wait_for(|stop| *stop) => return Err(Stopped),
            }
            wait = (wait * 2).min(RETRY_AFTER_MAX);
        }
    }
}

/// The hub stops before the database took a batch.
#[derive(Debug)]
struct Stopped;

/// Messages that are taken in together.
struct Part {
    /// All of them, to be acknowledged.
    unacknowledged: Vec<Unacknowledged>,
    /// Those that are to be events.
    events: Option<Sorted>,
    /// The newest status of each node.
    statuses: BTreeMap<(SiteId, NodeId), Bytes>,
    /// Whether the subscription was made anew.
    is_subscribed: bool,
    received_at: UtcTime,
}

/// Messages that are to be events.
struct Sorted {
    batch: Arc<[Message]>,
    /// What can be said of them without the log; nothing where the database did not answer.
    checked: Option<CheckedBatch>,
}

/// Collects messages and checks them, while the ones before are being written.
struct Sorter {
    store: Store,
    metrics: Metrics,
    sorted: mpsc::Sender<Part>,
}

impl Sorter {
    async fn run(self, mut inbox: mpsc::Receiver<Inbound>, mut stopping: watch::Receiver<bool>) {
        let mut held = Vec::with_capacity(BATCH_MAX);
        loop {
            tokio::select! {
                biased;
                _ = stopping.wait_for(|stop| *stop) => return,
                taken = inbox.recv_many(&mut held, BATCH_MAX) => if taken == 0 { return },
            }
            self.metrics.inbox(inbox.len());
            fill(&mut inbox, &mut held).await;
            let part = self.sort(std::mem::replace(&mut held, Vec::with_capacity(BATCH_MAX))).await;
            if self.sorted.send(part).await.is_err() {
                return;
            }
        }
    }

    async fn sort(&self, held: Vec<Inbound>) -> Part {
        let received_at = clock::now();
        let mut unacknowledged = Vec::with_capacity(held.len());
        let mut messages = Vec::with_capacity(held.len());
        let mut statuses = BTreeMap::new();
        let mut is_subscribed = false;
        for inbound in held {
            let delivery = match inbound {
                Inbound::Message(delivery) => delivery,
                Inbound::Subscribed => {
                    is_subscribed = true;
                    continue;
                }
            };
            let topic = String::from_utf8_lossy(&delivery.publish.topic).into_owned();
            unacknowledged.push(delivery.unacknowledged());
            let payload = delivery.publish.payload;
            match topic.parse::<NodeTopic>() {
                Ok(of @ NodeTopic { channel: Channel::Status, .. }) => {
                    // Only the newest counts.
                    statuses.insert((of.site, of.node), payload);
                }
                Ok(_) | Err(_) => {
                    messages.push(Message { topic, payload: payload.to_vec(), received_at });
                }
            }
        }
        let batch: Arc<[Message]> = messages.into();
        let events = if batch.is_empty() {
            None
        } else {
            // Should the database be away, the next look at them is when they are written.
            let checked = self.store.check(Arc::clone(&batch)).await.ok();
            Some(Sorted { batch, checked })
        };
        Part { unacknowledged, events, statuses, is_subscribed, received_at }
    }
}

/// Waits a moment for more messages.
async fn fill(inbox: &mut mpsc::Receiver<Inbound>, held: &mut Vec<Inbound>) {
    let until = Instant::now() + BATCH_WAIT;
    while held.len() < BATCH_MAX {
        match timeout_at(until, inbox.recv_many(held, BATCH_MAX - held.len())).await {
            Ok(taken) if taken > 0 => {}
            Ok(_) | Err(_) => return,
        }
    }
}
