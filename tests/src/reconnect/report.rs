//! What came of a province that came back at once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use domain::NodeId;
use store::Store;
use wire::{EventHash, Payload};

use crate::hub_log;

/// Most findings that are told.
const FINDINGS_MAX: usize = 10;

/// Most memory that the hub may need, however many come back: 256 MiB. Its queues are bounded by number, and this is
/// what they hold at most with events of the usual size.
pub const HUB_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// Nodes.
    pub nodes: u32,
    /// Hours for which nobody listened.
    pub hours: u32,
    /// Events that waited, all nodes together.
    pub backlog: u64,
    /// Time until they were kept.
    pub writing: Duration,
    /// From the moment at which all connect until each has the receipt for its last event.
    pub delivering: Duration,
    /// The most memory that the hub had at once.
    pub hub_bytes: u64,
    /// The most memory that the broker had at once.
    pub broker_bytes: u64,
    /// Events in the hub's log.
    pub stored: u64,
    /// Events that it has more than once.
    pub doubled: u64,
    /// Passages in its log, and the sum of its counts.
    pub passages: (u64, u64),
    /// Everything else that is not as it should be.
    pub findings: Vec<String>,
}

impl Report {
    /// Whether everything is as it should be.
    pub fn is_clean(&self) -> bool {
        let all_there = self.backlog > 0 && self.stored == self.backlog && self.doubled == 0;
        let counted = self.passages.0 > 0 && self.passages.0 == self.passages.1;
        all_there && counted && self.findings.is_empty() && self.hub_bytes <= HUB_BYTES_MAX
    }

    /// Events that the hub took in a second, receipts included.
    pub fn events_per_second(&self) -> f64 {
        self.backlog as f64 / self.delivering.as_secs_f64().max(f64::EPSILON)
    }

    /// Reads the hub's log: whether each node's chain is whole, nothing is there twice, and the counts are those that a
    /// rebuild gives.
    pub(super) async fn judge(&mut self, database: &Path, blobs: &Path) {
        let store = Store::open(database, blobs).await.expect("the hub's store");
        let mut ids = BTreeSet::new();
        let mut chains: BTreeMap<NodeId, BTreeMap<u64, (EventHash, EventHash)>> = BTreeMap::new();
        hub_log::each(&store, |event| {
            self.stored += 1;
            self.doubled += u64::from(!ids.insert(event.id));
            self.passages.0 += u64::from(matches!(event.payload, Some(Payload::Passed(_))));
            chains.entry(event.node).or_default().insert(event.seq, (event.prev, event.hash));
        })
        .await;
        for (node, chain) in chains {
            let (breaks, _) = hub_log::breaks(chain.into_iter().map(|(seq, (prev, hash))| (seq, prev, hash)));
            let told = |(before, seq)| format!("event {seq} of {node} does not continue event {before}");
            self.findings.extend(breaks.into_iter().map(told));
        }
        let counts = hub_log::counts(&store).await;
        self.passages.1 = counts.iter().map(|row| row.count).sum();
        self.findings.extend(hub_log::all_troubles(&store).await);
        store.rebuild().await.expect("the projections can be built anew");
        if hub_log::counts(&store).await != counts {
            self.findings.push("a rebuild gives other counts".to_owned());
        }
        self.findings.truncate(FINDINGS_MAX);
        store.close().await;
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let megabytes = |bytes: u64| format!("{:.1}", bytes as f64 / 1e6);
        for (name, value) in [
            ("nodes that came back at once", self.nodes.to_string()),
            ("hours that each had been alone", self.hours.to_string()),
            ("events that waited", self.backlog.to_string()),
            ("kept within, s", format!("{:.1}", self.writing.as_secs_f64())),
            ("delivered and confirmed within, s", format!("{:.1}", self.delivering.as_secs_f64())),
            ("events a second", format!("{:.0}", self.events_per_second())),
            ("the hub's memory at most, MB", megabytes(self.hub_bytes)),
            ("the broker's memory at most, MB", megabytes(self.broker_bytes)),
            ("in the hub's log", self.stored.to_string()),
            ("doubled", self.doubled.to_string()),
            ("passages in the log / in the counts", format!("{} / {}", self.passages.0, self.passages.1)),
            ("chains, alarms, rebuild", if self.findings.is_empty() { "sound" } else { "NOT SOUND" }.into()),
        ] {
            writeln!(f, "{name:<44} {value:>13}")?;
        }
        for finding in &self.findings {
            writeln!(f, "{finding}")?;
        }
        Ok(())
    }
}
