//! Uploads of media.

use domain::{Direction, ObjectClass, UtcTime};
use serde_json::json;
use wire::blob::{BLOB_BYTES_MAX, UPLOAD_GRANT_HEADER};
use wire::{BlobHash, Channel, EvidenceRef, EvidenceRole, UploadGrant};

use crate::support::Hub;
use crate::support::mosquitto::Mosquitto;
use crate::support::node::{Node, Publisher, passed};

const JPEG: (&str, &str) = ("content-type", "image/jpeg");

fn grant(node: &Node, at: UtcTime, blob: &BlobHash) -> String {
    UploadGrant::sign(&node.key, &node.node, at, blob).to_header()
}

fn path(blob: &BlobHash) -> String {
    format!("/api/v1/blobs/{blob}")
}

#[test]
fn a_picture_is_stored_once_and_given_out_for_good() {
    let hub = Hub::start(hub::BrokerConfig::new("127.0.0.1", crate::support::free_port()));
    let node = Node::new("n1");
    hub.add(&node);
    let blob = BlobHash::of(b"picture");
    assert_eq!(hub.http.ask(&path(&blob), &[]).status, 404);
    let grant = grant(&node, hub::clock::now(), &blob);
    let headers = [JPEG, (UPLOAD_GRANT_HEADER, grant.as_str())];
    assert_eq!(hub.http.put(&path(&blob), &headers, b"picture").status, 201);
    assert_eq!(hub.http.put(&path(&blob), &headers, b"picture").status, 200);
    let answer = hub.http.ask(&path(&blob), &[]);
    assert_eq!((answer.status, answer.body.as_slice()), (200, b"picture".as_slice()));
    assert_eq!(
        ["content-type", "etag", "cache-control", "x-content-type-options", "content-security-policy"]
            .map(|name| answer.header(name)),
        [
            "image/jpeg",
            &format!("\"{blob}\""),
            "private, max-age=31536000, immutable",
            "nosniff",
            "default-src 'none'; sandbox"
        ]
    );
    let held = hub.http.ask(&path(&blob), &[("if-none-match", answer.header("etag"))]);
    assert_eq!((held.status, held.body.len()), (304, 0));
}

#[test]
fn uploads_without_a_good_grant_are_refused() {
    let hub = Hub::start(hub::BrokerConfig::new("127.0.0.1", crate::support::free_port()));
    let (node, stranger) = (Node::new("n1"), Node::new("stranger"));
    hub.add(&node);
    let (blob, other) = (BlobHash::of(b"picture"), BlobHash::of(b"other"));
    let now = hub::clock::now();
    let old = UtcTime::from_unix_micros(now.as_unix_micros() - 25 * 3_600_000_000).unwrap();
    let body = vec![7; 300_000];
    for (bad, why) in [
        (String::new(), "cannot be read"),
        ("n1;now;x".to_owned(), "cannot be read"),
        (grant(&stranger, now, &blob), "not known or did not sign"),
        (grant(&node, now, &other), "not known or did not sign"),
        (grant(&Node { key: stranger.key.clone(), ..Node::new("n1") }, now, &blob), "not known or did not sign"),
        (grant(&node, old, &blob), "from the hub's clock"),
    ] {
        let answer = hub.http.put(&path(&blob), &[JPEG, (UPLOAD_GRANT_HEADER, &bad)], &body);
        assert_eq!((answer.status, answer.header("content-type")), (401, "application/problem+json"), "{bad}");
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(why), "{detail}");
    }
    assert_eq!(hub.http.put(&path(&blob), &[JPEG], b"picture").status, 401);
    assert_eq!(hub.http.ask(&path(&blob), &[]).status, 404);
}

#[test]
fn other_bytes_types_and_sizes_than_allowed_are_refused() {
    let hub = Hub::start(hub::BrokerConfig::new("127.0.0.1", crate::support::free_port()));
    let node = Node::new("n1");
    hub.add(&node);
    let put = |blob: &BlobHash, media_type: &str, bytes: &[u8]| {
        let grant = grant(&node, hub::clock::now(), blob);
        hub.http.put(&path(blob), &[("content-type", media_type), (UPLOAD_GRANT_HEADER, &grant)], bytes)
    };
    let blob = BlobHash::of(b"picture");
    let mismatch = put(&blob, "image/jpeg", b"another");
    assert_eq!(mismatch.status, 409);
    assert!(mismatch.json()["detail"].as_str().unwrap().contains(&BlobHash::of(b"another").to_string()));
    assert_eq!(put(&blob, "text/html", b"picture").status, 415);
    let largest = vec![1; BLOB_BYTES_MAX];
    assert_eq!(put(&BlobHash::of(&largest), "video/mp4", &largest).status, 201);
    let answer = hub.http.put("/api/v1/blobs/nonsense", &[JPEG], b"x");
    assert_eq!(answer.status, 400);
    let long = [largest, vec![1]].concat();
    // The connection is closed on a sender that goes on writing, so the answer may not be readable any more.
    let grant = grant(&node, hub::clock::now(), &BlobHash::of(&long));
    let url = hub.http.url(&path(&BlobHash::of(&long)));
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let sent = agent.put(url).header("content-type", "image/jpeg").header(UPLOAD_GRANT_HEADER, grant).send(&long[..]);
    assert!(sent.map_or(true, |answer| answer.status() == 413));
    assert_eq!(hub.http.ask(&path(&BlobHash::of(&long)), &[]).status, 404);
}

#[test]
fn an_upload_that_broke_off_goes_on_and_says_where() {
    let hub = Hub::start(hub::BrokerConfig::new("127.0.0.1", crate::support::free_port()));
    let node = Node::new("n1");
    hub.add(&node);
    let blob = BlobHash::of(b"a long clip");
    let grant = grant(&node, hub::clock::now(), &blob);
    let state = |grant: &str| {
        let answer = hub.http.ask(&format!("{}/upload", path(&blob)), &[(UPLOAD_GRANT_HEADER, grant)]);
        (answer.status, answer.json())
    };
    let put = |range: &str, body: &[u8]| {
        let headers = [("content-type", "video/mp4"), (UPLOAD_GRANT_HEADER, grant.as_str()), ("content-range", range)];
        let answer = hub.http.put(&path(&blob), &headers, body);
        (answer.status, answer.json())
    };
    let told = |received: u64, is_stored: bool| {
        (200, json!({"sha256": blob.to_string(), "received": received, "is_stored": is_stored}))
    };
    assert_eq!(state(&grant), told(0, false));
    assert_eq!(put("bytes 0-5/11", b"a long"), (202, told(6, false).1));
    assert_eq!(state(&grant), told(6, false));
    let (status, problem) = put("bytes 3-10/11", b"ong clip");
    assert!(status == 409 && problem["detail"].as_str().unwrap().contains("go on with byte 6"), "{problem}");
    assert_eq!(put("bytes 6-/11", b" clip").0, 400);
    assert_eq!(put("bytes 6-10/11", b" clip").0, 201);
    assert_eq!(state(&grant), told(11, true));
    assert_eq!(put("bytes */11", b"").0, 200);
    assert_eq!(hub.http.ask(&path(&blob), &[]).body, b"a long clip");
    // Who may not upload it is told nothing of it.
    let stranger = Node::new("stranger");
    assert_eq!(state(&self::grant(&stranger, hub::clock::now(), &blob)).0, 401);
    assert_eq!(hub.http.ask(&format!("{}/upload", path(&blob)), &[]).status, 401);
}

#[test]
fn all_of_a_part_that_is_something_else_is_thrown_away() {
    let hub = Hub::start(hub::BrokerConfig::new("127.0.0.1", crate::support::free_port()));
    let node = Node::new("n1");
    hub.add(&node);
    let blob = BlobHash::of(b"picture");
    let grant = grant(&node, hub::clock::now(), &blob);
    let put = |range: &str, body: &[u8]| {
        let headers = [JPEG, (UPLOAD_GRANT_HEADER, grant.as_str()), ("content-range", range)];
        hub.http.put(&path(&blob), &headers, body).status
    };
    assert_eq!((put("bytes 0-2/7", b"pik"), put("bytes 3-6/7", b"ture")), (202, 409));
    assert_eq!((put("bytes 0-6/7", b"picture"), put("bytes 0-6/7", b"picture")), (201, 200));
}

#[test]
fn a_picture_that_arrives_after_its_passage_is_announced() {
    let broker = Mosquitto::start();
    let hub = Hub::ready(&broker);
    let mut node = Node::new("n1");
    hub.add(&node);
    let publisher = Publisher::connect(broker.port);
    let blob = BlobHash::of(b"picture");
    let evidence = EvidenceRef {
        role: EvidenceRole::Crop,
        sha256: blob,
        media_type: "image/jpeg".to_owned(),
        bytes: 7,
        media: domain::MediaTime::from_micros(1),
        later_by_ms: None,
    };
    let event = node.says(passed(Direction::In, ObjectClass::Person, hub::clock::now(), vec![evidence]));
    publisher.publish(&node.topic(Channel::Event), [event]);
    publisher.wait_for_receipt(&node);
    let shown = || hub.http.get("/api/v1/passages")["passages"][0]["evidence"][0].clone();
    assert_eq!(
        shown(),
        json!({"role": "crop", "sha256": blob.to_string(), "media_type": "image/jpeg", "bytes": 7,
               "url": format!("{}?event={}", path(&blob), hub.http.get("/api/v1/passages")["passages"][0]["id"].as_str().unwrap()), "stored": false})
    );
    let mut stream = hub.http.stream("/api/v1/stream", None);
    stream.until(|sent| sent.name == "node");
    let grant = grant(&node, hub::clock::now(), &blob);
    hub.http.put(&path(&blob), &[JPEG, (UPLOAD_GRANT_HEADER, &grant)], b"picture");
    let sent = stream.until(|sent| sent.name == "blob");
    assert_eq!(sent.data, json!({"sha256": blob.to_string(), "media_type": "image/jpeg", "bytes": 7}));
    assert_eq!(shown()["stored"], true);
}
