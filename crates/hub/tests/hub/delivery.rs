//! From the broker into the figures, exactly once.

use std::sync::atomic::Ordering;

use domain::{Direction, ObjectClass};
use hub::Subscription;
use serde_json::json;
use wire::{Channel, Payload};

use crate::support::child::HubChild;
use crate::support::mosquitto::Mosquitto;
use crate::support::node::{Node, Publisher, passed};
use crate::support::proxy::DeafProxy;
use crate::support::{Hub, eventually};

fn went(direction: Direction, class: ObjectClass) -> Payload {
    passed(direction, class, hub::clock::now(), vec![])
}

#[test]
fn published_events_are_confirmed_and_counted() {
    let broker = Mosquitto::start();
    let hub = Hub::ready(&broker);
    let publisher = Publisher::connect(broker.port);
    let mut node = Node::new("n1");
    hub.add(&node);
    let events = vec![
        node.says(went(Direction::In, ObjectClass::Person)),
        node.says(went(Direction::In, ObjectClass::Person)),
        node.says(went(Direction::Out, ObjectClass::Person)),
        node.says(went(Direction::Out, ObjectClass::Motorbike)),
    ];
    publisher.publish(&node.topic(Channel::Event), events);
    let receipt = publisher.wait_for_receipt(&node);
    assert_eq!((receipt.committed_seq, receipt.highest_seq), (4, 4));

    let gates = hub.http.get("/api/v1/gates");
    let gate = &gates["gates"][0];
    assert_eq!((&gate["site"], &gate["gate"]), (&json!("cao-nguyen"), &json!("cong-chinh")));
    assert_eq!(gate["today"]["person"], json!({"in": 2, "out": 1, "inside": 1, "difference": 1}));
    assert_eq!(gate["today"]["vehicle"], json!({"in": 0, "out": 1, "inside": 0, "difference": -1}));
    let rows = hub.http.get("/api/v1/counts?site=cao-nguyen&bucket=day");
    let rows = rows["rows"].as_array().unwrap();
    let row = |group| rows.iter().find(|row| row["group"] == group).map(|row| (row["in"].clone(), row["out"].clone()));
    assert_eq!((row("person"), row("vehicle")), (Some((json!(2), json!(1))), Some((json!(0), json!(1)))));
    let passages = hub.http.get("/api/v1/passages?limit=3");
    let seqs: Vec<_> = passages["passages"].as_array().unwrap().iter().map(|p| p["seq"].clone()).collect();
    assert_eq!((seqs, &passages["pos"]), (vec![json!(4), json!(3), json!(2)], &json!(4)));
    let next = passages["next"].as_str().unwrap();
    let rest = hub.http.get(&format!("/api/v1/passages?limit=3&before={next}"));
    assert_eq!((&rest["passages"][0]["seq"], &rest["next"]), (&json!(1), &json!(null)));
}

#[test]
fn repeats_change_nothing_and_are_confirmed_again() {
    let broker = Mosquitto::start();
    let hub = Hub::ready(&broker);
    let publisher = Publisher::connect(broker.port);
    let mut node = Node::new("n1");
    hub.add(&node);
    let events = node.passes(20);
    publisher.publish(&node.topic(Channel::Event), events.clone());
    let first = publisher.wait_for_receipt(&node);
    publisher.forget_receipts();
    publisher.publish(&node.topic(Channel::Event), events.into_iter().rev());
    assert_eq!(publisher.wait_for_receipt(&node), first);
    assert_eq!(hub.http.persons_in(), 20);
}

#[test]
fn receipts_are_published_anew_to_a_broker_that_lost_them() {
    let mut broker = Mosquitto::start();
    let hub = Hub::ready(&broker);
    let mut node = Node::new("n1");
    hub.add(&node);
    let publisher = Publisher::connect(broker.port);
    publisher.publish(&node.topic(Channel::Event), node.passes(5));
    publisher.wait_for_receipt(&node);
    publisher.forget_receipts();
    broker.kill();
    eventually("the hub notices", || (!hub.handle.health().borrow().broker).then_some(()));
    let port = broker.port;
    drop(broker);
    // The same address, nothing remembered.
    let _broker = Mosquitto::start_on(port);
    assert_eq!(publisher.wait_for_receipt(&node).committed_seq, 5);
}

#[test]
fn a_hub_killed_between_commit_and_acknowledgement_counts_nothing_twice() {
    let broker = Mosquitto::start();
    let proxy = DeafProxy::start(broker.port);
    let folder = tempfile::tempdir().unwrap();
    let mut hub = HubChild::start(folder.path(), proxy.port);
    hub.wait_until_ready();
    let publisher = Publisher::connect(broker.port);
    let mut node = Node::new("n1");
    crate::command_line::add(folder.path(), &node);
    publisher.publish(&node.topic(Channel::Event), node.passes(50));
    publisher.wait_for_receipt(&node);
    eventually("the hub has acknowledged in vain", || (proxy.lost.load(Ordering::SeqCst) >= 50).then_some(()));
    hub.kill();
    publisher.forget_receipts();

    // Now straight to the broker, which still holds all 50 for the session.
    let hub = HubChild::start(folder.path(), broker.port);
    publisher.publish(&node.topic(Channel::Event), node.passes(1));
    publisher.wait_for_receipt(&node);
    assert_eq!(hub.http.persons_in(), 51);
    assert_eq!(hub.http.get("/api/v1/alarms")["alarms"], json!([]));
}

#[test]
fn a_hub_that_is_told_to_stop_ends_well_and_gets_what_came_meanwhile() {
    let broker = Mosquitto::start();
    let folder = tempfile::tempdir().unwrap();
    let mut hub = HubChild::start(folder.path(), broker.port);
    hub.wait_until_ready();
    let publisher = Publisher::connect(broker.port);
    let mut node = Node::new("n1");
    crate::command_line::add(folder.path(), &node);
    publisher.publish(&node.topic(Channel::Event), node.passes(300));
    eventually("some are committed", || publisher.receipt(&node));
    assert!(hub.terminate(), "the hub ends with success");
    publisher.publish(&node.topic(Channel::Event), node.passes(100));
    let hub = HubChild::start(folder.path(), broker.port);
    publisher.wait_for_receipt(&node);
    assert_eq!(hub.http.persons_in(), 400);
}

#[test]
fn a_plain_subscription_takes_the_same_events() {
    let broker = Mosquitto::start();
    let mut config = broker.config();
    config.subscription = Subscription::Plain;
    let hub = Hub::start(config);
    hub.wait_until_ready();
    let mut node = Node::new("n1");
    hub.add(&node);
    let publisher = Publisher::connect(broker.port);
    publisher.publish(&node.topic(Channel::Event), node.passes(3));
    publisher.wait_for_receipt(&node);
    assert_eq!(hub.http.persons_in(), 3);
}

#[test]
fn a_status_shows_and_that_of_a_stranger_does_not() {
    let broker = Mosquitto::start();
    let hub = Hub::ready(&broker);
    let (node, stranger) = (Node::new("n1"), Node::new("stranger"));
    hub.add(&node);
    let publisher = Publisher::connect(broker.port);
    let status = json!({"state": "online", "version": "0.1.0", "at": "2026-11-20T01:00:00Z", "backlog": 7});
    publisher.publish_retained(&stranger.topic(Channel::Status), status.to_string().into_bytes());
    publisher.publish_retained(&node.topic(Channel::Status), status.to_string().into_bytes());
    let shown = eventually("the status", || {
        let nodes = hub.http.get("/api/v1/nodes");
        nodes["nodes"][0]["status"].is_object().then_some(nodes)
    });
    let status = &shown["nodes"][0]["status"];
    assert_eq!((&status["state"], &status["backlog"]), (&json!("online"), &json!(7)));
    assert_eq!(shown["nodes"].as_array().unwrap().len(), 1);
    assert_eq!(hub.http.get("/api/v1/sites")["sites"][0]["nodes_online"], 1);
}
