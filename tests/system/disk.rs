//! A disk that is full, in the middle of the day.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use gatehouse_tests::disk::SmallDisk;
use gatehouse_tests::edge::{self, NODE, Plan};
use gatehouse_tests::rehearsal::{self, PROFILE, Pace};
use gatehouse_tests::site::Site;
use gatehouse_tests::wait::eventually;
use uplink::{EvidenceClass, MediaType, Spool, SpoolLimits};

/// Longer than a test: nothing happens after the last walker.
const REST: Duration = Duration::from_secs(3600);

/// Evidence that lies there, of each class.
const PICTURES: [(EvidenceClass, usize); 2] = [(EvidenceClass::Violation, 10), (EvidenceClass::Passage, 80)];

const PICTURE_BYTES: usize = 100_000;

fn put_evidence(spool: &Path) {
    // The reserve for events is larger than this disk; somebody else has used it up.
    let spool = Spool::open_limited(spool, SpoolLimits { free_bytes_min: 0, ..SpoolLimits::default() }).unwrap();
    for (class, count) in PICTURES {
        for number in 0..count {
            let mut picture = vec![0xD8; PICTURE_BYTES];
            picture[..16]
                .copy_from_slice(format!("{:>8}{number:>8}", class.as_str()).as_bytes().last_chunk::<16>().unwrap());
            spool.put_as(class, &picture, MediaType::Jpeg).unwrap();
        }
    }
}

/// How many pictures of each class are there.
fn evidence(spool: &Path) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for file in std::fs::read_dir(spool).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        if let Some(class) = name.strip_suffix(".jpg").and_then(|name| name.rsplit('.').next()) {
            *counts.entry(class.to_owned()).or_default() += 1;
        }
    }
    counts
}

#[test]
fn on_a_full_disk_evidence_of_the_least_class_gives_way_and_no_event_is_lost() {
    let mut site = Site::without_broker();
    let data = site.path("edge/data");
    let Some(disk) = SmallDisk::mount(&data, "16m") else { return };
    let (walkers, spool) = (rehearsal::crowd(60), data.join("spool"));
    let log = site.path("walkers.jsonl");
    rehearsal::write(&log, &walkers, Pace { frame: Duration::from_millis(25), every: 4, rest: REST });
    let config = site.plan(&Plan::new(log, "rehearse", PROFILE), "edge");
    site.believe(&config);
    put_evidence(&spool);
    disk.fill("somebody-elses.log");

    let events = site.path("events.jsonl");
    let mut node = site.node(None, &config, &events);
    eventually("ten passed on a full disk", || {
        assert!(node.ended().is_none(), "the node ended: {}", node.last_words());
        (edge::events(&events).len() >= 10).then_some(())
    });
    assert!(node.stderr().contains("evidence gives way to events"), "{}", node.stderr());
    let left = evidence(&spool);
    assert_eq!(left.get("violation"), Some(&10), "what matters most stays: {left:?}");
    let passages = left.get("passage").copied().unwrap_or(0);
    assert!((1..80).contains(&passages), "some of what matters least went: {left:?}");
    eventually("everybody passed", || (edge::events(&events).len() == walkers.len()).then_some(()));

    site.broker.start();
    let mut hub = site.hub();
    let http = hub.ready();
    http.wait_committed(NODE, walkers.len() as u64 + 1);
    let counted: u64 = http.counts().values().sum();
    assert_eq!(counted, walkers.len() as u64);
    assert!(http.open_alarms(NODE).is_empty());
    assert!(node.terminate().success(), "{}", node.last_words());
}

#[test]
fn a_full_disk_without_evidence_holds_events_up_until_it_has_room_and_loses_none() {
    let mut site = Site::without_broker();
    let data = site.path("edge/data");
    let Some(disk) = SmallDisk::mount(&data, "4m") else { return };
    let walkers = rehearsal::crowd(60);
    let log = site.path("walkers.jsonl");
    rehearsal::write(&log, &walkers, Pace { frame: Duration::from_millis(50), every: 4, rest: REST });
    let config = site.plan(&Plan::new(log, "rehearse", PROFILE), "edge");
    site.believe(&config);
    let events = site.path("events.jsonl");
    let mut node = site.node(None, &config, &events);
    eventually("some passed", || (edge::events(&events).len() >= 5).then_some(()));
    disk.fill("somebody-elses.log");
    eventually("the camera waits", || {
        node.stderr().contains("the camera waits until its events can be kept").then_some(())
    });
    assert!(node.stderr().contains("is full: free some space there"), "{}", node.stderr());
    let held_up = edge::events(&events).len();
    assert!(held_up < walkers.len() && node.ended().is_none());
    disk.free("somebody-elses.log");
    eventually("everybody passed", || (edge::events(&events).len() == walkers.len()).then_some(()));

    site.broker.start();
    let mut hub = site.hub();
    let http = hub.ready();
    http.wait_committed(NODE, walkers.len() as u64 + 1);
    assert_eq!(http.counts().values().sum::<u64>(), walkers.len() as u64);
    assert!(http.open_alarms(NODE).is_empty());
    assert!(node.terminate().success(), "{}", node.last_words());
}

#[test]
fn a_hub_whose_disk_is_full_confirms_nothing_and_takes_everything_in_once_there_is_room() {
    let mut site = Site::without_broker();
    let Some(disk) = SmallDisk::mount(&site.hub_folder(), "48m") else { return };
    let walkers = rehearsal::crowd(60);
    let log = site.path("walkers.jsonl");
    rehearsal::write(&log, &walkers, Pace { frame: Duration::from_millis(50), every: 4, rest: REST });
    let config = site.plan(&Plan::new(log, "rehearse", PROFILE), "edge");
    site.believe(&config);
    site.broker.start();
    // Started anew, the database's log is short: it has no room of its own that it could go on in.
    let mut first = site.hub();
    let http = first.ready();
    assert!(first.process.terminate().success(), "{}", first.process.last_words());
    let mut hub = site.hub_at(http.0);
    let http = hub.ready();
    disk.fill("somebody-elses.log");

    let events = site.path("events.jsonl");
    let mut node = site.node(None, &config, &events);
    eventually("the hub says that it takes nothing in", || {
        let (status, body) = http.ask("/readyz")?;
        (status == 503 && String::from_utf8_lossy(&body).contains("full")).then_some(())
    });
    eventually("everybody passed at the gate", || (edge::events(&events).len() == walkers.len()).then_some(()));
    assert!(hub.process.ended().is_none(), "{}", hub.process.last_words());
    disk.free("somebody-elses.log");

    let http = hub.ready();
    http.wait_committed(NODE, walkers.len() as u64 + 1);
    assert_eq!(http.counts().values().sum::<u64>(), walkers.len() as u64);
    assert!(http.open_alarms(NODE).is_empty());
    assert!(node.terminate().success(), "{}", node.last_words());
}
