//! Events that are known beforehand, from the gate to the hub's API, through what goes wrong in between.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use domain::Direction;
use gatehouse_tests::edge::{self, NODE, Plan};
use gatehouse_tests::hub::{self, Http, Hub};
use gatehouse_tests::rehearsal::{self, Pace, Walker};
use gatehouse_tests::site::Site;
use gatehouse_tests::wait::eventually;

/// Longer than a test: nothing happens after the last walker.
const REST: Duration = Duration::from_secs(3600);

/// Less than half of the time after which a node asks of its own accord.
const NOTICED_MAX: Duration = Duration::from_secs(14);

/// Walkers one after the other, about twenty a second.
const PACE: Pace = Pace { frame: Duration::from_millis(25), every: 4, rest: REST };

/// What the hub must count of `walkers`.
fn truth(walkers: &[Walker]) -> BTreeMap<(String, String), u64> {
    let mut counts = BTreeMap::new();
    for (direction, class) in walkers {
        *counts.entry((direction.to_string(), class.to_string())).or_default() += 1;
    }
    counts
}

/// The configuration of a node at which `walkers` pass once.
fn rehearsing(site: &Site, walkers: &[Walker], pace: Pace) -> PathBuf {
    let log = site.path("walkers.jsonl");
    rehearsal::write(&log, walkers, pace);
    site.plan(&Plan::new(log, "rehearse", rehearsal::PROFILE), "edge")
}

fn passages(http: &Http) -> usize {
    http.list("/api/v1/passages?limit=500", "passages").len()
}

#[test]
fn the_hub_counts_what_was_rehearsed() {
    let site = Site::new();
    let mut hub = site.hub();
    let http = hub.ready();
    let walkers = rehearsal::crowd(45);
    let config = rehearsing(&site, &walkers, PACE);
    site.believe(&config);
    let mut node = site.node(None, &config, &site.path("events.jsonl"));
    // The start of the program is the first event.
    http.wait_committed(NODE, 46);
    assert_eq!(http.counts(), truth(&walkers));
    assert_eq!(passages(&http), 45);
    let gates = http.list("/api/v1/gates", "gates");
    let entered = walkers.iter().filter(|(direction, _)| *direction == Direction::In).count();
    let today = &gates[0]["today"];
    assert_eq!(today["person"]["in"].as_u64().unwrap() + today["vehicle"]["in"].as_u64().unwrap(), entered as u64);
    assert!(http.open_alarms(NODE).is_empty());
    assert!(node.terminate().success(), "{}", node.last_words());
    assert_eq!(site.backlog().rows, 0, "what is confirmed is not kept");
    assert!(hub.process.terminate().success());
}

#[test]
fn a_broker_that_comes_late_delivers_what_happened_before() {
    let mut site = Site::without_broker();
    let mut hub = site.hub();
    let http = hub.http();
    let walkers = rehearsal::crowd(30);
    let config = rehearsing(&site, &walkers, PACE);
    site.believe(&config);
    let mut node = site.node(None, &config, &site.path("events.jsonl"));
    eventually("everybody passed", || (edge::events(&site.path("events.jsonl")).len() == 30).then_some(()));
    assert_eq!(http.ask("/readyz").unwrap().0, 503);
    assert!(node.stderr().contains("no connection to the broker; events wait on disk"), "{}", node.stderr());
    assert_eq!(passages(&http), 0);
    site.broker.start();
    http.wait_committed(NODE, 31);
    assert_eq!(http.counts(), truth(&walkers));
    assert!(node.terminate().success(), "{}", node.last_words());
}

#[test]
fn a_hub_that_comes_late_is_noticed_at_once() {
    let site = Site::new();
    let walkers = rehearsal::crowd(10);
    let config = rehearsing(&site, &walkers, PACE);
    site.believe(&config);
    let mut node = site.node(None, &config, &site.path("events.jsonl"));
    eventually("everybody passed", || (edge::events(&site.path("events.jsonl")).len() == 10).then_some(()));
    eventually("the node knows that nobody listens", || {
        node.stderr().contains("no hub is subscribed to the node's events").then_some(())
    });
    let mut hub = site.hub();
    let http = hub.ready();
    let came = Instant::now();
    http.wait_committed(NODE, 11);
    assert!(came.elapsed() < NOTICED_MAX, "it took {:?}", came.elapsed());
    assert_eq!(http.counts(), truth(&walkers));
    assert!(node.terminate().success(), "{}", node.last_words());
}

#[test]
fn a_second_hub_on_the_same_database_is_refused() {
    let site = Site::new();
    let mut first = site.hub();
    let http = first.ready();
    let second = Hub::start(&site.hub_folder(), site.broker.port).process.outcome();
    assert!(!second.status.success());
    let database = hub::database(&site.hub_folder());
    for said in [database.to_str().unwrap(), "in use by another hub", &first.process.id().to_string()] {
        assert!(second.stderr.contains(said), "\"{said}\" is missing in: {}", second.stderr);
    }
    assert_eq!(http.ask("/readyz").unwrap().0, 200, "the first goes on");
}

#[test]
fn a_second_edge_on_the_same_outbox_is_refused() {
    let site = Site::new();
    let config = rehearsing(&site, &rehearsal::crowd(3), PACE);
    let mut first = site.node(None, &config, &site.path("events.jsonl"));
    eventually("the first runs", || (edge::events(&site.path("events.jsonl")).len() == 3).then_some(()));
    let second = site.node(None, &config, &site.path("second.jsonl")).outcome();
    assert!(!second.status.success());
    assert!(second.stderr.contains("outbox.db") && second.stderr.contains("use"), "{}", second.stderr);
    assert!(first.ended().is_none(), "the first goes on");
}

#[test]
fn an_edge_that_is_asked_to_end_while_it_starts_ends_in_good_order() {
    let site = Site::new();
    let config = rehearsing(&site, &rehearsal::crowd(3), PACE);
    let mut node = site.node(None, &config, &site.path("events.jsonl"));
    // The first file that it makes.
    eventually("it begins to start", || site.path("edge/data/node.key").exists().then_some(()));
    assert!(node.terminate().success(), "{}", node.last_words());
    assert_eq!(site.backlog().head_seq, site.backlog().rows, "what was kept is sound");
}

#[test]
fn nothing_of_an_unknown_node_is_stored_until_it_is_added_and_then_everything_is() {
    let site = Site::new();
    let mut hub = site.hub();
    let http = hub.ready();
    // Goes on for a while, because a node that is not answered asks again only after half a minute.
    let pace = Pace { frame: Duration::from_millis(80), every: 4, rest: REST };
    let walkers = rehearsal::crowd(40);
    let config = rehearsing(&site, &walkers, pace);
    let mut node = site.node(None, &config, &site.path("events.jsonl"));
    eventually("the stranger is noticed", || (http.open_alarms(NODE) == ["unknown_node"]).then_some(()));
    eventually("five passed", || (edge::events(&site.path("events.jsonl")).len() >= 5).then_some(()));
    assert_eq!((passages(&http), http.counts().len(), http.committed(NODE)), (0, 0, 0));
    let refused = http.list("/api/v1/quarantine?limit=500", "messages");
    assert!(!refused.is_empty() && refused.iter().all(|row| row["reason"] == "unknown_node"), "{refused:?}");
    assert!(node.ended().is_none());

    site.believe(&config);
    http.wait_committed(NODE, 41);
    assert_eq!(http.counts(), truth(&walkers));
    assert_eq!(http.open_alarms(NODE), [""; 0]);
    assert!(http.list("/api/v1/quarantine?limit=500", "messages").is_empty());
    assert!(node.terminate().success(), "{}", node.last_words());
}
