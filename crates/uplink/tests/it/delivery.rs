//! From the outbox to the hub, whatever happens in between.

use std::time::Duration;

use uplink::Limits;
use uplink::publisher::{Alarm, Refusal};
use wire::{Ack, EventHash, NodeState};

use crate::support::broker::Broker;
use crate::support::hub::{Hub, Ledger, Receipts};
use crate::support::{
    checked_rows, clock, event, events, nervous, open, patient, publish, until, until_confirmed, until_state,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_reach_the_hub_at_once_and_leave_with_its_receipts() {
    let (folder, broker) = (tempfile::tempdir().unwrap(), Broker::start());
    let outbox = open(&folder.path().join("outbox.db")).await;
    let hub = Hub::start(&broker.config(), Receipts::Sent).await;
    let publisher = publish(&outbox, broker.config(), patient());
    until_state(&publisher, "a connection", |state| state.connected).await;
    for number in 1..=20 {
        outbox.append(&[event(number)]).await.unwrap();
        until_confirmed(&publisher).await;
    }
    outbox.append(&events(21..=700)).await.unwrap();
    until_confirmed(&publisher).await;
    assert!(hub.ledger().is_complete(700));
    assert_eq!(hub.ledger().arrived, (1..=700).collect::<Vec<_>>(), "in order, and once where nothing goes wrong");
    assert_eq!((outbox.backlog().rows, outbox.backlog().bytes, outbox.backlog().oldest_at), (0, 0, None));
    publisher.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_comes_late_gets_everything() {
    let (folder, mut broker) = (tempfile::tempdir().unwrap(), Broker::down("allow_anonymous true\n"));
    let outbox = open(&folder.path().join("outbox.db")).await;
    outbox.append(&events(1..=50)).await.unwrap();
    let publisher = publish(&outbox, broker.config(), nervous());
    let state = until_state(&publisher, "an error", |state| state.last_error.is_some()).await;
    let error = state.last_error.unwrap();
    assert!(error.contains("127.0.0.1:") && error.contains("refused"), "{error}");
    assert_eq!((state.connected, state.unconfirmed), (false, 50));
    broker.up();
    let hub = Hub::start(&broker.config(), Receipts::Sent).await;
    until_confirmed(&publisher).await;
    assert!(hub.ledger().is_complete(50));
    until_state(&publisher, "the error to go", |state| state.last_error.is_none()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_killed_and_forgets_loses_nothing() {
    let (folder, mut broker) = (tempfile::tempdir().unwrap(), Broker::start());
    let outbox = open(&folder.path().join("outbox.db")).await;
    let hub = Hub::start(&broker.config(), Receipts::Sent).await;
    let publisher = publish(&outbox, broker.config(), nervous());
    let appending = tokio::spawn({
        let outbox = outbox.clone();
        async move {
            for number in 1..=1500 {
                outbox.append(&[event(number)]).await.unwrap();
            }
        }
    });
    for reached in [100, 300, 500] {
        let arrived = |ledger: &Ledger| ledger.stored.keys().next_back().is_some_and(|seq| *seq >= reached);
        hub.until("progress", arrived).await;
        broker.kill();
        broker.up();
    }
    appending.await.unwrap();
    until_confirmed(&publisher).await;
    assert!(hub.ledger().is_complete(1500));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_only_the_broker_acknowledged_stays_and_goes_again() {
    let (folder, mut broker) = (tempfile::tempdir().unwrap(), Broker::start());
    let outbox = open(&folder.path().join("outbox.db")).await;
    outbox.append(&events(1..=30)).await.unwrap();
    let hub = Hub::start(&broker.config(), Receipts::Withheld).await;
    let publisher = publish(&outbox, broker.config(), patient());
    hub.until("every event", |ledger| ledger.is_complete(30)).await;
    publisher.stop().await;
    assert_eq!(checked_rows(&outbox).await.len(), 30);

    let ledger = hub.stop().await;
    broker.kill();
    broker.up();
    let publisher = publish(&outbox, broker.config(), nervous());
    let hub = Hub::resume(&broker.config(), Receipts::Sent, ledger).await;
    until_confirmed(&publisher).await;
    assert!(hub.ledger().is_complete(30) && hub.ledger().arrived.len() >= 31);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_wait_while_nobody_listens() {
    let (folder, broker) = (tempfile::tempdir().unwrap(), Broker::start());
    let outbox = open(&folder.path().join("outbox.db")).await;
    outbox.append(&events(1..=600)).await.unwrap();
    let publisher = publish(&outbox, broker.config(), nervous());
    let nobody = |state: &uplink::PublisherState| state.refused == Some(Refusal::NobodyListens);
    until_state(&publisher, "the refusal", nobody).await;
    assert_eq!(outbox.backlog().rows, 600);
    let hub = Hub::start(&broker.config(), Receipts::Sent).await;
    until_confirmed(&publisher).await;
    assert!(hub.ledger().is_complete(600));
    until_state(&publisher, "the refusal to end", |state| state.refused.is_none()).await;

    drop(hub.stop().await);
    outbox.append(&[event(601)]).await.unwrap();
    until_state(&publisher, "the refusal", nobody).await;
    assert_eq!(outbox.backlog().rows, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receipt_for_another_chain_removes_nothing_and_raises_an_alarm() {
    let (folder, broker) = (tempfile::tempdir().unwrap(), Broker::start());
    let outbox = open(&folder.path().join("outbox.db")).await;
    outbox.append(&events(1..=10)).await.unwrap();
    let hub = Hub::start(&broker.config(), Receipts::Withheld).await;
    let publisher = publish(&outbox, broker.config(), patient());
    hub.until("every event", |ledger| ledger.is_complete(10)).await;
    let theirs = EventHash::from_bytes([9; 32]);
    let seventh = hub.ledger().stored[&7];
    for (seq, ours) in [(7, Some(seventh)), (11, None)] {
        hub.send(&Ack { committed_seq: seq, committed_hash: theirs, highest_seq: seq });
        let alarm = Some(Alarm::OtherChain { seq, theirs, ours });
        until_state(&publisher, "the alarm", |state| state.alarm == alarm).await;
        assert_eq!(checked_rows(&outbox).await.len(), 10);
    }
    let receipt = hub.ledger().receipt();
    hub.send(&receipt);
    until_confirmed(&publisher).await;
    until_state(&publisher, "the alarm to end", |state| state.alarm.is_none()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hole_in_the_receipts_is_filled_soon() {
    let (folder, broker) = (tempfile::tempdir().unwrap(), Broker::start());
    let outbox = open(&folder.path().join("outbox.db")).await;
    let hub = Hub::start(&broker.config(), Receipts::Sent).await;
    hub.ledger().lose_once.extend([3, 4, 17]);
    // Only the hole itself can bring the events back: nothing else would for an hour.
    let limits = Limits { hole_after: Duration::from_millis(50), ..patient() };
    outbox.append(&events(1..=40)).await.unwrap();
    let publisher = publish(&outbox, broker.config(), limits);
    until_confirmed(&publisher).await;
    assert!(hub.ledger().is_complete(40) && hub.ledger().lose_once.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_end_is_found_by_asking() {
    let (folder, broker) = (tempfile::tempdir().unwrap(), Broker::start());
    let outbox = open(&folder.path().join("outbox.db")).await;
    let hub = Hub::start(&broker.config(), Receipts::Sent).await;
    // Nothing after the lost ones, so no receipt shows a hole.
    hub.ledger().lose_once.extend(8..=20);
    outbox.append(&events(1..=20)).await.unwrap();
    let publisher = publish(&outbox, broker.config(), nervous());
    until_confirmed(&publisher).await;
    assert!(hub.ledger().is_complete(20));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_than_a_window_is_ever_ahead_of_the_receipts() {
    let (folder, broker) = (tempfile::tempdir().unwrap(), Broker::start());
    let outbox = open(&folder.path().join("outbox.db")).await;
    outbox.append(&events(1..=1000)).await.unwrap();
    let hub = Hub::start(&broker.config(), Receipts::Withheld).await;
    let limits = Limits { window: 16, status_every: Duration::from_millis(20), ..nervous() };
    let publisher = publish(&outbox, broker.config(), limits);
    until_state(&publisher, "a full window", |state| state.inflight == 16).await;
    // The broker keeps a node's messages in order: after two more statuses, everything published before is here.
    let statuses = hub.ledger().statuses.len();
    hub.until("two statuses", |ledger| ledger.statuses.len() >= statuses + 2).await;
    assert_eq!(hub.ledger().stored.keys().copied().collect::<Vec<_>>(), (1..=16).collect::<Vec<_>>());

    let ledger = hub.stop().await;
    let hub = Hub::resume(&broker.config(), Receipts::Sent, ledger).await;
    until_confirmed(&publisher).await;
    assert!(hub.ledger().is_complete(1000));
    assert!(hub.ledger().ahead_max <= 16, "an event was {} ahead of the receipts", hub.ledger().ahead_max);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_freezes_is_left_and_found_again() {
    let (folder, broker) = (tempfile::tempdir().unwrap(), Broker::start());
    let outbox = open(&folder.path().join("outbox.db")).await;
    let hub = Hub::start(&broker.config(), Receipts::Sent).await;
    let limits = Limits { silence_max: Duration::from_secs(1), ..nervous() };
    let publisher = publish(&outbox, broker.config(), limits);
    until_state(&publisher, "a connection", |state| state.connected).await;
    broker.signal("STOP");
    outbox.append(&events(1..=20)).await.unwrap();
    let frozen =
        |state: &uplink::PublisherState| state.last_error.as_ref().is_some_and(|e| e.contains("nothing moves"));
    until_state(&publisher, "the end of patience", frozen).await;
    broker.signal("CONT");
    until_confirmed(&publisher).await;
    assert!(hub.ledger().is_complete(20));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hub_that_lost_what_it_confirmed_raises_an_alarm() {
    let (folder, broker) = (tempfile::tempdir().unwrap(), Broker::start());
    let outbox = open(&folder.path().join("outbox.db")).await;
    outbox.append(&events(1..=10)).await.unwrap();
    let hub = Hub::start(&broker.config(), Receipts::Sent).await;
    let publisher = publish(&outbox, broker.config(), nervous());
    until_confirmed(&publisher).await;
    drop(hub.stop().await);
    let hub = Hub::start(&broker.config(), Receipts::Sent).await;
    outbox.append(&[event(11)]).await.unwrap();
    let alarm = Some(Alarm::HubForgot { committed_seq: 0, confirmed_seq: 10 });
    until_state(&publisher, "the alarm", |state| state.alarm == alarm).await;
    assert_eq!((outbox.backlog().rows, hub.ledger().stored.len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_status_says_online_and_a_good_bye_says_offline() {
    let (folder, broker) = (tempfile::tempdir().unwrap(), Broker::start());
    let outbox = open(&folder.path().join("outbox.db")).await;
    let hub = Hub::start(&broker.config(), Receipts::Withheld).await;
    outbox.append(&events(1..=3)).await.unwrap();
    let publisher = publish(&outbox, broker.config(), patient());
    hub.until("a status", |ledger| !ledger.statuses.is_empty()).await;
    let online = hub.ledger().statuses[0].clone();
    assert_eq!((online.state, online.version.as_str(), online.backlog), (NodeState::Online, "1.2.3", Some(3)));
    assert_eq!((online.at, online.clock), (Some(clock()().at), Some(clock()().quality)));
    publisher.stop().await;
    hub.until("a good-bye", |ledger| ledger.statuses.len() >= 2).await;
    let offline = hub.ledger().statuses[1].clone();
    assert_eq!((offline.state, offline.at, offline.backlog), (NodeState::Offline, online.at, Some(3)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_vanishes_leaves_its_last_will_behind() {
    let (folder, broker) = (tempfile::tempdir().unwrap(), Broker::start());
    let outbox = open(&folder.path().join("outbox.db")).await;
    let publisher = publish(&outbox, broker.config(), patient());
    until_state(&publisher, "a connection", |state| state.connected).await;
    drop(publisher);
    // A hub that comes later sees it too: it is retained.
    let hub = Hub::start(&broker.config(), Receipts::Withheld).await;
    hub.until("the will", |ledger| ledger.statuses.iter().any(|s| s.state == NodeState::Offline)).await;
    let will = hub.ledger().statuses.last().cloned().unwrap();
    assert_eq!((will.at, will.backlog), (None, None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_is_quick_without_a_broker_and_keeps_everything() {
    let (folder, broker) = (tempfile::tempdir().unwrap(), Broker::down(""));
    let path = folder.path().join("outbox.db");
    let outbox = open(&path).await;
    outbox.append(&events(1..=5)).await.unwrap();
    let publisher = publish(&outbox, broker.config(), Limits::default());
    let watch = publisher.watch();
    until("an error", || watch.borrow().last_error.is_some()).await;
    let stopped = tokio::time::timeout(Duration::from_secs(2), publisher.stop()).await;
    assert!(stopped.is_ok(), "it does not wait for the broker");
    outbox.close().await;
    assert_eq!(checked_rows(&open(&path).await).await.len(), 5);
}
