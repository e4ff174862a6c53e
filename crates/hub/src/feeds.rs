//! What the hub hands on by itself: webhooks, counts for whoever reads the broker, entities for an operations centre.

pub mod config;

mod address;
pub(crate) mod client;
pub(crate) mod counts;
pub(crate) mod courier;
pub(crate) mod ngsi;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use domain::{GateId, SiteId};
use store::{Store, StoredEvent};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use wire::Payload;

use crate::clock;
use crate::link::Link;
use crate::live::Live;
use crate::metrics::Metrics;
use crate::reporting::Scheduler;
use crate::silence::Watchman;
use config::{CountTopics, FeedsConfig};
use counts::CountTeller;
use courier::Courier;

pub(crate) use address::check_url;

/// What the feeds need of a hub that starts.
pub(crate) struct Hub<'a> {
    pub(crate) store: &'a Store,
    pub(crate) link: &'a Link,
    pub(crate) live: &'a Live,
    pub(crate) metrics: &'a Metrics,
    pub(crate) stopping: &'a watch::Receiver<bool>,
}

/// The name of this run of the hub among those that share a database.
fn owner() -> String {
    let mut bytes = [0; 8];
    match getrandom::fill(&mut bytes) {
        Ok(()) => hex::encode(bytes),
        // Two hubs of one database on one machine never have both in common.
        Err(_) => format!("{}-{}", std::process::id(), clock::now().as_unix_micros()),
    }
}

/// What the feeds hear of new events. Bounded by the number of gates.
#[derive(Debug, Clone, Default)]
pub(crate) struct Feeds {
    committed: Arc<Notify>,
    gates: Arc<Mutex<BTreeSet<(SiteId, GateId)>>>,
}

impl Feeds {
    /// Starts everything that the hub does by itself besides taking events in.
    pub(crate) fn start(&self, config: &FeedsConfig, hub: &Hub<'_>) -> JoinSet<()> {
        let Hub { store, link, live, metrics, stopping } = hub;
        let mut tasks = JoinSet::new();
        let courier = Courier {
            store: (*store).clone(),
            feeds: self.clone(),
            rules: config.webhooks.clone(),
            metrics: (*metrics).clone(),
            owner: owner(),
        };
        tasks.spawn(courier.run((*stopping).clone()));
        let watchman = Watchman {
            store: (*store).clone(),
            live: (*live).clone(),
            link: (*link).clone(),
            silence: config.node_silence,
        };
        tasks.spawn(watchman.run((*stopping).clone()));
        let scheduler = Scheduler { store: (*store).clone(), rules: config.reports.clone() };
        tasks.spawn(scheduler.run((*stopping).clone()));
        if config.count_topics == CountTopics::Published {
            let teller = CountTeller { store: (*store).clone(), feeds: self.clone(), link: (*link).clone() };
            tasks.spawn(teller.run((*stopping).clone()));
        }
        tasks
    }

    /// Tells of events that were just committed.
    pub(crate) fn committed(&self, events: &[StoredEvent]) {
        if events.is_empty() {
            return;
        }
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        for event in events {
            if let Some(Payload::Passed(passed)) = &event.payload {
                gates.insert((event.site.clone(), passed.what.gate.clone()));
            }
        }
        drop(gates);
        self.committed.notify_waiters();
    }

    /// Waits for new events.
    pub(crate) async fn more(&self) {
        self.committed.notified().await;
    }

    /// Tries again at once, as after a hook was added.
    pub(crate) fn wake(&self) {
        self.committed.notify_waiters();
    }

    fn gates_take(&self) -> BTreeSet<(SiteId, GateId)> {
        std::mem::take(&mut *self.gates.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn gates_put_back(&self, gates: impl IntoIterator<Item = (SiteId, GateId)>) {
        self.gates.lock().unwrap_or_else(PoisonError::into_inner).extend(gates);
    }
}
