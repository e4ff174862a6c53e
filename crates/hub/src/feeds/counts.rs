//! Counts for whoever reads the broker: one retained message per gate, `gatehouse/v1/{site}/counts/{gate}`.
//!
//! Sums of today and how many are inside; nothing that points at a person. Told anew when they change, a few times a
//! minute at most, and all of them when a day begins.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::{CountGroup, GateId, SiteId, UtcTime};
use projections::{GroupToday, LocalDay};
use serde::Serialize;
use store::{GateRow, Store, StoreError};
use tokio::sync::watch;
use tracing::warn;
use wire::topic::counts_topic;

use super::Feeds;
use crate::clock;
use crate::link::{Handed, Link};

/// How often a gate is told of at most.
const TELL_EVERY: Duration = Duration::from_secs(5);

/// More gates than this are read all at once.
const GATES_ONE_BY_ONE_MAX: usize = 16;

/// Tells counts.
pub(crate) struct CountTeller {
    pub(crate) store: Store,
    pub(crate) feeds: Feeds,
    pub(crate) link: Link,
}

/// What is told of a gate.
#[derive(Debug, Serialize)]
struct Counts<'a> {
    v: u32,
    site: &'a SiteId,
    gate: &'a GateId,
    /// When these were the counts.
    at: UtcTime,
    /// When the day began, at midnight in Asia/Ho_Chi_Minh.
    day_start: UtcTime,
    person: Group,
    vehicle: Group,
}

/// Today's passages of a group, and how many are inside.
#[derive(Debug, Serialize)]
struct Group {
    #[serde(rename = "in")]
    entered: u64,
    #[serde(rename = "out")]
    left: u64,
    inside: u64,
}

impl CountTeller {
    /// Tells until the hub stops.
    pub(crate) async fn run(self, mut stopping: watch::Receiver<bool>) {
        let mut subscriptions = self.link.subscriptions();
        let (mut day, mut times) = (None, 0);
        let mut has_failed = false;
        loop {
            tokio::select! {
                () = tokio::time::sleep(TELL_EVERY) => {}
                _ = stopping.wait_for(|stop| *stop) => return,
            }
            let now = clock::now();
            // A broker that was restarted may have forgotten what it retained.
            let granted = *subscriptions.borrow_and_update();
            if granted == 0 {
                continue;
            }
            let all = day != Some(LocalDay::of(now)) || times != granted;
            let changed = self.feeds.gates_take();
            match self.tell(now, all, &changed).await {
                Ok(()) => {
                    (day, times) = (Some(LocalDay::of(now)), granted);
                    has_failed = false;
                }
                Err(error) => {
                    self.feeds.gates_put_back(changed);
                    if !has_failed {
                        warn!(error = &error as &dyn std::error::Error, "cannot read the counts that are published");
                    }
                    has_failed = true;
                }
            }
        }
    }

    async fn tell(&self, now: UtcTime, all: bool, changed: &BTreeSet<(SiteId, GateId)>) -> Result<(), StoreError> {
        let mut rows = Vec::new();
        if all || changed.len() > GATES_ONE_BY_ONE_MAX {
            rows = self.store.gates(None, now).await?;
            rows.retain(|row| all || changed.contains(&(row.site.clone(), row.gate.clone())));
        } else {
            for (site, gate) in changed {
                rows.extend(self.store.gates(Some((site, gate)), now).await?);
            }
        }
        for row in rows {
            let Some(topic) = counts_topic(&row.site, &row.gate) else { continue };
            let payload = serde_json::to_vec(&counts(&row, now)).expect("counts have text keys and no failing parts");
            match self.link.publish_retained(topic, payload) {
                Handed::Done => {}
                Handed::Later => self.feeds.gates_put_back([(row.site, row.gate)]),
            }
        }
        Ok(())
    }
}

fn counts(row: &GateRow, now: UtcTime) -> Counts<'_> {
    let day_start = UtcTime::from_unix_micros(LocalDay::of(now).start_minute() * 60_000_000);
    let group = |group: CountGroup, GroupToday { entered, left }| {
        let inside = row.inside.iter().find(|row| row.group == group).map_or(0, |row| row.inside.count);
        Group { entered, left, inside }
    };
    Counts {
        v: 1,
        site: &row.site,
        gate: &row.gate,
        at: now,
        day_start: day_start.unwrap_or(now),
        person: group(CountGroup::Person, row.today.person),
        vehicle: group(CountGroup::Vehicle, row.today.vehicle),
    }
}
