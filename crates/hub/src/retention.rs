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

/// A hub whose clock is so far ahead of the newest events deletes nothing by itself: more likely its clock is wrong than
/// that nothing has happened anywhere for so long, and what is deleted does not come back.
const AHEAD_MAX: Duration = Duration::from_secs(31 * 24 * 3_600);

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
        let is_plausible = match store.event_newest_at().await {
            Ok(newest) => is_plausible(now, newest),
            Err(error) => {
                warn!(error = &error as &dyn std::error::Error, "what is too old stays for now");
                false
            }
        };
        if let Some(rules) = rules.as_ref().filter(|_| is_plausible) {
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
            && is_plausible
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

/// Whether it may be as late as the hub's clock says, where the newest events are of this moment.
fn is_plausible(now: UtcTime, newest: Option<UtcTime>) -> bool {
    let ahead = newest.map_or(Duration::ZERO, |newest| now.since(newest));
    if ahead > AHEAD_MAX {
        warn!(
            days = ahead.as_secs() / (24 * 3_600),
            "the newest events are this old by the hub's clock: nothing is deleted until it is right or events come; \
             `gatehouse-hub retention run` deletes all the same"
        );
    }
    ahead <= AHEAD_MAX
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_jumps_ahead_deletes_nothing() {
        let at = |text: &str| text.parse::<UtcTime>().expect("a moment");
        let newest = Some(at("2026-11-22T04:00:00Z"));
        assert!(is_plausible(at("2026-11-22T05:00:00Z"), newest));
        assert!(is_plausible(at("2026-12-20T05:00:00Z"), newest), "a quiet month");
        assert!(!is_plausible(at("2027-11-22T05:00:00Z"), newest), "a year");
        assert!(is_plausible(at("2020-01-01T00:00:00Z"), newest), "one that is behind deletes less");
        assert!(is_plausible(at("2027-11-22T05:00:00Z"), None), "there is nothing to delete");
    }
}
