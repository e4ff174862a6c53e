//! Pictures in parts, what is too old, what was deleted, and what somebody holds.

use domain::{Direction, MediaTime, ObjectClass, UtcTime};
use hub::accounts::Role;
use hub::clock;
use hub::retention::{RetentionRule, delete_due};
use serde_json::{Value, json};
use store::RetentionClass;
use wire::blob::UPLOAD_GRANT_HEADER;
use wire::{BlobHash, Channel, EvidenceRef, EvidenceRole, UploadGrant};

use crate::access::key_at;
use crate::support::mosquitto::Mosquitto;
use crate::support::node::{Node, Publisher, passed};
use crate::support::{Hub, key};

const PICTURE: &[u8] = b"a picture of a passage";

const DAY_MICROS: i64 = 86_400_000_000;

fn upload(hub: &Hub, node: &Node) -> u16 {
    let blob = BlobHash::of(PICTURE);
    let grant = UploadGrant::sign(&node.key, &node.node, clock::now(), &blob).to_header();
    let headers = [("content-type", "image/jpeg"), (UPLOAD_GRANT_HEADER, grant.as_str())];
    hub.http.put(&format!("/api/v1/blobs/{blob}"), &headers, PICTURE).status
}

fn delete(hub: &Hub) -> u64 {
    let rules = [RetentionRule { class: RetentionClass::PassagePictures, days: Some(30) }];
    let deleted = hub.runtime.block_on(delete_due(&hub.handle.store, &rules, "tests", clock::now(), || false)).unwrap();
    let counted = deleted.counts.values().sum();
    assert_eq!(counted, deleted.blobs, "what is written down is removed");
    counted
}

#[test]
fn pictures_are_given_in_parts_held_deleted_and_the_deletion_is_written_down() {
    let broker = Mosquitto::start();
    let rules = RetentionClass::ALL.map(|class| RetentionRule { class, days: None }).to_vec();
    let hub = Hub::ready_with(&broker, |config| config.retention = Some(rules));
    let mut node = Node::new("n1");
    hub.add(&node);
    let publisher = Publisher::connect(broker.port);
    let picture = EvidenceRef {
        role: EvidenceRole::Crop,
        sha256: BlobHash::of(PICTURE),
        media_type: "image/jpeg".to_owned(),
        bytes: PICTURE.len() as u64,
        media: MediaTime::from_micros(1),
        later_by_ms: None,
    };
    let long_ago = UtcTime::from_unix_micros(clock::now().as_unix_micros() - 40 * DAY_MICROS).unwrap();
    let event = node.says(passed(Direction::In, ObjectClass::Car, long_ago, vec![picture]));
    publisher.publish(&node.topic(Channel::Event), [event]);
    publisher.wait_for_receipt(&node);
    assert_eq!(upload(&hub, &node), 201);
    let id = hub.http.get("/api/v1/passages")["passages"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/blobs/{}?event={id}", BlobHash::of(PICTURE));

    let etag = format!("\"{}\"", BlobHash::of(PICTURE));
    for (range, if_range, status, expected, said) in [
        ("bytes=2-8", None, 206, &PICTURE[2..9], "bytes 2-8/22"),
        ("bytes=15-", None, 206, &PICTURE[15..], "bytes 15-21/22"),
        ("bytes=-7", Some(etag.as_str()), 206, &PICTURE[15..], "bytes 15-21/22"),
        ("bytes=20-99", None, 206, &PICTURE[20..], "bytes 20-21/22"),
        ("bytes=2-8", Some("\"another\""), 200, PICTURE, ""),
        ("bytes=0-1,4-5", None, 200, PICTURE, ""),
        ("lines=1-2", None, 200, PICTURE, ""),
    ] {
        let headers: Vec<_> = std::iter::once(("range", range)).chain(if_range.map(|tag| ("if-range", tag))).collect();
        let answer = hub.http.ask(&path, &headers);
        assert_eq!((answer.status, answer.body.as_slice()), (status, expected), "{range}");
        assert_eq!(if said.is_empty() { "" } else { answer.header("content-range") }, said, "{range}");
    }
    assert_eq!(hub.http.ask(&path, &[("range", "bytes=22-")]).status, 416);

    // Only a case officer holds, and only what he may see.
    let operator = format!("Bearer {}", hub.http.1);
    let officer = format!("Bearer {}", hub.runtime.block_on(key(&hub.handle.store, [Role::CaseOfficer])));
    let elsewhere = key_at(&hub, "elsewhere", &[Role::CaseOfficer]);
    let send = |bearer: &str, method: &str, path: &str, body: Value| {
        let headers = [("authorization", bearer), ("content-type", "application/json")];
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        hub.http.send(method, path, &headers, &body)
    };
    let wanted = json!({"events": [id], "case": "12/2026", "reason": "điều tra"});
    assert_eq!(send(&operator, "POST", "/api/v1/holds", wanted.clone()).status, 403);
    assert_eq!(send(&elsewhere, "POST", "/api/v1/holds", wanted.clone()).status, 404);
    for wrong in [
        json!({"events": [], "reason": "x"}),
        json!({"events": ["7"], "reason": "x"}),
        json!({"events": [id], "reason": " "}),
    ] {
        assert_eq!(send(&officer, "POST", "/api/v1/holds", wrong).status, 400);
    }
    let hold = send(&officer, "POST", "/api/v1/holds", wanted);
    assert_eq!(hold.status, 201);
    let hold = hold.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(delete(&hub), 0);
    let listed = send(&officer, "GET", "/api/v1/holds", Value::Null).json();
    assert_eq!((&listed["holds"][0]["case"], &listed["holds"][0]["events"]), (&json!("12/2026"), &json!([id])));
    assert_eq!(send(&elsewhere, "GET", "/api/v1/holds", Value::Null).json()["holds"], json!([]));
    let released = format!("/api/v1/holds/{hold}?reason=xong");
    assert_eq!(send(&elsewhere, "DELETE", &released, Value::Null).status, 404);
    let answer = send(&officer, "DELETE", &released, Value::Null);
    assert_eq!((answer.status, &answer.json()["release_reason"]), (200, &json!("xong")));
    assert_eq!(send(&officer, "DELETE", &released, Value::Null).status, 404, "once");

    assert_eq!(delete(&hub), 1);
    assert_eq!(hub.http.ask(&path, &[]).status, 404);
    assert_eq!(hub.http.get("/api/v1/passages")["passages"].as_array().unwrap().len(), 1, "the passage itself stays");
    let log = hub.http.get("/api/v1/deletion-log?class=passage_pictures&limit=1");
    let row = &log["deletions"][0];
    assert_eq!((&row["kind"], &row["count"], &row["by"]), (&json!("blob"), &json!(1), &json!("tests")));
    assert_eq!(row["sha256"], json!([BlobHash::of(PICTURE).to_string()]));
    let verified = hub.http.get("/api/v1/deletion-log/verify");
    assert_eq!((&verified["whole"], &verified["rows"]), (&json!(true), &json!(1)));
    let rules = hub.http.get("/api/v1/retention");
    assert_eq!((&rules["is_active"], rules["rules"].as_array().unwrap().len()), (&json!(true), 9));
    assert_eq!(upload(&hub, &node), 201, "a node that sends it again is not kept waiting");
}
