//! A whole province comes back at once: many nodes, each with the backlog of a day, find their broker and their hub at
//! the same moment.
//!
//! The nodes are the real uplink, each with an outbox, a key and a connection of its own, in one process; the broker and
//! the hub are the real programs. What happened at the gates is made up.

mod report;

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::{ClockQuality, ClockSource, NodeId, SiteId, UtcTime};
use store::{RegisteredNode, Store};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::time::timeout;
use uplink::{BrokerConfig, ClockReading, Identity, Limits, Outbox, Publisher, PublisherHandle, WallClock};
use wire::NodeKey;

use crate::broker::Broker;
use crate::hub::{self, Hub};
use crate::traffic::happenings;
use crate::wait::now;

pub use report::{HUB_BYTES_MAX, Report};

/// Nodes at each site.
const NODES_PER_SITE: u32 = 8;

/// How long it may take until every backlog is in before it counts as stuck.
const DELIVERY_MAX: Duration = Duration::from_secs(1_800);

/// Who comes back, and with what.
#[derive(Debug, Clone, Copy)]
pub struct Reconnect {
    /// Nodes.
    pub nodes: u32,
    /// Hours for which nobody listened to them.
    pub hours: u32,
    /// Passages at each in 24 hours; each is about two events.
    pub passages_a_day: u32,
    /// What the moments of the passages are drawn from.
    pub seed: u64,
}

/// A node before it is connected.
struct Waiting {
    outbox: Outbox,
    registration: RegisteredNode,
    events: u64,
}

/// Runs it.
///
/// # Panics
/// Where a program cannot be started or a backlog is not delivered.
pub fn reconnect(plan: Reconnect) -> Report {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |part: &str| folder.path().join(part);
    for part in ["broker", "hub", "nodes"] {
        std::fs::create_dir(path(part)).expect("a folder");
    }
    let runtime = Runtime::new().expect("a run time");
    let began = Instant::now();
    let waiting = runtime.block_on(backlogs(plan, &folder));
    let mut report = Report { nodes: plan.nodes, hours: plan.hours, writing: began.elapsed(), ..Report::default() };
    report.backlog = waiting.iter().map(|node| node.events).sum();
    let database = hub::database(&path("hub"));
    runtime.block_on(async {
        let store = Store::open(&database, &path("hub/blobs")).await.expect("the hub's store");
        for node in &waiting {
            store.node_insert(&node.registration).await.expect("a new node");
        }
        store.close().await;
    });

    let mut broker = Broker::down_for_many(&path("broker"));
    broker.start();
    broker.wait();
    let mut hub = Hub::start(&path("hub"), broker.port);
    hub.ready();
    let began = Instant::now();
    let _runs = runtime.enter();
    let running: Vec<_> = waiting.into_iter().map(|node| connect(node.outbox, broker.port)).collect();
    runtime.block_on(async {
        for (number, node) in running.iter().enumerate() {
            let left = DELIVERY_MAX.saturating_sub(began.elapsed());
            let confirmed = timeout(left, node.confirmed_all()).await;
            let state = node.watch().borrow().clone();
            assert!(confirmed.is_ok(), "node {number} still waits after {DELIVERY_MAX:?}: {state:?}");
        }
    });
    report.delivering = began.elapsed();
    (report.hub_bytes, report.broker_bytes) = (hub.process.memory_max(), broker.process().memory_max());
    runtime.block_on(async {
        for node in running {
            node.stop().await;
        }
    });
    assert!(hub.process.terminate().success(), "{}", hub.process.last_words());
    runtime.block_on(report.judge(&database, &path("hub/blobs")));
    report
}

/// The nodes with what they have kept.
async fn backlogs(plan: Reconnect, folder: &TempDir) -> Vec<Waiting> {
    let hours = Duration::from_secs(u64::from(plan.hours) * 3_600);
    let now = now();
    let hours_micros = i64::try_from(hours.as_micros()).expect("few hours");
    let begin = UtcTime::from_unix_micros(now.as_unix_micros() - hours_micros).expect("this century");
    let mut waiting = Vec::new();
    for number in 0..plan.nodes {
        let seed = plan.seed.wrapping_mul(1_000_003).wrapping_add(u64::from(number));
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let key = NodeKey::from_seed(bytes);
        let site = SiteId::new(format!("site-{}", number / NODES_PER_SITE)).expect("a slug");
        let node = NodeId::new(format!("gate-{number}")).expect("a slug");
        let registration = RegisteredNode {
            site: site.clone(),
            node: node.clone(),
            key: key.public(),
            added_at: now,
            added_by: "reconnect-test".to_owned(),
        };
        let events: Vec<_> =
            happenings(begin, hours, plan.passages_a_day, seed).into_iter().map(|one| one.event).collect();
        let file = folder.path().join(format!("nodes/{number}.db"));
        let outbox = Outbox::open(&file, Identity { site, node, key }).await.expect("a new outbox");
        outbox.append(&events).await.expect("there is room");
        waiting.push(Waiting { outbox, registration, events: events.len() as u64 });
    }
    waiting
}

fn connect(outbox: Outbox, port: u16) -> PublisherHandle {
    let broker = BrokerConfig { host: "127.0.0.1".to_owned(), port, tls: None, credentials: None };
    let quality = ClockQuality { source: ClockSource::Synchronised, offset_ms: 0, uncertainty_ms: None };
    let clock: WallClock = Arc::new(move || ClockReading { at: now(), quality });
    Publisher::start(outbox, broker, Limits::default(), "reconnect-test", clock)
}
