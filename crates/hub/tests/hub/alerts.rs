//! Alerts over HTTP and in the stream.

use std::time::Duration;

use domain::incident::CrowdingBegan;
use domain::{CameraId, CountGroup, GateId, Incident, IncidentKind, MediaTime, ZoneId};
use serde_json::json;
use wire::event::WithEvidence;
use wire::{Channel, NodeState, Payload, Status};

use crate::support::mosquitto::Mosquitto;
use crate::support::node::{Node, Publisher};
use crate::support::{Hub, eventually};

fn crowd() -> Payload {
    let now = hub::clock::now();
    let began =
        CrowdingBegan { zone: ZoneId::new("san").unwrap(), group: CountGroup::Person, count: 12, above: 8, since: now };
    Payload::IncidentSeen(WithEvidence {
        what: Incident {
            gate: GateId::new("cong-chinh").unwrap(),
            camera: CameraId::new("cam-1").unwrap(),
            at: now,
            media: MediaTime::from_micros(1),
            what: IncidentKind::CrowdingBegan(began),
        },
        evidence: vec![],
    })
}

#[test]
fn an_alert_is_told_at_once_acknowledged_with_a_note_and_closed_with_its_outcome() {
    let broker = Mosquitto::start();
    let hub = Hub::ready(&broker);
    let mut node = Node::new("n1");
    hub.add(&node);
    let publisher = Publisher::connect(broker.port);
    let mut stream = hub.http.stream("/api/v1/stream", None);
    assert_eq!(stream.next().unwrap().name, "hello");
    publisher.publish(&node.topic(Channel::Event), [node.says(crowd())]);
    let told = stream.until(|sent| sent.name == "alert").data;
    assert_eq!(
        (&told["kind"], &told["state"], &told["gate"]),
        (&json!("crowding"), &json!("open"), &json!("cong-chinh"))
    );
    let id = told["id"].as_str().unwrap().to_owned();

    let taken = hub.http.post(&format!("/api/v1/alerts/{id}/acknowledge"), &json!({ "note": "đang tới" }));
    assert_eq!((taken.status, &taken.json()["acknowledged"]["note"]), (200, &json!("đang tới")));
    let told = stream.until(|sent| sent.name == "alert").data;
    assert_eq!(told["state"], "acknowledged");
    assert_eq!(hub.http.post(&format!("/api/v1/alerts/{id}/acknowledge"), &json!({})).status, 409);
    let wrong = hub.http.post(&format!("/api/v1/alerts/{id}/close"), &json!({ "outcome": "maybe" }));
    assert!(wrong.status == 400 && wrong.json()["detail"].as_str().unwrap().contains("false_alarm"));
    let closed = hub.http.post(&format!("/api/v1/alerts/{id}/close"), &json!({ "outcome": "confirmed" }));
    assert_eq!((closed.status, &closed.json()["outcome"]), (200, &json!("confirmed")));
    assert_eq!(hub.http.post("/api/v1/alerts/none/close", &json!({ "outcome": "other" })).status, 404);

    assert_eq!(hub.http.get("/api/v1/alerts?state=open")["alerts"], json!([]));
    let listed = hub.http.get("/api/v1/alerts?state=closed&kind=crowding&site=cao-nguyen&limit=1");
    assert_eq!(listed["alerts"][0]["id"], json!(id));
    let next = listed["next"].as_str().unwrap();
    assert_eq!(hub.http.get(&format!("/api/v1/alerts?before={next}"))["alerts"], json!([]));
    let refused = hub.http.ask("/api/v1/alerts?kind=rain", &[]);
    assert!(refused.json()["detail"].as_str().unwrap().contains("watchlist_hit"));
}

#[test]
fn a_node_that_is_not_heard_raises_an_alert_that_ends_when_it_is() {
    let broker = Mosquitto::start();
    let hub = Hub::ready_with(&broker, |config| config.feeds.node_silence = Duration::from_millis(400));
    let node = Node::new("n1");
    hub.add(&node);
    let publisher = Publisher::connect(broker.port);
    let status = |state| {
        let status =
            Status { state, version: "1".to_owned(), at: None, backlog: None, clock: None, policy: None, health: None };
        serde_json::to_vec(&status).unwrap()
    };
    publisher.publish_retained(&node.topic(Channel::Status), status(NodeState::Online));
    let alert = |state: &str| {
        let found = hub.http.get(&format!("/api/v1/alerts?kind=node_silent&state={state}"));
        Some(found["alerts"][0].clone()).filter(|alert| !alert.is_null())
    };
    let raised = eventually("its silence is noticed", || alert("open"));
    assert_eq!((&raised["node"], &raised["event"]), (&json!("n1"), &json!(null)));
    let ended = eventually("it is heard again", || {
        publisher.publish_retained(&node.topic(Channel::Status), status(NodeState::Online));
        alert("ended").filter(|ended| ended["id"] == raised["id"])
    });
    assert!(ended["ended_at"].is_string(), "{ended}");
}
