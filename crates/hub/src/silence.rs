//! Finds nodes of which nothing is heard: no event says that there is none.

use std::time::Duration;

use store::Store;
use tokio::sync::watch;
use tokio::time::Instant;
use tracing::warn;

use crate::clock;
use crate::link::Link;
use crate::live::Live;

/// How often it is looked.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Looks for silent nodes.
pub(crate) struct Watchman {
    pub(crate) store: Store,
    pub(crate) live: Live,
    pub(crate) link: Link,
    /// A node of which nothing is heard for so long is silent.
    pub(crate) silence: Duration,
}

impl Watchman {
    /// Looks until the hub stops.
    pub(crate) async fn run(self, mut stopping: watch::Receiver<bool>) {
        let mut subscriptions = self.link.subscriptions();
        let mut listening: Option<(u64, Instant)> = None;
        let every = LOOK_EVERY.min(self.silence / 4).max(Duration::from_millis(50));
        let mut has_failed = false;
        loop {
            tokio::select! {
                () = tokio::time::sleep(every) => {}
                _ = stopping.wait_for(|stop| *stop) => return,
            }
            // A hub that was away itself has heard nobody: it listens for as long before it says that somebody is silent.
            let granted = *subscriptions.borrow_and_update();
            let since = match listening {
                Some((times, since)) if times == granted => since,
                Some(_) | None => listening.insert((granted, Instant::now())).1,
            };
            if granted == 0 || since.elapsed() < self.silence {
                continue;
            }
            match self.store.silent_nodes_mark(clock::now(), self.silence).await {
                Ok(changed) => {
                    has_failed = false;
                    for alert in changed {
                        self.live.alert_changed(&alert);
                        self.live.node_changed(&alert.node);
                    }
                }
                Err(error) if !has_failed => {
                    has_failed = true;
                    warn!(error = &error as &dyn std::error::Error, "cannot look for silent nodes");
                }
                Err(_) => {}
            }
        }
    }
}
