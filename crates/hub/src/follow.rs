//! What other hubs on the same database take in, told to this one's watchers.
//!
//! Only where the database is shared. Then everything that was committed is read from the log, in its order, also what
//! this hub took in itself: so whoever watches sees the same at every hub, and can resume at another one. While nobody
//! watches it is not read: that would cost as much as taking it in.

use std::time::Duration;

use store::{Signal, Signals, Store, StoreError};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};
use tracing::{info, warn};

use crate::live::Live;

/// How often the log is looked at although nobody said that it became longer.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// How often it is noted where the log ends while nobody watches: whoever begins to is told of no more than was added since.
const NOTE_EVERY: Duration = Duration::from_millis(100);

/// Wait before listening is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Events read from the log at a time.
const PAGE_EVENTS: u32 = 500;

/// The task that follows the log.
pub(crate) struct Follow {
    pub(crate) store: Store,
    pub(crate) live: Live,
}

impl Follow {
    /// Follows the log until `stopping` becomes true.
    pub(crate) async fn run(self, mut stopping: watch::Receiver<bool>) {
        if !self.store.is_shared() {
            return;
        }
        tokio::select! {
            () = self.follow() => {}
            _ = stopping.wait_for(|stop| *stop) => {}
        }
    }

    async fn follow(self) {
        let mut told = None;
        let mut has_failed = false;
        loop {
            let Err(error) = self.listen(&mut told, &mut has_failed).await else { continue };
            if !has_failed {
                has_failed = true;
                warn!(error = &error as &dyn std::error::Error, "cannot follow the log; watchers see no new events");
            }
            tokio::time::sleep(RETRY_AFTER).await;
        }
    }

    async fn listen(&self, told: &mut Option<u64>, has_failed: &mut bool) -> Result<(), StoreError> {
        // Listening begins before the log is read, so that nothing falls in between.
        let Some(mut signals) = self.store.signals().await? else { return Ok(()) };
        if told.is_none() {
            *told = Some(self.store.event_last_pos().await?);
        }
        loop {
            self.read_on(told).await?;
            if std::mem::take(has_failed) {
                info!("the log is followed again");
            }
            self.wait(&mut signals).await?;
        }
    }

    async fn wait(&self, signals: &mut Signals) -> Result<(), StoreError> {
        let began = Instant::now();
        loop {
            match timeout_at(began + LOOK_EVERY, signals.next()).await {
                Ok(Ok(Signal::Node(node))) => self.live.node_changed(&node),
                Ok(Ok(Signal::Log)) if !self.live.is_watched() && began.elapsed() < NOTE_EVERY => {}
                Ok(Ok(Signal::Log)) | Err(_) => return Ok(()),
                Ok(Err(error)) => return Err(error),
            }
        }
    }

    async fn read_on(&self, told: &mut Option<u64>) -> Result<(), StoreError> {
        loop {
            // Looked at before it is asked whether anybody watches: whoever begins to in between is told of what comes
            // after it.
            let last = self.store.event_last_pos().await?;
            if !self.live.is_watched() {
                *told = Some(last);
                return Ok(());
            }
            let events = self.store.events_after(told.unwrap_or(0), PAGE_EVENTS).await?;
            self.live.committed(&events);
            match events.last() {
                Some(last) => *told = Some(last.pos),
                None => return Ok(()),
            }
            if events.len() < PAGE_EVENTS as usize {
                return Ok(());
            }
        }
    }
}
