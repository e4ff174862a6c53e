//! Read plates, from a signed event to the list, the stream and the votes.

use domain::{CameraId, Direction, MediaTime, ObjectClass};
use serde_json::{Value, json};
use wire::access::PlateShown;
use wire::event::WithEvidence;
use wire::evidence::{ClipEdge, CutReason};
use wire::plate::{ListPurpose, PlateColour, PlateDifference, PlateMatch, PlateOutcome, PlateRead};
use wire::{AccessDecided, AccessVerdict, BlobHash, Channel, EvidenceAdded, EvidenceRef, EvidenceRole, Payload};

use crate::decisions::decided;
use crate::support::mosquitto::Mosquitto;
use crate::support::node::{Node, Publisher, passed, plate, plate_read};
use crate::support::{Hub, eventually};

fn watched() -> PlateMatch {
    PlateMatch {
        list: "xe mất cắp".to_owned(),
        purpose: ListPurpose::Watch,
        key: "30A12346".to_owned(),
        score: 0.5,
        differing: vec![PlateDifference { position: 7, listed: '6', read: '5' }],
        note: "<b>báo công an</b>".to_owned(),
    }
}

fn picture() -> EvidenceRef {
    EvidenceRef {
        role: EvidenceRole::Plate,
        sha256: BlobHash::of(b"a plate"),
        media_type: "image/jpeg".to_owned(),
        bytes: 7,
        media: MediaTime::from_micros(40_000),
        later_by_ms: None,
    }
}

fn keys(value: &Value) -> Vec<String> {
    value.as_object().unwrap_or_else(|| panic!("{value}")).keys().cloned().collect()
}

fn displays(answer: &Value) -> Vec<&str> {
    answer["plates"].as_array().unwrap().iter().map(|plate| plate["display"].as_str().unwrap_or("-")).collect()
}

#[test]
fn a_signed_plate_is_listed_streamed_and_explained() {
    let broker = Mosquitto::start();
    let hub = Hub::ready(&broker);
    let mut node = Node::new("n1");
    hub.add(&node);
    let publisher = Publisher::connect(broker.port);
    let mut stream = hub.http.stream("/api/v1/stream", None);
    stream.until(|sent| sent.name == "hello");
    let read = PlateRead { matches: vec![watched()], ..plate("30A12345", "30A-123.45") };
    publisher.publish(&node.topic(Channel::Event), [node.says(plate_read(read, vec![picture()]))]);
    publisher.wait_for_receipt(&node);

    let live = stream.until(|sent| sent.name == "plate");
    let list = hub.http.get("/api/v1/plates");
    let listed = &list["plates"][0];
    assert_eq!((live.id, &live.data, &list["next"], &list["pos"]), (Some(1), listed, &Value::Null, &json!(1)));
    assert_eq!(
        (&listed["key"], &listed["kind"], &listed["issuer"], &listed["confidence"], &listed["outcome"]),
        (&json!("30A12345"), &json!("car"), &json!("Hà Nội"), &json!(0.75), &json!("read"))
    );
    let match_ = json!({"list": "xe mất cắp", "purpose": "watch", "key": "30A12346", "score": 0.5});
    assert_eq!((&listed["listed"], &listed["evidence"][0]["role"]), (&match_, &json!("plate")));
    assert_eq!((&listed["gates"], &listed["evidence"][0]["stored"]), (&json!(["cong-chinh"]), &json!(false)));
    let gate = stream.until(|sent| sent.name == "gate");
    assert_eq!(gate.data["gate"], "cong-chinh");

    // One that comes back later gets it from the log.
    let mut again = hub.http.stream("/api/v1/stream?after=0", None);
    assert_eq!(again.until(|sent| sent.name == "plate").data, live.data);

    let detail = hub.http.get(&format!("/api/v1/plates/{}", listed["id"].as_str().unwrap()));
    assert_eq!(detail["plate"], *listed);
    assert_eq!(detail["votes"], json!([{"media_us": 40_000, "raw": "30A12345", "confidence": 0.5, "weight": 1.0}]));
    assert_eq!(
        (&detail["readings"][0]["corrected"], &detail["shot"]["corners"][0]),
        (&json!([2]), &json!([0.25, 0.5]))
    );
    let differing = json!([{"position": 7, "listed": "6", "read": "5"}]);
    assert_eq!((&detail["matches"][0]["differing"], &detail["hash"]), (&differing, &json!(node.prev.to_string())));

    assert_eq!(detail["clips"], json!([]), "its clip has not been made yet");
    let clip = EvidenceAdded {
        event: serde_json::from_value(listed["id"].clone()).unwrap(),
        camera: CameraId::new("cam-1").unwrap(),
        clip: EvidenceRef { role: EvidenceRole::Clip, media_type: "video/mp4".to_owned(), ..picture() },
        from: hub::clock::now(),
        to: hub::clock::now(),
        media_to: MediaTime::from_micros(9_000_000),
        frames: 90,
        begins: ClipEdge::Whole,
        ends: ClipEdge::Cut { missing_ms: 800, why: CutReason::Stopped },
    };
    publisher.publish(&node.topic(Channel::Event), [node.says(Payload::EvidenceAdded(clip))]);
    publisher.wait_for_receipt(&node);
    let detail = hub.http.get(&format!("/api/v1/plates/{}", listed["id"].as_str().unwrap()));
    let shown = &detail["clips"][0];
    assert_eq!((&shown["media"]["role"], &shown["media"]["stored"]), (&json!("clip"), &json!(false)));
    assert_eq!((&shown["begin_cut"], &shown["end_cut"]["why"]), (&Value::Null, &json!("stopped")));
    let again = hub.http.get("/api/v1/plates");
    let media = again["plates"][0]["evidence"].as_array().unwrap();
    assert_eq!((media.len(), &media[1]["media_type"]), (2, &json!("video/mp4")));

    let document = hub.http.get("/api/openapi.json");
    let schema = |name: &str| keys(&document["components"]["schemas"][name]["properties"]);
    assert_eq!(keys(listed), schema("Plate"));
    assert_eq!(keys(&detail), schema("PlateDetail"));
    assert_eq!(keys(&detail["readings"][0]), schema("Reading"));
    assert_eq!(keys(&detail["matches"][0]), schema("Match"));
}

#[test]
fn plates_are_found_by_key_however_written_and_by_outcome_and_time() {
    let broker = Mosquitto::start();
    let hub = Hub::ready(&broker);
    let mut node = Node::new("n1");
    hub.add(&node);
    let publisher = Publisher::connect(broker.port);
    // Each is seen a moment after the one before.
    let said = [
        node.says(plate_read(plate("29MD112345", "29-MĐ1 123.45"), vec![])),
        node.says(plate_read(
            PlateRead {
                outcome: PlateOutcome::Unreadable,
                reason: "covered".to_owned(),
                readings: vec![],
                ..plate("", "")
            },
            vec![],
        )),
        node.says(plate_read(plate("30A12345", "30A-123.45"), vec![])),
    ];
    publisher.publish(&node.topic(Channel::Event), said);
    publisher.wait_for_receipt(&node);

    assert_eq!(displays(&hub.http.get("/api/v1/plates")), ["30A-123.45", "-", "29-MĐ1 123.45"]);
    for key in ["29MD112345", "29-m%C4%911+123.45", "29%20M%C4%90-1.123.45"] {
        assert_eq!(
            displays(&hub.http.get(&format!("/api/v1/plates?key={key}&purpose=a+test"))),
            ["29-MĐ1 123.45"],
            "{key}"
        );
    }
    // Not the very plate, but one that it is taken for; and one of which a witness knows all but a sign.
    let like = hub.http.get("/api/v1/plates?key=3OA1234S&like=true&purpose=a+test");
    assert_eq!(displays(&like), ["30A-123.45"]);
    let likeness = &like["plates"][0]["likeness"];
    let score = likeness["score"].as_f64().unwrap();
    assert!(score > 0.0 && score < 1.0, "{likeness}");
    let differing = json!([
        {"position": 1, "listed": "O", "read": "0"},
        {"position": 7, "listed": "S", "read": "5"},
    ]);
    assert_eq!(likeness["differing"], differing);
    assert_eq!(displays(&hub.http.get("/api/v1/plates?key=3OA1234S&purpose=a+test")), [""; 0]);
    assert_eq!(displays(&hub.http.get("/api/v1/plates?key=30A1%3F345&purpose=a+test")), ["30A-123.45"]);
    let unreadable = hub.http.get("/api/v1/plates?outcome=unreadable&site=cao-nguyen&gate=cong-chinh");
    assert_eq!((displays(&unreadable), &unreadable["plates"][0]["reason"]), (vec!["-"], &json!("covered")));
    let first = hub.http.get("/api/v1/plates?limit=2");
    let rest = hub.http.get(&format!("/api/v1/plates?limit=2&before={}", first["next"].as_str().unwrap()));
    assert_eq!((displays(&first).len(), displays(&rest), &rest["next"]), (2, vec!["29-MĐ1 123.45"], &Value::Null));
    let newest = first["plates"][0]["to"].as_str().unwrap();
    assert_eq!(displays(&hub.http.get(&format!("/api/v1/plates?from={newest}"))), ["30A-123.45"]);
    assert_eq!(displays(&hub.http.get(&format!("/api/v1/plates?to={newest}"))).len(), 2);
    assert_eq!(displays(&hub.http.get("/api/v1/plates?gate=cong-phu")), [""; 0]);
    assert_eq!(displays(&hub.http.get("/api/v1/plates?site=noi-khac")), [""; 0]);
}

#[test]
fn plates_are_found_by_class_colour_list_and_what_was_decided() {
    let broker = Mosquitto::start();
    let hub = Hub::ready(&broker);
    let mut node = Node::new("n1");
    hub.add(&node);
    let publisher = Publisher::connect(broker.port);
    let lorry = PlateRead {
        vehicle_class: Some(ObjectClass::Truck),
        colour: PlateColour::Yellow,
        matches: vec![watched()],
        ..plate("30A12345", "30A-123.45")
    };
    let said = [node.says(plate_read(lorry, vec![])), node.says(plate_read(plate("51F67890", "51F-678.90"), vec![]))];
    publisher.publish(&node.topic(Channel::Event), said);
    publisher.wait_for_receipt(&node);
    let all = hub.http.get("/api/v1/plates");
    assert_eq!(displays(&all), ["51F-678.90", "30A-123.45"]);
    let lorry = &all["plates"][1];
    assert_eq!(
        (&lorry["vehicle_class"], &lorry["lists"], &lorry["decided"]),
        (&json!("truck"), &json!(["xe mất cắp"]), &Value::Null)
    );
    let shown = PlateShown {
        event: serde_json::from_value(lorry["id"].clone()).unwrap(),
        camera: CameraId::new("cam-1").unwrap(),
        visit: 1,
        key: "30A12345".to_owned(),
    };
    let refused = AccessDecided { plate: Some(shown), ..decided("car-in", AccessVerdict::Deny, "denied") };
    let refused = Payload::AccessDecided(WithEvidence { what: refused, evidence: vec![] });
    publisher.publish(&node.topic(Channel::Event), [node.says(refused)]);
    publisher.wait_for_receipt(&node);

    let decision = &hub.http.get("/api/v1/decisions")["decisions"][0]["id"];
    let expected = json!({"id": decision, "verdict": "deny"});
    assert_eq!(hub.http.get("/api/v1/plates")["plates"][1]["decided"], expected);
    let detail = hub.http.get(&format!("/api/v1/plates/{}", lorry["id"].as_str().unwrap()));
    assert_eq!(detail["plate"]["decided"], expected);
    let found = |query: &str| {
        let answer = hub.http.get(&format!("/api/v1/plates?{query}&purpose=a+test"));
        displays(&answer).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    for query in ["class=truck", "colour=yellow", "list=xe+m%E1%BA%A5t+c%E1%BA%AFp", "verdict=deny"] {
        assert_eq!(found(query), ["30A-123.45"], "{query}");
        assert_eq!(found(&format!("{query}&gate=cong-chinh&site=cao-nguyen")), ["30A-123.45"], "{query}");
        assert_eq!(found(&format!("{query}&key=51F67890")), [""; 0], "{query}");
    }
    assert_eq!(found("class=car"), ["51F-678.90"]);
    for query in ["class=bus", "colour=red", "list=staff", "verdict=permit"] {
        assert_eq!(found(query), [""; 0], "{query}");
    }
    assert_eq!(hub.http.get("/api/v1/plate-lists"), json!({"lists": ["xe mất cắp"]}));
    for (query, about) in [
        ("class=lorry", "class"),
        ("colour=green", "colour"),
        ("verdict=maybe", "verdict"),
        ("list=&purpose=a+test", "list"),
    ] {
        let answer = hub.http.ask(&format!("/api/v1/plates?{query}"), &[]);
        let told = answer.json()["detail"].to_string();
        assert!(answer.status == 400 && told.contains(about), "{query}: {} {told}", answer.status);
    }
    // Who was on a list is personal data like a plate.
    let nameless = hub.http.ask("/api/v1/plates?list=staff", &[]);
    assert_eq!((nameless.status, &nameless.json()["type"]), (400, &json!("urn:gatehouse:problem:purpose_needed")));
}

#[test]
fn a_passage_shows_the_plate_of_its_vehicle() {
    let broker = Mosquitto::start();
    let hub = Hub::ready(&broker);
    let mut node = Node::new("n1");
    hub.add(&node);
    let publisher = Publisher::connect(broker.port);
    let car = node.says(passed(Direction::In, ObjectClass::Car, hub::clock::now(), vec![]));
    let read = node.says(plate_read(plate("30A12345", "30A-123.45"), vec![]));
    publisher.publish(&node.topic(Channel::Event), [car, read]);
    publisher.wait_for_receipt(&node);
    let passages = hub.http.get("/api/v1/passages");
    let plate = &hub.http.get("/api/v1/plates")["plates"][0];
    let expected = json!({"id": plate["id"], "display": "30A-123.45", "confidence": 0.75});
    assert_eq!(passages["passages"][0]["plate"], expected);
    // The event of a passage is no plate's.
    let id = passages["passages"][0]["id"].as_str().unwrap();
    assert_eq!(hub.http.ask(&format!("/api/v1/plates/{id}"), &[]).status, 404);
}

#[test]
fn a_plate_with_thousands_of_votes_is_kept_apart_and_never_shown() {
    let broker = Mosquitto::start();
    let hub = Hub::ready(&broker);
    let mut node = Node::new("n1");
    hub.add(&node);
    let publisher = Publisher::connect(broker.port);
    let mut read = plate("30A12345", "30A-123.45");
    read.votes = vec![read.votes[0].clone(); 700];
    let mut too_long: Value = serde_json::from_slice(&node.says(plate_read(read, vec![]))).unwrap();
    let topic = node.topic(Channel::Event);
    publisher.publish(&topic, [too_long.to_string().into_bytes()]);
    // Beyond four envelopes the broker itself throws a message away, and nobody sees it.
    let vote = too_long["payload"]["votes"][0].clone();
    too_long["payload"]["votes"] = vec![vote; 2_000].into();
    publisher.publish(&topic, [too_long.to_string().into_bytes()]);
    let details = eventually("two refusals", || {
        let quarantine = hub.http.get("/api/v1/quarantine");
        let rows = quarantine["messages"].as_array().unwrap();
        let details: Vec<_> = rows.iter().map(|row| format!("{}: {}", row["reason"], row["detail"])).collect();
        (details.len() == 2).then_some(details)
    });
    assert!(
        details[1].contains("unreadable") && details[1].contains("votes: 700 are too many, at most 24"),
        "{details:?}"
    );
    assert!(details[0].contains("unreadable") && details[0].contains("at most 65536"), "{details:?}");
    assert_eq!(displays(&hub.http.get("/api/v1/plates")), [""; 0]);
}
