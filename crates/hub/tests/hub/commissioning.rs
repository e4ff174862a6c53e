//! The checklist of a node, from what a real broker brings and what people confirm.

use hub::clock;
use serde_json::{Value, json};
use wire::{
    CameraHealth, Channel, NodeHealth, NodeState, Payload, PictureQuality, PlateQuality, Status, Trouble,
    event::NodeStart,
};

use crate::support::mosquitto::Mosquitto;
use crate::support::node::{Node, Publisher};
use crate::support::{Hub, eventually};

const CHECKLIST: &str = "/api/v1/nodes/n1/commissioning";

fn status(health: Option<NodeHealth>, backlog: u64) -> Status {
    let clock =
        domain::ClockQuality { source: domain::ClockSource::Synchronised, offset_ms: 2, uncertainty_ms: Some(4) };
    let (state, version) = (NodeState::Online, "1".to_owned());
    let (at, backlog, clock) = (Some(clock::now()), Some(backlog), Some(clock));
    Status { state, version, at, backlog, clock, policy: None, health }
}

fn health(plate_width_px: u32, troubles: Vec<Trouble>) -> NodeHealth {
    let picture = PictureQuality {
        brightness: 120.0,
        burnt: 0.0,
        sharpness: 410.5,
        sharpness_reference: Some(400.0),
        moved: Some(0.01),
        reference_at: Some(clock::now()),
    };
    let plates = PlateQuality { width_px: Some(plate_width_px), height_px: Some(33), came: 40, read: 39 };
    let camera = CameraHealth {
        camera: "cam-1".parse().unwrap(),
        width_px: 1920,
        height_px: 1080,
        last_frame_ms: Some(66),
        picture: Some(picture),
        plates: Some(plates),
    };
    let disk_free_bytes = Some(40_000_000_000);
    NodeHealth { uptime_s: 60, disk_free_bytes, cameras: vec![camera], troubles, ..NodeHealth::default() }
}

fn steps(list: &Value, state: &str) -> Vec<String> {
    let steps = list["steps"].as_array().unwrap().iter().filter(|step| step["state"] == state);
    steps.map(|step| step["step"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_node_is_handed_over_when_its_measurements_and_its_engineer_say_so() {
    let broker = Mosquitto::start();
    let hub = Hub::ready(&broker);
    let mut node = Node::new("n1");
    hub.add(&node);
    let publisher = Publisher::connect(broker.port);
    let statuses = node.topic(Channel::Status);
    let say = |status: &Status| publisher.publish_retained(&statuses, serde_json::to_vec(status).unwrap());
    let list = || hub.http.get(CHECKLIST);
    let put = |step: &str, body: &Value| {
        let headers = [("content-type", "application/json")];
        hub.http.send("PUT", &format!("{CHECKLIST}/{step}"), &headers, body.to_string().as_bytes())
    };
    let confirmed = json!({"outcome": "confirmed", "note": "seen by day"});

    // Small plates and a hot machine, and not one event yet.
    let hot = Trouble { problem: "hot".to_owned(), of: None, detail: "the machine is at 91 °C".to_owned() };
    say(&status(Some(health(70, vec![hot])), 0));
    let bad = eventually("the hub hears of it", || {
        let list = list();
        (list["summary"]["bad"] != 0).then_some(list)
    });
    assert_eq!(steps(&bad, "bad"), ["delivery", "machine", "plate_size"]);
    let size = bad["steps"].as_array().unwrap().iter().find(|step| step["step"] == "plate_size").unwrap();
    assert_eq!((&size["camera"], &size["value"], &size["wanted"]), (&json!("cam-1"), &json!(70.0), &json!(90.0)));
    let refused = put("hand_over", &confirmed);
    assert_eq!(refused.status, 409);
    assert!(refused.json()["detail"].as_str().unwrap().contains("plate_size of cam-1"), "{}", refused.json());

    // It is mended; a last will after it takes nothing away.
    let start = NodeStart { version: "1".to_owned(), profile: "Main".to_owned(), models: Default::default() };
    let first = node.says(Payload::NodeStarted(start));
    publisher.publish(&node.topic(Channel::Event), [first]);
    publisher.wait_for_receipt(&node);
    say(&status(Some(health(120, Vec::new())), 0));
    eventually("the measurements are well", || steps(&list(), "bad").is_empty().then_some(()));
    say(&status(None, 0));
    let shown = hub.http.get("/api/v1/nodes")["nodes"][0].clone();
    let camera = &shown["health"]["cameras"][0];
    assert_eq!((&camera["plates"]["width_px"], &camera["picture"]["sharpness"]), (&json!(120), &json!(410.5)));
    let people = ["aim", "trial", "night", "barrier", "power_cut", "notice", "instruction"];
    assert_eq!(steps(&list(), "open"), [&people[..], &["hand_over"]].concat());

    // What a person says is checked; what is measured nobody confirms.
    assert_eq!(put("clock", &confirmed).status, 404);
    assert_eq!(put("aim", &json!({"outcome": "good"})).status, 400);
    assert_eq!(put("aim", &json!({"outcome": "confirmed", "note": "x".repeat(501)})).status, 400);
    assert_eq!(put("barrier", &json!({"outcome": "not_applicable"})).status, 400, "why?");
    assert_eq!(put("hand_over", &json!({"outcome": "not_applicable", "note": "no time"})).status, 400);
    for step in people {
        let body = if step == "barrier" {
            json!({"outcome": "not_applicable", "note": "an open gate"})
        } else {
            confirmed.clone()
        };
        assert_eq!(put(step, &body).status, 204, "{step}");
    }
    assert_eq!(put("hand_over", &confirmed).status, 204);
    let done = list();
    assert_eq!((&done["summary"]["open"], &done["summary"]["bad"]), (&json!(0), &json!(0)));
    assert_eq!(done["summary"]["handed_over_by"], "tests");
    let barrier = done["steps"].as_array().unwrap().iter().find(|step| step["step"] == "barrier").unwrap();
    assert_eq!(
        (&barrier["mark"]["outcome"], &barrier["mark"]["note"]),
        (&json!("not_applicable"), &json!("an open gate"))
    );

    // A step that is taken back takes the hand-over with it.
    assert_eq!(hub.http.send("DELETE", &format!("{CHECKLIST}/night"), &[], b"").status, 204);
    assert_eq!(steps(&list(), "open"), ["night", "hand_over"]);
    assert_eq!(hub.http.send("DELETE", &format!("{CHECKLIST}/night"), &[], b"").status, 404);
}
