//! Dropping old months of the log, where somebody has said how many are kept.

use std::time::Duration;

use store::{DropError, Month, Store};
use tokio::sync::watch;
use tracing::{info, warn};

use crate::clock;

/// How often it is looked whether a month has become too old.
const LOOK_EVERY: Duration = Duration::from_secs(3_600);

/// Under this name what was dropped is written down.
const BY: &str = "log_keep_months";

/// Drops every month of the log before the last `keep` ones, the running one among them, until the hub stops.
pub(crate) async fn run(store: Store, keep: Option<u32>, mut stopping: watch::Receiver<bool>) {
    let Some(keep) = keep else { return };
    loop {
        let now = clock::now();
        match store.log_drop_before(Month::of(now).plus(1 - i64::from(keep)), BY, now).await {
            Ok(dropped) => {
                for month in dropped {
                    info!(month = %month.month, events = month.events, "an old month of the log was dropped");
                }
            }
            Err(error @ DropError::OneTable) => {
                warn!(error = &error as &dyn std::error::Error, "log_keep_months has no effect");
                return;
            }
            Err(error) => warn!(error = &error as &dyn std::error::Error, "old months of the log stay for now"),
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            _ = stopping.wait_for(|stop| *stop) => return,
        }
    }
}
