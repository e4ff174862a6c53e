//! What goes wrong around the hub, and what it does then.

use serde_json::json;
use wire::Channel;

use crate::support::child::HubChild;
use crate::support::mosquitto::Mosquitto;
use crate::support::node::{Node, Publisher};
use crate::support::{Hub, config, eventually, free_port};

#[test]
fn a_broker_that_is_away_at_start_is_waited_for() {
    let port = free_port();
    let hub = Hub::start(hub::BrokerConfig::new("127.0.0.1", port));
    let answer = hub.http.ask("/readyz", &[]);
    let said = answer.json();
    assert_eq!(
        (answer.status, &said["ready"], &said["database"], &said["broker"]),
        (503, &json!(false), &json!(true), &json!(false))
    );
    assert_eq!(said.get("database_error"), None);
    assert_eq!(hub.http.get("/healthz"), json!({"status": "ok"}));
    let _broker = Mosquitto::start_on(port);
    hub.wait_until_ready();
    assert_eq!(hub.http.get("/readyz")["ready"], true);
    let mut node = Node::new("n1");
    hub.add(&node);
    let publisher = Publisher::connect(port);
    publisher.publish(&node.topic(Channel::Event), node.passes(2));
    publisher.wait_for_receipt(&node);
}

#[test]
fn a_hub_without_a_broker_stops_at_once() {
    let hub = Hub::start(hub::BrokerConfig::new("127.0.0.1", free_port()));
    let began = std::time::Instant::now();
    hub.stop();
    assert!(began.elapsed() < std::time::Duration::from_secs(5), "{:?}", began.elapsed());
}

#[test]
fn a_broker_killed_in_between_loses_nothing_that_is_sent_again() {
    let mut broker = Mosquitto::start();
    let hub = Hub::ready(&broker);
    let mut node = Node::new("n1");
    hub.add(&node);
    let publisher = Publisher::connect(broker.port);
    let events = node.passes(400);
    publisher.publish(&node.topic(Channel::Event), events.clone());
    eventually("some are committed", || publisher.receipt(&node));
    broker.kill();
    eventually("the hub notices", || (!hub.handle.health().borrow().broker).then_some(()));
    broker.start_again();
    hub.wait_until_ready();
    publisher.publish(&node.topic(Channel::Event), events);
    publisher.wait_for_receipt(&node);
    assert_eq!(hub.http.persons_in(), 400);
}

#[test]
fn poison_is_kept_apart_and_the_rest_goes_on() {
    let broker = Mosquitto::start();
    let hub = Hub::ready(&broker);
    let (mut node, mut stranger) = (Node::new("n1"), Node::new("stranger"));
    hub.add(&node);
    let publisher = Publisher::connect(broker.port);
    let topic = node.topic(Channel::Event);
    let poison = [b"not an envelope".to_vec(), vec![], vec![0xff; 100_000], b"{\"v\":1}".to_vec()];
    publisher.publish(&topic, node.passes(1));
    publisher.publish(&topic, poison);
    publisher.publish(&stranger.topic(Channel::Event), stranger.passes(2));
    publisher.publish(&topic, [stranger.passes(1).remove(0)]);
    publisher.publish(&topic, node.passes(1));
    publisher.wait_for_receipt(&node);
    assert_eq!(hub.http.persons_in(), 2);
    assert_eq!(publisher.receipt(&stranger), None);
    let messages = hub.http.get("/api/v1/quarantine");
    let mut reasons: Vec<_> =
        messages["messages"].as_array().unwrap().iter().map(|m| m["reason"].as_str().unwrap().to_owned()).collect();
    reasons.sort();
    assert_eq!(
        reasons,
        ["misplaced", "unknown_node", "unknown_node", "unreadable", "unreadable", "unreadable", "unreadable"]
    );
    assert!(messages["messages"][0].get("payload").is_none());
    let alarms = hub.http.get("/api/v1/alarms?node=stranger");
    assert_eq!((&alarms["alarms"][0]["kind"], &alarms["alarms"][0]["site"]), (&json!("unknown_node"), &json!(null)));
}

#[test]
fn a_database_that_cannot_write_stops_acknowledgements_and_nothing_is_lost() {
    let broker = Mosquitto::start();
    let folder = tempfile::tempdir().unwrap();
    let hub = HubChild::start_under_limit(folder.path(), broker.port);
    hub.wait_until_ready();
    let mut node = Node::new("n1");
    crate::command_line::add(folder.path(), &node);
    let publisher = Publisher::connect(broker.port);
    publisher.publish(&node.topic(Channel::Event), node.passes(10));
    let before = publisher.wait_for_receipt(&node);

    hub.limit_files("1024:unlimited");
    publisher.publish(&node.topic(Channel::Event), node.passes(10));
    eventually("the hub says that it is not ready", || {
        let answer = hub.http.ask("/readyz", &[]);
        (answer.status == 503 && answer.json()["database"] == false).then_some(())
    });
    assert_eq!((publisher.receipt(&node), hub.http.persons_in()), (Some(before), 10));

    hub.limit_files("unlimited:unlimited");
    publisher.wait_for_receipt(&node);
    assert_eq!(hub.http.persons_in(), 20);
    hub.wait_until_ready();
}

#[test]
fn a_second_hub_on_the_database_and_an_open_address_are_refused() {
    let broker = hub::BrokerConfig::new("127.0.0.1", free_port());
    let hub = Hub::start(broker.clone());
    let again = hub.runtime.block_on(hub::start(config(&hub.folder, broker.clone()))).unwrap_err().to_string();
    assert!(again.contains("in use by another hub") && again.contains(&std::process::id().to_string()), "{again}");
    let other = tempfile::tempdir().unwrap();
    let mut open = config(&other, broker.clone());
    open.listen = "0.0.0.0:0".parse().unwrap();
    let refused = hub.runtime.block_on(hub::start(open)).unwrap_err().to_string();
    assert!(refused.contains("--plain-http"), "{refused}");
    let mut taken = config(&other, broker);
    taken.listen = hub.handle.addr;
    let refused = hub.runtime.block_on(hub::start(taken)).unwrap_err().to_string();
    assert!(refused.contains(&hub.handle.addr.to_string()), "{refused}");
}
