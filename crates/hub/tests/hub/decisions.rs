//! Decisions at lanes, from a signed event to the list, the counts, the stream and the trail.

use domain::GateId;
use serde_json::json;
use wire::access::{AccessDecided, AccessStep, GuardWord, LaneChange, LaneHappening, STEPS_MAX};
use wire::event::WithEvidence;
use wire::{AccessVerdict, Channel, LaneName, Payload};

use crate::support::mosquitto::Mosquitto;
use crate::support::node::{Node, Publisher};
use crate::support::{Hub, eventually};

pub fn decided(lane: &str, verdict: AccessVerdict, reason: &str) -> AccessDecided {
    let step = |check: &str, finding: &str| AccessStep {
        subject: None,
        check: check.to_owned(),
        finding: finding.to_owned(),
        detail: String::new(),
    };
    AccessDecided {
        lane: LaneName::new(lane).unwrap(),
        gate: Some(GateId::new("cong-chinh").unwrap()),
        number: "1.1".to_owned(),
        verdict,
        reason: reason.to_owned(),
        detail: format!("{}: {reason}", verdict.as_str()),
        rule: None,
        guard: (reason == "override")
            .then(|| GuardWord { name: "Hùng".to_owned(), reason: "xe cứu thương".to_owned() }),
        subjects: vec!["holder:lorry-1".to_owned()],
        method: Some("plate".to_owned()),
        plate: None,
        trail: vec![step("lane", "held"), step("method", "held")],
    }
}

fn says(what: AccessDecided) -> Payload {
    Payload::AccessDecided(WithEvidence { what, evidence: vec![] })
}

#[test]
fn decisions_are_listed_counted_streamed_and_explained() {
    let broker = Mosquitto::start();
    let hub = Hub::ready(&broker);
    let mut node = Node::new("n1");
    hub.add(&node);
    let publisher = Publisher::connect(broker.port);
    let mut stream = hub.http.stream("/api/v1/stream", None);
    stream.until(|sent| sent.name == "hello");
    let opened = LaneChange {
        lane: LaneName::new("car-in").unwrap(),
        gate: None,
        change: LaneHappening::Opened,
        cause: "permit".to_owned(),
        decision: Some("1.1".to_owned()),
        guard: None,
        detail: String::new(),
    };
    let events = [
        node.says(says(decided("car-in", AccessVerdict::Permit, "override"))),
        node.says(Payload::LaneChanged(opened)),
        node.says(says(decided("car-in", AccessVerdict::Deny, "listed"))),
        node.says(says(decided("car-out", AccessVerdict::Deny, "expired"))),
    ];
    publisher.publish(&node.topic(Channel::Event), events);
    publisher.wait_for_receipt(&node);

    let live = stream.until(|sent| sent.name == "decision");
    let change = stream.until(|sent| sent.name == "lane");
    assert_eq!((&change.data["change"], &change.data["decision"]), (&json!("opened"), &json!("1.1")));
    let list = hub.http.get("/api/v1/decisions");
    let reasons: Vec<_> = list["decisions"].as_array().unwrap().iter().map(|one| one["reason"].clone()).collect();
    assert_eq!(reasons, ["expired", "listed", "override"]);
    assert_eq!(live.data, list["decisions"][2]);
    assert_eq!(live.data["guard"], json!({ "name": "Hùng", "reason": "xe cứu thương" }));
    assert!(live.data.get("trail").is_none(), "the list is short: {}", live.data);
    let detail = hub.http.get(&format!("/api/v1/decisions/{}", live.data["id"].as_str().unwrap()));
    assert_eq!((detail["trail"].as_array().unwrap().len(), &detail["trail"][1]["check"]), (2, &json!("method")));
    let denied = hub.http.get("/api/v1/decisions?lane=car-in&verdict=deny");
    assert_eq!(denied["decisions"].as_array().unwrap().len(), 1, "{denied}");
    let counts = hub.http.get("/api/v1/decisions/counts?site=lang-son");
    let rows: Vec<_> = hub.http.get("/api/v1/decisions/counts")["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            (
                row["lane"].as_str().unwrap().to_owned(),
                row["verdict"].as_str().unwrap().to_owned(),
                row["count"].clone(),
            )
        })
        .collect();
    let expected = [("car-in", "deny", 1), ("car-in", "permit", 1), ("car-out", "deny", 1)];
    assert_eq!(rows, expected.map(|(lane, verdict, count)| (lane.to_owned(), verdict.to_owned(), json!(count))));
    assert!(counts["rows"].as_array().unwrap().is_empty(), "another site: {counts}");
}

#[test]
fn a_decision_with_too_much_in_it_is_kept_apart() {
    let broker = Mosquitto::start();
    let hub = Hub::ready(&broker);
    let mut node = Node::new("n1");
    hub.add(&node);
    let publisher = Publisher::connect(broker.port);
    let mut what = decided("car-in", AccessVerdict::Permit, "rule");
    what.trail = vec![what.trail[0].clone(); STEPS_MAX + 1];
    publisher.publish(&node.topic(Channel::Event), [node.says(says(what))]);
    let refused = eventually("it is kept apart", || {
        let quarantine = hub.http.get("/api/v1/quarantine");
        quarantine["messages"].as_array().or(quarantine["quarantine"].as_array())?.first().cloned()
    });
    assert!(refused["detail"].as_str().unwrap().contains("trail"), "{refused}");
}
