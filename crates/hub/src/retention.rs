//! Deleting what is too old: media and rows by the rules of `[retention]`, months of the log where somebody has said how
//! many are kept.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::UtcTime;
use store::{BlobError, DropError, Month, RetentionBatch, RetentionClass, Store};
use tokio::sync::watch;
use tracing::{info, warn};

use crate::clock;

/// How often it is looked whether something has become too old.
const LOOK_EVERY: Duration = Duration::from_secs(3_600);

/// Under this name dropped months are written down.
const BY_MONTHS: &str = "log_keep_months";

/// Under this name the hub's own deletions are written down.
const BY_RULES: &str = "hub, by its rules";

/// How long a class is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetentionRule {
    /// The class.
    pub class: RetentionClass,
    /// So many days; nothing where it is kept for ever.
    pub days: Option<u32>,
}

/// What was deleted at once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Deleted {
    /// How many of each class.
    pub counts: BTreeMap<RetentionClass, u64>,
    /// Media whose bytes were removed.
    pub blobs: u64,
    /// Whether another hub was deleting, so that nothing was done for now.
    pub is_busy: bool,
}

/// Deletes everything that is too old by these rules, in batches, until there is no more or `is_stopping` says so. What an
/// earlier one left behind is finished first.
pub async fn delete_due(
    store: &Store,
    rules: &[RetentionRule],
    by: &str,
    now: UtcTime,
    is_stopping: impl Fn() -> bool,
) -> Result<Deleted, BlobError> {
    let mut deleted = Deleted { blobs: bytes_remove(store, &is_stopping).await?, ..Deleted::default() };
    for RetentionRule { class, days } in rules {
        let Some(days) = days else { continue };
        loop {
            if is_stopping() {
                return Ok(deleted);
            }
            match store.retention_batch(*class, *days, by, now).await? {
                RetentionBatch::Busy => {
                    deleted.is_busy = true;
                    return Ok(deleted);
                }
                RetentionBatch::Done { deleted: count, is_more } => {
                    if count > 0 {
                        *deleted.counts.entry(*class).or_default() += count;
                    }
                    deleted.blobs += bytes_remove(store, &is_stopping).await?;
                    if !is_more {
                        break;
                    }
                }
            }
        }
    }
    Ok(deleted)
}

async fn bytes_remove(store: &Store, is_stopping: impl Fn() -> bool) -> Result<u64, BlobError> {
    let mut removed = 0;
    while !is_stopping() {
        match store.blobs_remove().await? {
            0 => break,
            batch => removed += batch,
        }
    }
    Ok(removed)
}

/// Deletes what is too old, until the hub stops.
pub(crate) async fn run(
    store: Store,
    keep_months: Option<u32>,
    rules: Option<Vec<RetentionRule>>,
    mut stopping: watch::Receiver<bool>,
) {
    let mut keep_months = keep_months;
    if keep_months.is_none() && rules.is_none() {
        return;
    }
    loop {
        let now = clock::now();
        if let Some(rules) = &rules {
            match delete_due(&store, rules, BY_RULES, now, || *stopping.borrow()).await {
                Ok(deleted) => {
                    for (class, count) in deleted.counts {
                        info!(class = class.as_str(), count, "what was too old was deleted");
                    }
                }
                Err(error) => warn!(error = &error as &dyn std::error::Error, "what is too old stays for now"),
            }
        }
        if let Some(keep) = keep_months
            && let Err(DropError::OneTable) = drop_months(&store, keep, now).await
        {
            warn!(error = &DropError::OneTable as &dyn std::error::Error, "log_keep_months has no effect");
            keep_months = None;
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            _ = stopping.wait_for(|stop| *stop) => return,
        }
    }
}

/// Drops every month of the log before the last `keep` ones, the running one among them.
async fn drop_months(store: &Store, keep: u32, now: UtcTime) -> Result<(), DropError> {
    match store.log_drop_before(Month::of(now).plus(1 - i64::from(keep)), BY_MONTHS, now).await {
        Ok(dropped) => {
            for month in dropped {
                info!(month = %month.month, events = month.events, "an old month of the log was dropped");
            }
            Ok(())
        }
        Err(error @ DropError::OneTable) => Err(error),
        Err(error) => {
            warn!(error = &error as &dyn std::error::Error, "old months of the log stay for now");
            Ok(())
        }
    }
}
