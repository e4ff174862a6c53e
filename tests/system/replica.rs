//! A node's disk that was copied into a second machine: two nodes of one name and one key.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use gatehouse_tests::edge::{self, NODE, Plan};
use gatehouse_tests::rehearsal::{self, PROFILE, Pace};
use gatehouse_tests::site::Site;
use gatehouse_tests::wait::eventually;

#[test]
fn a_second_replica_of_a_node_is_noticed_and_what_was_taken_in_stays_as_it_was() {
    let site = Site::new();
    let mut hub = site.hub();
    let http = hub.ready();
    let log = site.path("walkers.jsonl");
    rehearsal::write(
        &log,
        &rehearsal::crowd(500),
        Pace { frame: Duration::from_millis(50), every: 4, rest: Duration::ZERO },
    );
    let plan = Plan::new(log, "rehearse", PROFILE);
    let config = site.plan(&plan, "edge");
    site.believe(&config);
    let mut node = site.node(None, &config, &site.path("events.jsonl"));
    http.wait_committed(NODE, 6);
    assert!(node.terminate().success(), "{}", node.last_words());
    let before = http.committed(NODE);
    let first: Vec<_> = http.list("/api/v1/passages?limit=500", "passages");

    let copy = site.path("copy");
    std::fs::create_dir(&copy).unwrap();
    let copied = Command::new("cp").arg("-r").arg(site.path("edge/data")).arg(&copy).status().unwrap();
    assert!(copied.success());
    let second = plan.with_broker(site.broker.port).write(&copy, "edge");
    let mut node = site.node(None, &config, &site.path("events-2.jsonl"));
    let mut replica = edge::run(None, &second, &[("--events", Path::new(&site.path("events-3.jsonl")))]);
    eventually("the hub notices that there are two", || {
        http.open_alarms(NODE).contains(&"fork".to_owned()).then_some(())
    });
    assert!(node.ended().is_none() && replica.ended().is_none(), "both go on and keep what they see");
    node.kill();
    replica.kill();

    assert!(http.committed(NODE) >= before);
    let after = http.list("/api/v1/passages?limit=500", "passages");
    let of_before: Vec<_> = after.into_iter().filter(|row| row["seq"].as_u64() <= Some(before)).collect();
    assert_eq!(of_before, first, "what was taken in before stays as it was");
    assert!(hub.process.terminate().success());
}
