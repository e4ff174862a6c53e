//! What the broker lets nodes do, as `broker-config` sets it up, with the real Mosquitto.

use std::process::Command;

use hub::authority::{NodeAuthority, init};
use hub::clock;
use rumqttc::v5::mqttbytes::v5::PubAckReason;
use serde_json::json;
use wire::{Ack, Channel};

use crate::support::eventually;
use crate::support::secured::{Client, Machine, Secured, names};

/// The receipt for everything that a node has said.
fn receipt(client: &mut Client, seq: u64) -> Ack {
    loop {
        let ack: Ack = serde_json::from_slice(&client.message("/ack")).unwrap();
        if ack.committed_seq >= seq {
            return ack;
        }
    }
}

#[test]
fn an_enrolled_machine_delivers_and_hears_its_receipts() {
    let secured = Secured::start();
    let (machine, shown) = secured.enrolled("cao-nguyen", "n1", 1);
    let mut node = machine.node("cao-nguyen", "n1");
    let mut client = secured.connect(secured.node_port, Some(&shown), "whatever").unwrap();
    assert!(client.subscribe(&node.topic(Channel::Ack)).unwrap());
    for event in node.passes(3) {
        assert_eq!(client.publish(&node.topic(Channel::Event), event).unwrap(), PubAckReason::Success);
    }
    assert_eq!(receipt(&mut client, 3).committed_hash, node.prev);
    assert_eq!(secured.get("/api/v1/gates")["gates"][0]["today"]["person"]["in"], json!(3));
}

#[test]
fn whoever_shows_no_certificate_or_a_strangers_or_comes_to_the_hubs_listener_is_refused() {
    let secured = Secured::start();
    let (_, shown) = secured.enrolled("s", "n1", 1);
    let error = secured.connect(secured.node_port, None, "n1").err().expect("no certificate");
    assert!(error.to_lowercase().contains("certificate"), "{error}");

    let elsewhere = tempfile::tempdir().unwrap();
    let files = init(&elsewhere.path().join("authority"), &names(), clock::now()).unwrap();
    let forger = Machine::new(7);
    let forged = NodeAuthority::open(&files).unwrap();
    let issued = forged.issue(&forger.csr(), &"s".parse().unwrap(), &"n1".parse().unwrap(), clock::now()).unwrap();
    let error = secured.connect(secured.node_port, Some(&forger.shown(&issued.pem)), "n1").err().expect("forged");
    assert!(!error.is_empty());

    let hub_port = secured.hub_port();
    let error = secured.connect(hub_port, Some(&shown), "n1").err().expect("a node at the hub's listener");
    assert!(!error.is_empty());
}

#[test]
fn a_node_speaks_and_listens_under_its_own_name_only_and_takes_nobodys_place() {
    let secured = Secured::start();
    let (machine, shown) = secured.enrolled("s", "n1", 1);
    let (other, other_shown) = secured.enrolled("s", "n2", 2);
    // Whatever name it gives itself, such as the hub's or the other's.
    let mut evil = secured.connect(secured.node_port, Some(&shown), "gatehouse-hub").unwrap();
    let mut good = secured.connect(secured.node_port, Some(&other_shown), "n2").unwrap();
    let mut victim = other.node("s", "n2");
    for topic in [
        victim.topic(Channel::Event),
        victim.topic(Channel::Status),
        machine.node("s", "n1").topic(Channel::Ack),
        machine.node("s", "n1").topic(Channel::Policy),
        "gatehouse/v1/s/n1/event/more".to_owned(),
        "anything".to_owned(),
    ] {
        assert_eq!(evil.publish(&topic, b"x".to_vec()).unwrap(), PubAckReason::NotAuthorized, "{topic}");
    }
    // Mosquitto grants such a subscription and then sends nothing; what counts is that nothing comes.
    let _ = evil.subscribe(&victim.topic(Channel::Ack)).unwrap();
    let _ = evil.subscribe("gatehouse/v1/+/+/event").unwrap();
    assert!(good.subscribe(&victim.topic(Channel::Ack)).unwrap());
    for event in victim.passes(2) {
        assert_eq!(good.publish(&victim.topic(Channel::Event), event).unwrap(), PubAckReason::Success);
    }
    receipt(&mut good, 2);
    // Its own receipt comes after those of the other, if those came.
    let mut own = machine.node("s", "n1");
    let _ = evil.subscribe(&own.topic(Channel::Ack)).unwrap();
    let event = own.passes(1).remove(0);
    assert_eq!(evil.publish(&own.topic(Channel::Event), event).unwrap(), PubAckReason::Success);
    let ack: Ack = serde_json::from_slice(&evil.message("")).unwrap();
    assert_eq!((ack.committed_seq, ack.committed_hash), (1, own.prev), "the first message is its own receipt");
    assert!(secured.hub().health().borrow().broker);
}

#[test]
fn a_revoked_node_is_thrown_out_stays_out_and_what_it_said_before_stays() {
    let mut secured = Secured::start();
    let (machine, shown) = secured.enrolled("cao-nguyen", "n1", 1);
    let mut node = machine.node("cao-nguyen", "n1");
    let mut client = secured.connect(secured.node_port, Some(&shown), "n1").unwrap();
    assert!(client.subscribe(&node.topic(Channel::Ack)).unwrap());
    for event in node.passes(2) {
        client.publish(&node.topic(Channel::Event), event).unwrap();
    }
    receipt(&mut client, 2);
    let revocation = "/api/v1/nodes/n1/revocation";
    assert_eq!(secured.post(revocation, None, &json!({"reason": " "})).status, 400);
    assert_eq!(secured.post("/api/v1/nodes/n9/revocation", None, &json!({"reason": "x"})).status, 404);
    assert_eq!(secured.post(revocation, None, &json!({"reason": "stolen from the gate"})).status, 204);
    assert_eq!(secured.post(revocation, None, &json!({"reason": "again"})).status, 409);
    // It is thrown off at once: somebody took its place, whatever the client calls that.
    let end = client.ended();
    assert!(!end.is_empty(), "{end}");

    // The broker has not read the new list yet: it lets the node in, and the hub believes nothing.
    let mut client = secured.connect(secured.node_port, Some(&shown), "n1").unwrap();
    let late = node.passes(1).remove(0);
    client.publish(&node.topic(Channel::Event), late).unwrap();
    let reason = eventually("the event in quarantine", || {
        let messages = secured.get("/api/v1/quarantine");
        messages["messages"][0]["reason"].as_str().map(str::to_owned)
    });
    assert_eq!(reason, "revoked");
    let alarms = secured.get("/api/v1/alarms");
    let alarm = &alarms["alarms"][0];
    assert_eq!((&alarm["node"], &alarm["kind"]), (&json!("n1"), &json!("revoked")));
    assert_eq!(secured.get("/api/v1/gates")["gates"][0]["today"]["person"]["in"], json!(2));
    let renewal = json!({"csr": machine.csr()});
    assert_eq!(secured.post("/api/v1/node/certificate", Some(&shown), &renewal).status, 403);

    // What the reload unit does.
    let list = secured.authority().revoked();
    eventually("the certificate on the list", || {
        let text = Command::new("openssl").args(["crl", "-noout", "-text", "-in"]).arg(&list).output().unwrap();
        String::from_utf8_lossy(&text.stdout).contains("Serial Number").then_some(())
    });
    secured.broker.take_list(&list);
    eventually("the broker refuses the certificate", || {
        secured.connect(secured.node_port, Some(&shown), "n1").err().map(drop)
    });
    let (_, other) = secured.enrolled("cao-nguyen", "n2", 2);
    secured.connect(secured.node_port, Some(&other), "n2").expect("others come in as before");
}
