//! Days without a broker: a node whose events of many simulated hours wait on its disk, that is started and killed in
//! between, and whose whole backlog is delivered when the broker and the hub are there again.
//!
//! The traffic is made up: passages with their pictures, as many an hour as a gate sees, each event appended by itself
//! with the time at which it would have happened. Everything else is real: outbox and spool, the node's program at each
//! start, Mosquitto, the hub.

mod report;

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use domain::{NodeId, SiteId, UtcTime};
use store::Store;
use tokio::runtime::Runtime;
use uplink::{Identity, MediaType, NodeKeyFile, Outbox, Spool};
use wire::{BlobHash, EventId};

use crate::broker::{Broker, free_port};
use crate::edge::{self, NODE, Plan, SITE};
use crate::hub::{self, Http};
use crate::process::Process;
use crate::rehearsal::{self, PROFILE, Pace};
use crate::site::Site;
use crate::traffic::{Happening, happenings};
use crate::wait::{eventually, now, within};

pub use report::Report;

/// Longer than any run: nothing happens before the node's camera.
const REST: Duration = Duration::from_secs(24 * 3600);

/// How long the delivery of a backlog may take before it counts as stuck.
const DELIVERY_MAX: Duration = Duration::from_secs(1_800);

/// How long to wait for the last receipt, which a running node does not show.
const RECEIPT_AFTER: Duration = Duration::from_secs(2);

/// What happens while nobody listens.
#[derive(Debug, Clone, Copy)]
pub struct Offline {
    /// Simulated hours without a broker.
    pub hours: u32,
    /// Passages in 24 hours.
    pub passages_a_day: u32,
    /// Starts of the node's program in these hours; every second one ends by `kill -9`.
    pub starts: u32,
    /// What the moments of the passages are drawn from.
    pub seed: u64,
}

/// What was given to the node to keep.
#[derive(Debug, Default)]
struct Kept {
    ids: Vec<EventId>,
    pictures: Vec<BlobHash>,
    picture_bytes: u64,
}

/// Runs it.
///
/// # Panics
/// Where a program cannot be started or the backlog is not delivered.
pub fn offline(plan: Offline) -> Report {
    let mut site = Site::without_broker();
    site.broker = Broker::down_and_quick(&site.path("broker"));
    let listen = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let nobody = site.path("nobody.jsonl");
    let pace = Pace { frame: Duration::from_millis(20), every: 1, rest: REST };
    rehearsal::write(&nobody, &[], pace);
    let config = site.plan(&Plan::new(nobody, "rehearse", PROFILE).with_hub(listen), "edge");
    site.believe(&config);

    let hours = Duration::from_secs(u64::from(plan.hours) * 3_600);
    let begin =
        UtcTime::from_unix_micros(now().as_unix_micros() - i64::try_from(hours.as_micros()).expect("few hours"));
    let happenings = happenings(begin.expect("this century"), hours, plan.passages_a_day, plan.seed);
    let began = Instant::now();
    let mut kept = Kept::default();
    let part = happenings.len().div_ceil(plan.starts.max(1) as usize).max(1);
    for (number, part) in happenings.chunks(part).enumerate() {
        start_without_broker(&site, &config, number);
        keep(&site.path("edge/data"), part, &mut kept);
    }
    let mut report = Report { hours: plan.hours, starts: plan.starts, writing: began.elapsed(), ..Report::default() };
    let backlog = site.backlog();
    report.backlog = backlog.rows;
    report.backlog_bytes = backlog.bytes;
    report.outbox_bytes = file_bytes(&site.path("edge/data/outbox.db"));
    (report.pictures, report.picture_bytes) = (kept.pictures.len() as u64, kept.picture_bytes);

    site.broker.start();
    site.broker.wait();
    let mut hub = site.hub_at(listen);
    let http = hub.ready();
    let began = Instant::now();
    let mut node = edge::run(None, &config, &[]);
    // The start of the program is an event too.
    wait_delivered(&http, backlog.head_seq + 1, &node);
    report.delivering = began.elapsed();
    let spool = site.path("edge/data/spool");
    let emptied = within(DELIVERY_MAX, || (files_in(&spool) == 0).then_some(()));
    assert!(emptied.is_some(), "{} pictures stay at the node: {}", files_in(&spool), node.last_words());
    report.pictures_after = began.elapsed();
    // tidy: sleep is for the last receipt; what a running node does with it cannot be seen from outside
    std::thread::sleep(RECEIPT_AFTER);
    assert!(node.terminate().success(), "{}", node.last_words());
    report.waits_after = site.backlog().rows;
    assert!(hub.process.terminate().success(), "{}", hub.process.last_words());

    let folder = site.hub_folder();
    runtime().block_on(async {
        let store = Store::open(&hub::database(&folder), &folder.join("blobs")).await.expect("the hub's store");
        report.judge(&store, &kept.ids, &kept.pictures, backlog.head_seq + 1).await;
        store.close().await;
    });
    report
}

/// Starts the node's program, which looks for its broker in vain, and ends it: every second time as a power cut would.
fn start_without_broker(site: &Site, config: &Path, number: usize) {
    let mut node = site.node(None, config, &site.path(&format!("events-{number}.jsonl")));
    eventually("the node notices that there is no broker", || {
        node.stderr().contains("no connection to the broker; events wait on disk").then_some(())
    });
    if number.is_multiple_of(2) {
        node.kill();
    } else {
        assert!(node.terminate().success(), "{}", node.last_words());
    }
}

/// Keeps what happens as the node's program does: the picture first, then its event, each by itself.
fn keep(data: &Path, happenings: &[Happening], kept: &mut Kept) {
    let key = NodeKeyFile::load_or_create(&data.join("node.key")).expect("the node has its key");
    let identity = Identity { site: SiteId::new(SITE).expect("a slug"), node: NodeId::new(NODE).expect("a slug"), key };
    let spool = Spool::open(&data.join("spool")).expect("the spool is sound");
    runtime().block_on(async {
        let outbox = Outbox::open(&data.join("outbox.db"), identity).await.expect("the outbox is sound");
        for happening in happenings {
            if let Some(picture) = &happening.picture {
                let bytes = picture.bytes();
                kept.pictures.push(spool.put(&bytes, MediaType::Jpeg).expect("there is room"));
                kept.picture_bytes += bytes.len() as u64;
            }
            outbox.append(std::slice::from_ref(&happening.event)).await.expect("there is room");
            kept.ids.push(happening.event.id);
        }
        outbox.close().await;
    });
}

fn wait_delivered(http: &Http, head: u64, node: &Process) {
    let delivered = within(DELIVERY_MAX, || (http.committed(NODE) >= head).then_some(()));
    assert!(delivered.is_some(), "{} of {head} events came: {}", http.committed(NODE), node.last_words());
}

/// Files of evidence in a spool.
fn files_in(spool: &Path) -> usize {
    let names = std::fs::read_dir(spool).into_iter().flatten().flatten().map(|entry| entry.file_name());
    names.filter(|name| name.to_str().is_some_and(|name| name.ends_with(".jpg"))).count()
}

fn file_bytes(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |file| file.len())
}

fn runtime() -> Runtime {
    Runtime::new().expect("a run time")
}
