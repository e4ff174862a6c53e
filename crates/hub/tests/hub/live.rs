//! Live updates.

use std::time::{Duration, Instant};

use serde_json::json;
use wire::Channel;

use crate::support::Hub;
use crate::support::mosquitto::Mosquitto;
use crate::support::node::{Node, Publisher};

/// From the broker to a watcher, on a busy machine.
const BOUND: Duration = Duration::from_secs(5);

#[test]
fn a_watcher_gets_the_state_and_then_each_passage_and_the_new_figures() {
    let broker = Mosquitto::start();
    let hub = Hub::ready(&broker);
    let mut node = Node::new("n1");
    hub.add(&node);
    let publisher = Publisher::connect(broker.port);
    publisher.publish(&node.topic(Channel::Event), node.passes(2));
    publisher.wait_for_receipt(&node);

    let mut stream = hub.http.stream("/api/v1/stream", None);
    let hello = stream.next().unwrap();
    assert_eq!((hello.name.as_str(), hello.id, &hello.data["pos"]), ("hello", Some(2), &json!(2)));
    let gate = stream.next().unwrap();
    assert_eq!((gate.name.as_str(), &gate.data["today"]["person"]["in"]), ("gate", &json!(2)));
    let site = stream.next().unwrap();
    assert_eq!((site.name.as_str(), &site.data["occupancy"]["person"]["count"]), ("site", &json!(2)));
    assert_eq!(stream.next().unwrap().name, "node");

    let began = Instant::now();
    publisher.publish(&node.topic(Channel::Event), node.passes(1));
    let passage = stream.until(|sent| sent.name == "passage");
    assert_eq!((passage.id, &passage.data["seq"], &passage.data["direction"]), (Some(3), &json!(3), &json!("in")));
    let gate = stream.until(|sent| sent.name == "gate");
    assert_eq!(gate.data["today"]["person"]["inside"], 3);
    stream.until(|sent| sent.name == "node" && sent.data["head"]["committed_seq"] == 3);
    assert!(began.elapsed() < BOUND, "{:?}", began.elapsed());
}

#[test]
fn a_watcher_that_comes_back_gets_what_it_missed() {
    let broker = Mosquitto::start();
    let hub = Hub::ready(&broker);
    let mut node = Node::new("n1");
    hub.add(&node);
    let publisher = Publisher::connect(broker.port);
    publisher.publish(&node.topic(Channel::Event), node.passes(6));
    publisher.wait_for_receipt(&node);
    for (path, last) in [("/api/v1/stream", Some(3)), ("/api/v1/stream?after=3", None)] {
        let mut stream = hub.http.stream(path, last);
        assert_eq!(stream.next().unwrap().id, Some(3));
        let ids: Vec<_> = (0..3).map(|_| stream.until(|sent| sent.name == "passage").id.unwrap()).collect();
        assert_eq!(ids, [4, 5, 6]);
    }
    let mut stream = hub.http.stream("/api/v1/stream", Some(999));
    let reset = stream.until(|sent| sent.name == "reset");
    assert!(reset.data["reason"].as_str().unwrap().contains("another database"));
}

#[test]
fn a_watcher_that_missed_too_much_is_told_to_load_again() {
    let broker = Mosquitto::start();
    let hub = Hub::ready(&broker);
    let mut node = Node::new("n1");
    hub.add(&node);
    let publisher = Publisher::connect(broker.port);
    publisher.publish(&node.topic(Channel::Event), node.passes(2_050));
    publisher.wait_for_receipt(&node);
    let mut stream = hub.http.stream("/api/v1/stream?after=1", None);
    let sent = stream.until(|sent| sent.name == "reset" || sent.name == "passage");
    assert_eq!(sent.name, "reset");
}

#[test]
fn streams_end_when_the_hub_stops() {
    let broker = Mosquitto::start();
    let hub = Hub::ready(&broker);
    let mut stream = hub.http.stream("/api/v1/stream", None);
    assert_eq!(stream.next().unwrap().name, "hello");
    let began = Instant::now();
    hub.stop();
    assert!(stream.next().is_none());
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
}
