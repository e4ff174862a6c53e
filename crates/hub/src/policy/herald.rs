//! Tells nodes which policy is wanted of them: when one is published, also by another process, and anew whenever the
//! broker was away, which may have forgotten.

use std::collections::HashMap;
use std::time::Duration;

use domain::NodeId;
use store::{PolicyMark, Store, StoreError, WantedRow};
use tokio::sync::watch;
use tracing::{info, warn};
use wire::{Channel, NodeTopic};

use crate::link::{Handed, Link};

/// How often the database is asked whether something was published. One small query, and half of it on average is what
/// this adds to the time after which a revoked permit is gone.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// The task that tells them.
pub(crate) struct Herald {
    pub(crate) store: Store,
    pub(crate) link: Link,
}

/// What was told over the connection that there is.
#[derive(Debug, Default)]
struct Told {
    /// Number of the connection's subscription; 0 before the first.
    subscription: u64,
    mark: Option<PolicyMark>,
    /// By node, the policy's order of publication.
    policies: HashMap<NodeId, u64>,
}

impl Herald {
    /// Runs until `stopping` becomes true.
    pub(crate) async fn run(self, mut stopping: watch::Receiver<bool>) {
        let mut subscriptions = self.link.subscriptions();
        let mut told = Told::default();
        let mut works = true;
        loop {
            let subscription = *subscriptions.borrow_and_update();
            if subscription != told.subscription {
                told = Told { subscription, ..Told::default() };
            }
            if subscription > 0 {
                match self.tell(&mut told).await {
                    Ok(()) => works = true,
                    Err(error) => {
                        if std::mem::replace(&mut works, false) {
                            let error = &error as &dyn std::error::Error;
                            warn!(error, "which policies are wanted cannot be read; trying again");
                        }
                    }
                }
            }
            tokio::select! {
                _ = stopping.wait_for(|stop| *stop) => return,
                Ok(()) = subscriptions.changed() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    async fn tell(&self, told: &mut Told) -> Result<(), StoreError> {
        let mark = self.store.policies_mark().await?;
        if told.mark == Some(mark) {
            return Ok(());
        }
        for WantedRow { site, node, policy, wanted } in self.store.policies_wanted().await? {
            if told.policies.get(&node) == Some(&policy) {
                continue;
            }
            let topic = NodeTopic { site, node, channel: Channel::Policy };
            match self.link.publish_retained(topic.to_string(), wanted) {
                Handed::Done => {
                    info!(site = %topic.site, node = %topic.node, policy, "the node is told which policy is wanted");
                    told.policies.insert(topic.node, policy);
                }
                // The mark stays the old one, so the rest is told at the next look.
                Handed::Later => return Ok(()),
            }
        }
        told.mark = Some(mark);
        Ok(())
    }
}
