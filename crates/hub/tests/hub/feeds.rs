//! What the hub hands on: webhooks, counts by MQTT, NGSI-LD, metrics, exports.

use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::{Direction, ObjectClass};
use hub::HubConfig;
use hub::feeds::config::{FeedsConfig, Place, Reach, WebhookRules};
use serde_json::{Value, json};
use wire::Channel;
use wire::ngsi::Location;
use wire::webhook::verify;

use crate::support::mosquitto::Mosquitto;
use crate::support::node::{Node, Publisher, passed, plate, plate_read};
use crate::support::receiver::Receiver;
use crate::support::{Hub, eventually};

/// A hub that may post to this machine, tries again soon and gives up after three attempts.
fn feeding(config: &mut HubConfig) {
    config.feeds = FeedsConfig {
        webhooks: WebhookRules {
            reach: Reach::Anywhere,
            retry_after: Duration::from_millis(40),
            retry_after_max: Duration::from_millis(100),
            attempts_max: 3,
        },
        ..FeedsConfig::default()
    };
}

fn add(hub: &Hub, hook: &Value) -> (String, String) {
    let answer = hub.http.post("/api/v1/webhooks", hook);
    assert_eq!(answer.status, 201, "{}", String::from_utf8_lossy(&answer.body));
    let new = answer.json();
    (new["id"].as_str().unwrap().to_owned(), new["secret"].as_str().unwrap().to_owned())
}

#[test]
fn events_are_posted_in_order_and_signed_and_plates_only_with_a_legal_basis() {
    let broker = Mosquitto::start();
    let hub = Hub::ready_with(&broker, feeding);
    let mut node = Node::new("n1");
    hub.add(&node);
    let publisher = Publisher::connect(broker.port);
    let before = node.passes(1);
    publisher.publish(&node.topic(Channel::Event), before);
    publisher.wait_for_receipt(&node);

    let (plain, lawful) = (Receiver::start(), Receiver::start());
    let (_, secret) = add(&hub, &json!({ "url": plain.url() }));
    add(&hub, &json!({ "url": lawful.url(), "kinds": ["plate_read"], "legal_basis": "QĐ 12/2026" }));
    let mut told = node.passes(3);
    told.push(node.says(plate_read(plate("30A12345", "30A-123.45"), vec![])));
    publisher.publish(&node.topic(Channel::Event), told);

    let got = eventually("everything is posted", || Some(plain.taken()).filter(|taken| taken.len() == 4));
    let bodies: Vec<Value> = got.iter().map(|posted| posted.json()).collect();
    let kinds: Vec<_> = bodies.iter().map(|body| body["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["passed", "passed", "passed", "plate_read"], "nothing from before, and in order");
    let places: Vec<_> = bodies.iter().map(|body| body["pos"].as_u64().unwrap()).collect();
    assert!(places.is_sorted(), "{places:?}");
    let now = hub::clock::now().as_unix_micros() / 1_000_000;
    for posted in &got {
        let signature = posted.header("gatehouse-signature");
        assert!(verify(secret.as_bytes(), signature, &posted.body, now), "{signature}");
        assert_eq!(posted.header("gatehouse-id"), posted.json()["id"]);
        assert!(!String::from_utf8_lossy(&posted.body).contains("30A"), "no plate without a legal basis");
    }
    assert_eq!((&bodies[3]["redacted"], &bodies[3]["data"]["colour"]), (&json!(true), &json!("white")));
    let told = eventually("the plate is posted", || lawful.taken().first().map(|posted| posted.json()));
    assert_eq!((&told["redacted"], &told["data"]["readings"][0]["display"]), (&json!(false), &json!("30A-123.45")));
    assert_eq!(lawful.posted().len(), 1);
    let listed = hub.http.ask("/api/v1/webhooks", &[]);
    assert!(!String::from_utf8_lossy(&listed.body).contains("whsec_"), "a secret is shown once");
}

#[test]
fn what_a_receiver_does_not_take_is_tried_again_then_kept_apart_and_can_be_delivered_later() {
    let broker = Mosquitto::start();
    let hub = Hub::ready_with(&broker, feeding);
    let mut node = Node::new("n1");
    hub.add(&node);
    let receiver = Receiver::start();
    let (id, _) = add(&hub, &json!({ "url": receiver.url(), "sites": ["cao-nguyen"] }));
    receiver.status.store(500, Ordering::SeqCst);
    let publisher = Publisher::connect(broker.port);
    publisher.publish(&node.topic(Channel::Event), node.passes(1));
    let path = format!("/api/v1/webhooks/{id}/dead-letters");
    let letter = eventually("it is given up", || {
        Some(hub.http.get(&path)["dead_letters"][0].clone()).filter(|letter| !letter.is_null())
    });
    assert_eq!((&letter["attempts"], &letter["kind"]), (&json!(3), &json!("passed")));
    assert!(letter["error"].as_str().unwrap().contains("500"), "{letter}");
    let tried = receiver.posted();
    assert_eq!(tried.len(), 3);
    assert!(tried.iter().all(|posted| posted.header("gatehouse-id") == letter["event"]), "one identity");

    let redeliver = format!("{path}/{}/redeliver", letter["id"]);
    assert_eq!(hub.http.post(&redeliver, &json!({})).status, 502);
    receiver.status.store(200, Ordering::SeqCst);
    assert_eq!(hub.http.post(&redeliver, &json!({})).status, 204);
    assert_eq!(hub.http.get(&path)["dead_letters"], json!([]));
    publisher.publish(&node.topic(Channel::Event), node.passes(1));
    eventually("it goes on behind it", || Some(()).filter(|()| receiver.taken().len() == 2));
    let metrics = hub.http.ask("/metrics", &[]);
    let text = String::from_utf8(metrics.body).unwrap();
    for wanted in ["gatehouse_hub_webhook_dead_letters_total 1\n", "gatehouse_hub_events_stored_total 2\n"] {
        assert!(text.contains(wanted), "{wanted} is not in\n{text}");
    }
    assert!(text.contains("route=\"/api/v1/webhooks/{id}/dead-letters\",status=\"200\""), "{text}");
    assert_eq!(hub.http.delete(&format!("/api/v1/webhooks/{id}")).status, 204);
    assert_eq!(hub.http.ask(&path, &[]).status, 404);
}

#[test]
fn a_hook_is_tried_with_the_newest_event_that_it_wants_and_a_dead_letter_is_given_up_for_good() {
    let broker = Mosquitto::start();
    let hub = Hub::ready_with(&broker, feeding);
    let mut node = Node::new("n1");
    hub.add(&node);
    let publisher = Publisher::connect(broker.port);
    publisher.publish(&node.topic(Channel::Event), node.passes(2));
    publisher.wait_for_receipt(&node);
    let receiver = Receiver::start();
    let (plates, _) = add(&hub, &json!({ "url": receiver.url(), "kinds": ["plate_read"] }));
    let (id, secret) = add(&hub, &json!({ "url": receiver.url(), "kinds": ["passed"] }));
    let answer = hub.http.post(&format!("/api/v1/webhooks/{plates}/trial"), &json!({}));
    assert_eq!(answer.status, 409, "nothing of the kind happened yet");
    let trial = format!("/api/v1/webhooks/{id}/trial");
    let told = hub.http.post(&trial, &json!({})).json();
    assert_eq!((&told["taken"], &told["kind"], &told["error"]), (&json!(true), &json!("passed"), &Value::Null));
    let posted = receiver.taken();
    assert_eq!((posted.len(), &posted[0].json()["pos"]), (1, &json!(2)), "the newest");
    let now = hub::clock::now().as_unix_micros() / 1_000_000;
    assert!(verify(secret.as_bytes(), posted[0].header("gatehouse-signature"), &posted[0].body, now));
    receiver.status.store(503, Ordering::SeqCst);
    let told = hub.http.post(&trial, &json!({})).json();
    assert!(told["taken"] == false && told["error"].as_str().unwrap().contains("503"), "{told}");

    publisher.publish(&node.topic(Channel::Event), node.passes(1));
    let path = format!("/api/v1/webhooks/{id}/dead-letters");
    let letter = eventually("it is given up", || {
        Some(hub.http.get(&path)["dead_letters"][0].clone()).filter(|letter| !letter.is_null())
    });
    receiver.status.store(200, Ordering::SeqCst);
    let one = format!("{path}/{}", letter["id"]);
    assert_eq!([hub.http.delete(&one).status, hub.http.delete(&one).status], [204, 404]);
    assert_eq!(hub.http.get(&path)["dead_letters"], json!([]));
    let hook = hub.http.get(&format!("/api/v1/webhooks/{id}"));
    assert_eq!((&hook["delivered"], &hook["dead_letters"]), (&json!(0), &json!(0)), "it was not delivered");
}

#[test]
fn a_hook_that_was_away_over_a_restart_of_the_hub_gets_everything() {
    let broker = Mosquitto::start();
    let hub = Hub::ready_with(&broker, |config| {
        feeding(config);
        config.feeds.webhooks.attempts_max = 100;
    });
    let mut node = Node::new("n1");
    hub.add(&node);
    let receiver = Receiver::start();
    add(&hub, &json!({ "url": receiver.url() }));
    receiver.status.store(503, Ordering::SeqCst);
    let publisher = Publisher::connect(broker.port);
    publisher.publish(&node.topic(Channel::Event), node.passes(5));
    publisher.wait_for_receipt(&node);
    eventually("it was tried", || receiver.posted().first().cloned());
    let folder = hub.stop();
    receiver.status.store(200, Ordering::SeqCst);
    let hub = Hub::start_in(folder, broker.config(), feeding);
    let taken = eventually("all of it comes", || Some(receiver.taken()).filter(|taken| taken.len() >= 5));
    let places: Vec<_> = taken.iter().map(|posted| posted.json()["pos"].as_u64().unwrap()).collect();
    assert_eq!(places, [1, 2, 3, 4, 5]);
    drop(hub);
}

#[test]
fn a_hub_without_permission_posts_nothing_into_its_own_network() {
    let broker = Mosquitto::start();
    let hub = Hub::ready(&broker);
    for (url, says) in
        [("http://127.0.0.1:1/x", "https"), ("https://10.0.0.1/x", "private"), ("https://[::1]/", "private")]
    {
        let answer = hub.http.post("/api/v1/webhooks", &json!({ "url": url }));
        assert_eq!(answer.status, 400);
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.starts_with("url: ") && detail.contains(says), "{detail}");
    }
    let answer = hub.http.post("/api/v1/webhooks", &json!({ "url": "https://ioc.vn/", "kinds": ["rain"] }));
    assert!(answer.json()["detail"].as_str().unwrap().contains("incident_seen"), "{:?}", answer.json());
    let schema = hub.http.get("/api/v1/webhooks/schema");
    assert_eq!(schema["properties"]["v"]["const"], 1);
}

#[test]
fn counts_of_a_gate_are_retained_at_the_broker() {
    let broker = Mosquitto::start();
    let hub = Hub::ready(&broker);
    let mut node = Node::new("n1");
    hub.add(&node);
    let publisher = Publisher::connect(broker.port);
    let topic = "gatehouse/v1/cao-nguyen/counts/cong-chinh";
    publisher.publish(&node.topic(Channel::Event), node.passes(3));
    publisher.wait_for_receipt(&node);
    let told = eventually("the counts are told", || {
        let told: Value = serde_json::from_slice(&broker.retained(topic)?).unwrap();
        Some(told).filter(|told| told["person"]["in"] == 3)
    });
    assert_eq!((&told["v"], &told["gate"], &told["person"]["inside"]), (&json!(1), &json!("cong-chinh"), &json!(3)));
    assert_eq!(told["vehicle"], json!({ "in": 0, "out": 0, "inside": 0 }));
    drop(hub);
}

#[test]
fn an_operations_centre_reads_entities_and_plates_only_with_a_legal_basis() {
    let broker = Mosquitto::start();
    let place = |config: &mut HubConfig| {
        let location = Location { latitude: 11.94, longitude: 108.44 };
        let site = Node::new("n1").site;
        config.feeds.places = vec![Place { site, gate: None, location }];
    };
    let hub = Hub::ready_with(&broker, place);
    let mut node = Node::new("n1");
    hub.add(&node);
    let publisher = Publisher::connect(broker.port);
    let mut told = node.passes(2);
    told.push(node.says(plate_read(plate("30A12345", "30A-123.45"), vec![])));
    publisher.publish(&node.topic(Channel::Event), told);
    publisher.wait_for_receipt(&node);
    let answer = hub.http.ask("/ngsi-ld/v1/entities?type=AnprFlowObserved", &[]);
    assert_eq!(answer.header("content-type"), "application/ld+json");
    let seen = answer.json();
    assert_eq!(seen.as_array().unwrap().len(), 1);
    assert!(!seen.to_string().contains("30A") && seen[0]["vehiclePlateNotRead"]["value"] == false, "{seen}");
    let crowd = hub.http.get("/ngsi-ld/v1/entities?type=CrowdFlowObserved&site=cao-nguyen");
    assert_eq!(crowd[0]["type"], "CrowdFlowObserved");
    assert_eq!(crowd[0]["location"]["value"]["coordinates"], json!([108.44, 11.94]));
    let unknown = hub.http.ask("/ngsi-ld/v1/entities?type=Rain", &[]);
    assert_eq!(unknown.status, 400);
    let folder = hub.stop();
    let hub = Hub::start_in(folder, broker.config(), |config| {
        place(config);
        config.feeds.ngsi_legal_basis = Some("QĐ 12/2026".to_owned());
    });
    let seen = hub.http.get("/ngsi-ld/v1/entities?type=AnprFlowObserved");
    let vehicle = &seen[0]["observedVehicle"]["value"]["licensePlate"];
    assert_eq!(vehicle["identifier"], "30A-123.45");
}

#[test]
fn tables_are_taken_away_as_csv_and_xlsx() {
    let broker = Mosquitto::start();
    let hub = Hub::ready(&broker);
    let mut node = Node::new("n1");
    hub.add(&node);
    let publisher = Publisher::connect(broker.port);
    // More than a part of the list, so that the parts must fit together.
    let mut told = node.passes(620);
    told.push(node.says(passed(Direction::Out, ObjectClass::Car, hub::clock::now(), vec![])));
    publisher.publish(&node.topic(Channel::Event), told);
    publisher.wait_for_receipt(&node);
    let rows = |path: &str| {
        let answer = hub.http.ask(path, &[]);
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
        let text = String::from_utf8(answer.body).unwrap();
        let text = text.strip_prefix('\u{feff}').expect("a byte order mark").to_owned();
        text.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect::<Vec<Vec<String>>>()
    };
    let passages = rows("/api/v1/exports/passages");
    assert_eq!((passages.len(), passages[0][0].as_str()), (622, "at"));
    let mut events: Vec<_> = passages[1..].iter().map(|row| row.last().unwrap().clone()).collect();
    events.sort();
    events.dedup();
    assert_eq!(events.len(), 621, "each once");
    let counts = rows("/api/v1/exports/counts?gate=cong-chinh");
    let sum: u64 = counts[1..].iter().map(|row| row.last().unwrap().parse::<u64>().unwrap()).sum();
    assert_eq!(sum, 621);
    let book = hub.http.ask("/api/v1/exports/passages?format=xlsx", &[]);
    assert!(book.header("content-type").contains("spreadsheetml") && book.body.starts_with(b"PK"));
    assert_eq!(rows("/api/v1/exports/alerts").len(), 1);
    assert_eq!(hub.http.ask("/api/v1/exports/faces", &[]).status, 404);
    assert_eq!(hub.http.ask("/api/v1/exports/counts?from=2020-01-01T00:00:00Z", &[]).status, 400);
}
