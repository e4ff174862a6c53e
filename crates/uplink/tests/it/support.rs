//! What the tests share.

pub(crate) mod broker;
pub(crate) mod hub;
pub(crate) mod policy;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use domain::{CameraId, ClockQuality, NodeId, SiteId, UtcTime};
use uplink::{BrokerConfig, ClockReading, Identity, Limits, Outbox, Publisher, PublisherHandle, WallClock};
use wire::event::{CameraChange, CameraState};
use wire::{Event, EventId, NodeKey, Payload, Received};

/// Longest wait for anything that must happen.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// How long to rest between two looks at a condition that cannot be waited for.
const LOOK_EVERY: Duration = Duration::from_millis(5);

pub(crate) fn key() -> NodeKey {
    NodeKey::from_seed([7; 32])
}

pub(crate) fn identity() -> Identity {
    Identity { site: SiteId::new("s1").unwrap(), node: NodeId::new("n1").unwrap(), key: key() }
}

/// The `number`th event of a test.
pub(crate) fn event(number: u64) -> Event {
    let at = UtcTime::from_unix_micros(1_763_600_000_000_000 + i64::try_from(number).unwrap()).unwrap();
    let camera = CameraId::new("cam-1").unwrap();
    let reason = format!("event {number}");
    Event {
        id: EventId::derive(at, &[1; 16], number),
        at,
        clock: ClockQuality::MEDIA,
        payload: Payload::CameraChanged(CameraChange { camera, state: CameraState::Down, reason }),
    }
}

pub(crate) fn events(numbers: std::ops::RangeInclusive<u64>) -> Vec<Event> {
    numbers.map(event).collect()
}

pub(crate) fn clock() -> WallClock {
    Arc::new(|| ClockReading { at: UtcTime::UNIX_EPOCH, quality: ClockQuality::MEDIA })
}

pub(crate) async fn open(path: &Path) -> Outbox {
    Outbox::open(path, identity()).await.unwrap()
}

/// Limits that do nothing by themselves for longer than a test may take, but reconnect soon.
pub(crate) fn patient() -> Limits {
    let long = Duration::from_secs(3600);
    Limits {
        resend_after: long,
        resend_after_max: long,
        hole_after: long,
        reconnect_after: Duration::from_millis(20),
        reconnect_after_max: Duration::from_millis(100),
        status_every: long,
        ..Limits::default()
    }
}

/// Limits that ask again soon.
pub(crate) fn nervous() -> Limits {
    Limits {
        resend_after: Duration::from_millis(100),
        resend_after_max: Duration::from_millis(400),
        hole_after: Duration::from_millis(50),
        ..patient()
    }
}

pub(crate) fn publish(outbox: &Outbox, broker: BrokerConfig, limits: Limits) -> PublisherHandle {
    Publisher::start(outbox.clone(), broker, limits, "1.2.3", clock())
}

/// Everything in the outbox, checked: numbered without a gap from `first`, chained, signed.
pub(crate) async fn checked_rows(outbox: &Outbox) -> Vec<Received> {
    let backlog = outbox.backlog();
    let rows = outbox.window(0, u64::MAX / 2).await.unwrap();
    let received: Vec<_> = rows.iter().map(|row| Received::parse(&row.envelope).unwrap()).collect();
    let numbers: Vec<_> = received.iter().map(|r| r.seq).collect();
    assert_eq!(numbers, (backlog.confirmed_seq + 1..=backlog.head_seq).collect::<Vec<_>>());
    assert_eq!(rows.iter().map(|row| row.envelope.len() as u64).sum::<u64>(), backlog.bytes);
    assert!(received.iter().all(|r| r.verify(&key().public())), "signatures hold");
    for pair in received.windows(2) {
        assert_eq!(pair[1].prev, pair[0].hash, "the chain is unbroken");
    }
    received
}

/// Waits until `happened`, and fails naming `what` if it does not in time.
pub(crate) async fn until(what: &str, mut happened: impl FnMut() -> bool) {
    let wait = async {
        while !happened() {
            // tidy: sleep is between two looks, with the deadline below
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    assert!(tokio::time::timeout(DEADLINE, wait).await.is_ok(), "{what} did not happen in {DEADLINE:?}");
}

/// Waits until the publisher's state fits.
pub(crate) async fn until_state(
    handle: &PublisherHandle,
    what: &str,
    fits: impl FnMut(&uplink::PublisherState) -> bool,
) -> uplink::PublisherState {
    let mut watch = handle.watch();
    let found = tokio::time::timeout(DEADLINE, watch.wait_for(fits)).await;
    let found = found.map(|state| state.unwrap().clone());
    found.unwrap_or_else(|_| panic!("{what} did not happen in {DEADLINE:?}: {:?}", handle.watch().borrow()))
}

/// Waits until the hub has confirmed everything.
pub(crate) async fn until_confirmed(handle: &PublisherHandle) {
    let confirmed = tokio::time::timeout(DEADLINE, handle.confirmed_all()).await;
    assert!(confirmed.is_ok(), "not confirmed in {DEADLINE:?}: {:?}", handle.watch().borrow());
}
