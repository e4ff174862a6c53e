//! What came of a campaign of kills.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use store::{Store, StoredEvent};
use wire::EventId;

use super::Victim;
use crate::hub_log;

/// Kills of one program.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Kills {
    /// All.
    pub total: u32,
    /// Of these, kills of a program that did its work already: an edge that had kept events, a hub that served, a
    /// broker that listened. The others fell into its start.
    pub at_work: u32,
    /// Of these, deaths at the very system call that was drawn.
    pub at_call: u32,
    /// Of these, kills while a thread was inside a flush of a file.
    pub in_flush: u32,
}

/// What came of a campaign.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Kills by program.
    pub kills: BTreeMap<Victim, Kills>,
    /// Events that the hub had committed when the last kill was over: what was delivered under fire.
    pub committed_under_fire: u64,
    /// Events that the edge told of, each after it was safe.
    pub told: usize,
    /// Events in the hub's log. More than were told: starts of the program, and what a kill kept from being told.
    pub stored: usize,
    /// Events that were told and are not in the hub's log.
    pub lost: Vec<EventId>,
    /// Events that are in the hub's log more than once.
    pub doubled: Vec<EventId>,
    /// Passages in the hub's log, and the sum of the hub's counts.
    pub passages: (u64, u64),
    /// Everything else that is not as it should be.
    pub findings: Vec<String>,
    /// Time from the first start to the last kill.
    pub under_fire: Duration,
    /// Time from there to the hub's last receipt.
    pub settling: Duration,
}

impl Report {
    /// Whether everything is as it should be.
    pub fn is_clean(&self) -> bool {
        self.lost.is_empty()
            && self.doubled.is_empty()
            && self.findings.is_empty()
            && self.passages.0 == self.passages.1
            && self.told > 0
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{:<24} {:>8} {:>8} {:>14} {:>16}", "", "kills", "at work", "at a call", "inside a flush")?;
        for (victim, kills) in &self.kills {
            let Kills { total, at_work, at_call, in_flush } = kills;
            writeln!(f, "{:<24} {total:>8} {at_work:>8} {at_call:>14} {in_flush:>16}", victim.as_str())?;
        }
        let passages = format!("{} / {}", self.passages.0, self.passages.1);
        for (name, value) in [
            ("events told by the edge", self.told.to_string()),
            ("events in the hub's log", self.stored.to_string()),
            ("  of these before the last kill", self.committed_under_fire.to_string()),
            ("lost", self.lost.len().to_string()),
            ("doubled", self.doubled.len().to_string()),
            ("passages in the log / in the counts", passages),
            (
                "chain, counts after a rebuild, alarms",
                if self.findings.is_empty() { "sound" } else { "NOT SOUND" }.into(),
            ),
            ("under fire, s", format!("{:.1}", self.under_fire.as_secs_f64())),
            ("settling, s", format!("{:.1}", self.settling.as_secs_f64())),
        ] {
            writeln!(f, "{name:<44} {value:>8}")?;
        }
        for finding in &self.findings {
            writeln!(f, "{finding}")?;
        }
        Ok(())
    }
}

impl Report {
    /// Holds the hub's store against what was told, and against the number of the node's last event.
    pub(super) async fn judge(&mut self, store: &Store, told: &[EventId], head: u64) {
        let log = hub_log::read(store).await;
        self.held_against(&log, told);
        self.findings.extend(chain_findings(&log, head));
        self.findings.extend(store_findings(store, &log, &mut self.passages).await);
    }

    fn held_against(&mut self, log: &[StoredEvent], told: &[EventId]) {
        self.stored = log.len();
        (self.lost, self.doubled) = hub_log::lost_and_doubled(log, told);
        let twice = told.len() - told.iter().collect::<BTreeSet<_>>().len();
        if twice > 0 {
            self.findings.push(format!("the edge gave {twice} ids twice"));
        }
    }
}

/// Whether the node's events are 1 to `head` without a gap, each naming the one before.
fn chain_findings(log: &[StoredEvent], head: u64) -> Vec<String> {
    let mut chain: Vec<_> = log.iter().map(|event| (event.seq, event.prev, event.hash)).collect();
    chain.sort_by_key(|(seq, ..)| *seq);
    let (breaks, last) = hub_log::breaks(chain);
    let mut findings: Vec<_> =
        breaks.into_iter().map(|(before, seq)| format!("event {seq} does not follow event {before}")).collect();
    if last != head {
        findings.push(format!("the hub's log ends at event {last}, the node's at {head}"));
    }
    findings
}

async fn store_findings(store: &Store, log: &[StoredEvent], passages: &mut (u64, u64)) -> Vec<String> {
    let mut findings = hub_log::troubles(store).await;
    let before = hub_log::counts(store).await;
    *passages = (hub_log::passages(log), before.iter().map(|row| row.count).sum());
    store.rebuild().await.expect("the log can be folded again");
    if hub_log::counts(store).await != before {
        findings.push("the counts are others after a rebuild".to_owned());
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edge::NODE;
    use domain::{ClockQuality, NodeId, SiteId, UtcTime};
    use wire::EventHash;

    /// Events 1 to `count` of a sound log.
    fn log(count: u8) -> Vec<StoredEvent> {
        let hash = |number: u8| if number == 0 { EventHash::GENESIS } else { EventHash::from_bytes([number; 32]) };
        let event = |number: u8| StoredEvent {
            pos: u64::from(number),
            site: SiteId::new("s").expect("a slug"),
            node: NodeId::new(NODE).expect("a slug"),
            seq: u64::from(number),
            id: EventId::derive(UtcTime::UNIX_EPOCH, &[0; 16], u64::from(number)),
            at: UtcTime::UNIX_EPOCH,
            clock: ClockQuality::MEDIA,
            kind: "passed".to_owned(),
            payload: None,
            hash: hash(number),
            prev: hash(number - 1),
            received_at: UtcTime::UNIX_EPOCH,
        };
        (1..=count).map(event).collect()
    }

    #[test]
    fn a_lost_and_a_doubled_event_are_noticed() {
        let told: Vec<_> = log(5).iter().map(|event| event.id).collect();
        let mut report = Report::default();
        report.held_against(&log(5), &told);
        assert!(report.lost.is_empty() && report.doubled.is_empty() && report.findings.is_empty());

        let mut broken = log(5);
        broken.remove(1);
        broken.push(broken[2].clone());
        report.held_against(&broken, &told);
        assert_eq!((report.lost, report.doubled), (vec![told[1]], vec![told[3]]));
    }

    #[test]
    fn a_gap_a_break_and_a_missing_end_of_the_chain_are_noticed() {
        assert_eq!(chain_findings(&log(5), 5), [""; 0]);
        assert_eq!(chain_findings(&log(5), 6), ["the hub's log ends at event 5, the node's at 6"]);
        let mut gap = log(5);
        gap.remove(2);
        assert_eq!(chain_findings(&gap, 5), ["event 4 does not follow event 2"]);
        let mut broken = log(5);
        broken[3].prev = EventHash::GENESIS;
        assert_eq!(chain_findings(&broken, 5), ["event 4 does not follow event 3"]);
    }
}
