//! Throws revoked nodes off the broker, and keeps the list of revoked certificates up to date, also for revocations by
//! another process.
//!
//! A broker asks for the list when a client comes, not while it is there. Whoever connects under a client's name takes
//! that client's place, so the hub does that for a moment, on its own listener, where it may choose any name.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use domain::{NodeId, SiteId};
use rumqttc::v5::mqttbytes::v5::Packet;
use rumqttc::v5::{AsyncClient, Event};
use store::{Store, StoreError};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout};
use tracing::{info, warn};

use super::Enrolment;
use crate::broker::BrokerConfig;
use crate::clock;

/// How often the database is asked whether somebody was revoked.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// How soon a revoked node that came back is thrown out again.
const AGAIN_AFTER: Duration = Duration::from_secs(10);

/// Longest time for throwing one client out.
const THROW_MAX: Duration = Duration::from_secs(5);

/// Nodes that were heard of and wait to be thrown out; more are told again by their next message.
pub(crate) const HEARD_MAX: usize = 64;

/// The task that throws them out.
pub(crate) struct Bouncer {
    pub(crate) store: Store,
    pub(crate) broker: BrokerConfig,
    pub(crate) enrolment: Option<Arc<Enrolment>>,
    /// Revoked nodes that were heard of.
    pub(crate) heard: mpsc::Receiver<NodeId>,
}

impl Bouncer {
    /// Runs until `stopping` becomes true.
    pub(crate) async fn run(mut self, mut stopping: watch::Receiver<bool>) {
        let mut known: Option<BTreeSet<NodeId>> = None;
        let mut thrown: BTreeMap<NodeId, Instant> = BTreeMap::new();
        let mut works = true;
        loop {
            match self.look(&mut known, &mut thrown).await {
                Ok(()) => works = true,
                Err(error) => {
                    if std::mem::replace(&mut works, false) {
                        let error = &error as &dyn std::error::Error;
                        warn!(error, "which nodes are revoked cannot be read; trying again");
                    }
                }
            }
            let heard = tokio::select! {
                _ = stopping.wait_for(|stop| *stop) => return,
                Some(node) = self.heard.recv() => Some(node),
                () = tokio::time::sleep(LOOK_EVERY) => None,
            };
            if let Some(node) = heard {
                self.throw_again(&node, &mut thrown).await;
            }
        }
    }

    async fn look(
        &self,
        known: &mut Option<BTreeSet<NodeId>>,
        thrown: &mut BTreeMap<NodeId, Instant>,
    ) -> Result<(), StoreError> {
        let revoked: BTreeSet<_> = self.store.revocations().await?.into_iter().map(|row| row.node).collect();
        if known.as_ref() == Some(&revoked) {
            return Ok(());
        }
        if let Some(enrolment) = &self.enrolment
            && let Err(error) = enrolment.write_revoked(&self.store, clock::now()).await
        {
            let error = &error as &dyn std::error::Error;
            warn!(error, "the list of revoked certificates cannot be written: brokers still take them");
        }
        // At the start all of them: the hub may have been away when they were revoked.
        for node in &revoked {
            if known.as_ref().is_none_or(|known| !known.contains(node)) {
                self.throw_again(node, thrown).await;
            }
        }
        *known = Some(revoked);
        Ok(())
    }

    async fn throw_again(&self, node: &NodeId, thrown: &mut BTreeMap<NodeId, Instant>) {
        if thrown.get(node).is_some_and(|at| at.elapsed() < AGAIN_AFTER) {
            return;
        }
        thrown.insert(node.clone(), Instant::now());
        let site = match self.store.node_get(node).await {
            Ok(Some(registered)) => registered.site,
            Ok(None) | Err(_) => return,
        };
        for name in names(&site, node) {
            match timeout(THROW_MAX, throw(&self.broker, &name)).await {
                Ok(Ok(())) => info!(%node, client = name, "a revoked node was thrown off the broker"),
                Ok(Err(error)) => warn!(%node, %error, "a revoked node cannot be thrown off the broker"),
                Err(_) => warn!(%node, "a revoked node cannot be thrown off the broker: no answer in time"),
            }
        }
    }
}

/// The names under which a broker knows a node: that of its certificate where clients are named by it, and the one that
/// nodes give themselves.
fn names(site: &SiteId, node: &NodeId) -> [String; 2] {
    [node.to_string(), format!("gatehouse-{site}-{node}")]
}

async fn throw(broker: &BrokerConfig, client_id: &str) -> Result<(), String> {
    let own = BrokerConfig { client_id: client_id.to_owned(), ..broker.clone() };
    let mut options = own.options();
    options.set_clean_start(true).set_session_expiry_interval(None).set_manual_acks(false);
    let (client, mut events) = AsyncClient::new(options, 1);
    loop {
        match events.poll().await {
            Ok(Event::Incoming(Packet::ConnAck(_))) => {
                // The place is taken; how this connection ends does not matter.
                if client.try_disconnect().is_ok() {
                    let _ = events.poll().await;
                }
                return Ok(());
            }
            Ok(_) => {}
            Err(error) => return Err(error.to_string()),
        }
    }
}
