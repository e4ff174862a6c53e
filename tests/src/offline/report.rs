//! What came of days without a broker.

use std::time::Duration;

use store::{Store, StoredEvent};
use wire::{BlobHash, EventId};

use crate::hub_log;

/// Pictures that are asked for at a time.
const PAGE: usize = 1_000;

/// Most findings of one kind that are told.
const FINDINGS_MAX: usize = 10;

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// Simulated hours.
    pub hours: u32,
    /// Starts of the node's program without a broker.
    pub starts: u32,
    /// Events that waited when the broker came.
    pub backlog: u64,
    /// Bytes of their envelopes.
    pub backlog_bytes: u64,
    /// Size of the outbox's file.
    pub outbox_bytes: u64,
    /// Pictures that waited.
    pub pictures: u64,
    /// Their bytes.
    pub picture_bytes: u64,
    /// Time that all of this took to be kept, starts included.
    pub writing: Duration,
    /// From the start of the node until the hub had committed every event.
    pub delivering: Duration,
    /// From there until the hub had every picture.
    pub pictures_after: Duration,
    /// Events that still wait at the node although all are delivered.
    pub waits_after: u64,
    /// Events that the hub does not have.
    pub lost: Vec<EventId>,
    /// Events that it has more than once.
    pub doubled: Vec<EventId>,
    /// Pictures that it does not have.
    pub pictures_lost: usize,
    /// Passages in its log, and the sum of its counts.
    pub passages: (u64, u64),
    /// Everything else that is not as it should be.
    pub findings: Vec<String>,
}

impl Report {
    /// Whether everything is as it should be.
    pub fn is_clean(&self) -> bool {
        let nothing_lost = self.lost.is_empty() && self.doubled.is_empty() && self.pictures_lost == 0;
        let something_done = self.backlog > 0 && self.passages.0 > 0;
        let sound = self.findings.is_empty() && self.passages.0 == self.passages.1 && self.waits_after == 0;
        nothing_lost && something_done && sound
    }

    /// Holds the hub's store against what the node was given, and against the number of its last event.
    pub(super) async fn judge(&mut self, store: &Store, kept: &[EventId], pictures: &[BlobHash], head: u64) {
        let log = hub_log::read(store).await;
        self.held_against(&log, kept, head);
        let mut missing = pictures.len();
        for some in pictures.chunks(PAGE) {
            missing -= store.blobs_stored(some).await.expect("the database can be read").len();
        }
        self.pictures_lost = missing;
        self.findings.extend(hub_log::troubles(store).await);
        let counted = hub_log::counts(store).await.iter().map(|row| row.count).sum();
        self.passages = (hub_log::passages(&log), counted);
    }

    /// Whether the log has what was kept, once each and in the order in which it was kept.
    fn held_against(&mut self, log: &[StoredEvent], kept: &[EventId], head: u64) {
        (self.lost, self.doubled) = hub_log::lost_and_doubled(log, kept);
        let (breaks, last) = hub_log::breaks(log.iter().map(|event| (event.seq, event.prev, event.hash)));
        let told = |(before, seq)| format!("event {seq} came after event {before}, or does not continue it");
        let mut findings: Vec<_> = breaks.into_iter().map(told).collect();
        if last != head {
            findings.push(format!("the hub's log ends at event {last}, the node's at {head}"));
        }
        let wanted: std::collections::BTreeSet<_> = kept.iter().collect();
        let order = log.iter().map(|event| event.id).filter(|id| wanted.contains(id));
        if !order.eq(kept.iter().copied()) {
            findings.push("the hub has the events in another order than they happened in".to_owned());
        }
        findings.truncate(FINDINGS_MAX);
        self.findings.extend(findings);
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seconds = |time: Duration| format!("{:.1}", time.as_secs_f64());
        let megabytes = |bytes: u64| format!("{:.1}", bytes as f64 / 1e6);
        for (name, value) in [
            ("simulated hours without a broker", self.hours.to_string()),
            ("starts of the node in these hours", self.starts.to_string()),
            ("events that waited", self.backlog.to_string()),
            ("  their envelopes, MB", megabytes(self.backlog_bytes)),
            ("  the outbox's file, MB", megabytes(self.outbox_bytes)),
            ("pictures that waited", self.pictures.to_string()),
            ("  their bytes, MB", megabytes(self.picture_bytes)),
            ("kept within, s", seconds(self.writing)),
            ("delivered: every event, s", seconds(self.delivering)),
            ("delivered: every picture too, s", seconds(self.pictures_after)),
            ("lost", self.lost.len().to_string()),
            ("doubled", self.doubled.len().to_string()),
            ("pictures lost", self.pictures_lost.to_string()),
            ("still at the node", self.waits_after.to_string()),
            ("passages in the log / in the counts", format!("{} / {}", self.passages.0, self.passages.1)),
            ("order, chain, alarms", if self.findings.is_empty() { "sound" } else { "NOT SOUND" }.into()),
        ] {
            writeln!(f, "{name:<44} {value:>13}")?;
        }
        for finding in &self.findings {
            writeln!(f, "{finding}")?;
        }
        Ok(())
    }
}
