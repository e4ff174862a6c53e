//! The hub's log after something went wrong, held against what a node kept.

use std::collections::BTreeMap;

use domain::NodeId;
use store::{CountBucket, CountRow, CountsFilter, Sites, Store, StoredEvent};
use wire::{EventHash, EventId, Payload};

use crate::edge::NODE;

/// Events read from the log at a time.
const PAGE: u32 = 1_000;

/// Most rows of a list that are read.
const ROWS_MAX: u32 = 500;

/// The log in the order in which it was committed.
pub(crate) async fn read(store: &Store) -> Vec<StoredEvent> {
    let mut log = Vec::new();
    each(store, |event| log.push(event)).await;
    log
}

/// The same, one event at a time: a large log need not be held.
pub(crate) async fn each(store: &Store, mut look: impl FnMut(StoredEvent)) {
    let mut after = 0;
    loop {
        let page = store.events_after(after, PAGE).await.expect("the log can be read");
        let Some(last) = page.last() else { return };
        after = last.pos;
        page.into_iter().for_each(&mut look);
    }
}

/// Where a chain breaks, given each event's number, the hash of the one before it and its own, in the order of the
/// numbers: the numbers on both sides of each break. And the last number.
pub(crate) fn breaks(chain: impl IntoIterator<Item = (u64, EventHash, EventHash)>) -> (Vec<(u64, u64)>, u64) {
    let (mut seq, mut hash, mut found) = (0, EventHash::GENESIS, Vec::new());
    for (number, prev, its_own) in chain {
        if number != seq + 1 || prev != hash {
            found.push((seq, number));
        }
        (seq, hash) = (number, its_own);
    }
    (found, seq)
}

/// Of the events that a node kept, those that the log does not have; and those that it has more than once.
pub(crate) fn lost_and_doubled(log: &[StoredEvent], kept: &[EventId]) -> (Vec<EventId>, Vec<EventId>) {
    let mut held: BTreeMap<EventId, u32> = BTreeMap::new();
    for event in log {
        *held.entry(event.id).or_default() += 1;
    }
    let lost = kept.iter().filter(|id| !held.contains_key(id)).copied().collect();
    (lost, held.into_iter().filter(|(_, times)| *times > 1).map(|(id, _)| id).collect())
}

/// Passages in the log.
pub(crate) fn passages(log: &[StoredEvent]) -> u64 {
    log.iter().filter(|event| matches!(event.payload, Some(Payload::Passed(_)))).count() as u64
}

/// Everything that was ever counted, minute by minute.
pub(crate) async fn counts(store: &Store) -> Vec<CountRow> {
    let to_minute = i64::from(i32::MAX);
    let always = CountsFilter { sites: Sites::All, gate: None, from_minute: 0, to_minute, bucket: CountBucket::Minute };
    store.counts(&always).await.expect("the counts can be read")
}

/// What the store says of itself that should not be: unsound rows, open alarms of the node, messages in quarantine.
pub(crate) async fn troubles(store: &Store) -> Vec<String> {
    troubles_of(store, Some(&NodeId::new(NODE).expect("a slug"))).await
}

/// The same with the alarms of all nodes.
pub(crate) async fn all_troubles(store: &Store) -> Vec<String> {
    troubles_of(store, None).await
}

async fn troubles_of(store: &Store, node: Option<&NodeId>) -> Vec<String> {
    let verified = store.verify().await.expect("the database can be read");
    let mut found: Vec<_> = verified.findings.iter().map(|one| format!("{}: {}", one.place, one.what)).collect();
    let alarms = store.alarms(&Sites::All, node, ROWS_MAX).await.expect("the alarms can be read");
    let open = alarms.iter().filter(|alarm| alarm.closed_at.is_none());
    found.extend(open.map(|alarm| format!("the alarm \"{}\" is open: {}", alarm.kind, alarm.detail)));
    let refused = store.quarantine(&Sites::All, ROWS_MAX).await.expect("the quarantine can be read");
    found.extend(refused.iter().map(|row| format!("a message is in quarantine: {}: {}", row.reason, row.detail)));
    found
}
