//! Looking through cameras: a real broker, and a node that hears requests and brings pictures as the real one does.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::{CameraId, UtcTime};
use hub::accounts::{Grant, Grants, Role};
use hub::clock;
use hub::policy::{OrderKeyFile, ViewKeyFile};
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::Packet;
use rumqttc::v5::{AsyncClient, Event, MqttOptions};
use tokio::runtime::Runtime;
use wire::event::{CameraChange, CameraState};
use wire::policy::{PolicyPublicKey, TrustedKeys};
use wire::view::{FRAME_BYTES_MAX, FRAME_GRANT_HEADER, FRAME_HEAD_HEADER, FrameGrant, FrameHead, ViewRefusal};
use wire::{BlobHash, Channel, NodeState, Payload, Status, ViewRequest};

use crate::access::{SignedIn, make, sign_in};
use crate::support::http::{Answer, Http};
use crate::support::mosquitto::Mosquitto;
use crate::support::node::{Node, Publisher};
use crate::support::{Hub, PATIENCE, eventually, free_port};

const LIVE: &str = "/api/v1/cameras/cao-nguyen/n1/cam-1/live";
const SNAPSHOT: &str = "/api/v1/cameras/cao-nguyen/n1/cam-1/snapshot";

/// What a node does when it is asked.
#[derive(Debug, Clone, Copy)]
enum Say {
    Pictures,
    Refuses(ViewRefusal),
    Nothing,
}

/// A picture as far as the hub looks into it, with a mark by which it can be found again.
fn jpeg(number: u64) -> Vec<u8> {
    [&[0xff, 0xd8, 0xff, 0xe0][..], format!("MARK-OF-A-LIVE-PICTURE-{number:06}").as_bytes()].concat()
}

fn camera(id: &str) -> CameraId {
    CameraId::new(id).unwrap()
}

/// Brings something for a camera as `node` would, at `at`.
fn bring_at(http: Http, node: &Node, id: &str, kind: &str, body: &[u8], at: UtcTime) -> Answer {
    let head = FrameHead { captured_at: at, age_ms: 40, sha256: BlobHash::of(body) };
    let grant = FrameGrant::sign(&node.key, &node.node, at, &camera(id), &head);
    let (grant, head) = (grant.to_header(), head.to_header());
    let headers = [
        ("content-type", kind),
        (FRAME_GRANT_HEADER, grant.as_str()),
        (FRAME_HEAD_HEADER, head.as_str()),
        ("cookie", ""),
    ];
    http.put(&format!("/api/v1/nodes/n1/views/{id}"), &headers, body)
}

fn bring(http: Http, node: &Node, id: &str, kind: &str, body: &[u8]) -> Answer {
    bring_at(http, node, id, kind, body, clock::now())
}

/// The node's side.
struct Lens {
    heard: Arc<Mutex<Vec<ViewRequest>>>,
    brought: Arc<AtomicU64>,
    _runtime: Runtime,
}

impl Lens {
    fn start(broker: &Mosquitto, key: &PolicyPublicKey, http: Http, say: Say) -> Self {
        let runtime = Runtime::new().unwrap();
        let mut options = MqttOptions::new(format!("lens-{}", free_port()), "127.0.0.1", broker.port);
        options.set_clean_start(true);
        let (client, mut events) = AsyncClient::new(options, 64);
        let (heard, brought) = (Arc::<Mutex<Vec<ViewRequest>>>::default(), Arc::<AtomicU64>::default());
        let (seen, counted, ready) = (Arc::clone(&heard), Arc::clone(&brought), channel());
        let (node, trusted) = (Arc::new(Node::new("n1")), TrustedKeys::new(vec![key.clone()]).unwrap());
        let is_bringing = Arc::new(AtomicBool::new(false));
        runtime.spawn(async move {
            client.subscribe(node.topic(Channel::View), QoS::AtLeastOnce).await.unwrap();
            while let Ok(event) = events.poll().await {
                let Event::Incoming(packet) = event else { continue };
                if let Packet::SubAck(_) = &packet {
                    ready.0.send(()).unwrap();
                } else if let Packet::Publish(message) = packet {
                    assert!(!message.retain, "nothing of it stays at the broker");
                    let Ok(request) = ViewRequest::open(&message.payload, &trusted, &node.site, &node.node) else {
                        continue;
                    };
                    assert!(request.time_left(clock::now()).is_some(), "a node would pass over it");
                    seen.lock().unwrap().push(request);
                    let (node, counted, is_bringing) =
                        (Arc::clone(&node), Arc::clone(&counted), Arc::clone(&is_bringing));
                    tokio::task::spawn_blocking(move || answer(http, &node, say, &counted, &is_bringing));
                }
            }
        });
        ready.1.recv_timeout(PATIENCE).expect("the broker lets it hear");
        Self { heard, brought, _runtime: runtime }
    }

    fn heard(&self) -> Vec<ViewRequest> {
        self.heard.lock().unwrap().clone()
    }

    fn brought(&self) -> u64 {
        self.brought.load(Ordering::Relaxed)
    }
}

/// Brings pictures until the hub does not want any more, or says why there are none.
fn answer(http: Http, node: &Node, say: Say, counted: &AtomicU64, is_bringing: &AtomicBool) {
    match say {
        Say::Nothing => {}
        Say::Refuses(refusal) => {
            let body = format!("{{\"refused\":\"{}\"}}", refusal.as_str());
            bring(http, node, "cam-1", "application/json", body.as_bytes());
        }
        Say::Pictures => {
            if is_bringing.swap(true, Ordering::Relaxed) {
                return;
            }
            while bring(http, node, "cam-1", "image/jpeg", &jpeg(counted.load(Ordering::Relaxed) + 1)).status == 204 {
                counted.fetch_add(1, Ordering::Relaxed);
                // tidy: sleep is the camera's own rate
                std::thread::sleep(Duration::from_millis(50));
            }
            is_bringing.store(false, Ordering::Relaxed);
        }
    }
}

/// A hub with a view key, a node of its site with one camera, and a guard there.
struct Tower {
    hub: Hub,
    broker: Mosquitto,
    key: PolicyPublicKey,
    node: Node,
    publisher: Publisher,
    guard: SignedIn,
}

impl Tower {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("view.key");
        let key = ViewKeyFile::create(&path).unwrap().public();
        Self::with(folder, key, |config| config.signing.view_key = Some(path))
    }

    fn with(folder: tempfile::TempDir, key: PolicyPublicKey, change: impl FnOnce(&mut hub::HubConfig)) -> Self {
        let broker = Mosquitto::start();
        let hub = Hub::start_in(folder, broker.config(), change);
        hub.wait_until_ready();
        let mut node = Node::new("n1");
        hub.add(&node);
        let publisher = Publisher::connect(broker.port);
        let up = CameraChange { camera: camera("cam-1"), state: CameraState::Up, reason: String::new() };
        publisher.publish(&node.topic(Channel::Event), [node.says(Payload::CameraChanged(up))]);
        publisher.wait_for_receipt(&node);
        let grant = Grant { role: Role::GateOperator, sites: vec!["cao-nguyen".to_owned()] };
        make(&hub, "lan", Grants::new([grant]).unwrap());
        let guard = sign_in(&hub, "lan");
        let tower = Self { hub, broker, key, node, publisher, guard };
        tower.is(NodeState::Online);
        tower
    }

    /// The node says that it is there, or that it is not.
    fn is(&self, state: NodeState) {
        let status =
            Status { state, version: "1".to_owned(), at: None, backlog: None, clock: None, policy: None, health: None };
        self.publisher.publish_retained(&self.node.topic(Channel::Status), serde_json::to_vec(&status).unwrap());
        let wanted = serde_json::to_value(state).unwrap();
        eventually("the hub hears the node's status", || {
            let nodes = self.hub.http.get("/api/v1/nodes");
            (nodes["nodes"][0]["status"]["state"] == wanted).then_some(())
        });
    }

    fn lens(&self, say: Say) -> Lens {
        Lens::start(&self.broker, &self.key, self.hub.http, say)
    }

    fn ask(&self, path: &str) -> Answer {
        self.hub.http.ask(path, &self.guard.headers())
    }

    /// Actions and outcomes of the audit log whose action begins so, the oldest first.
    fn audited(&self, action: &str) -> Vec<(String, String, String)> {
        let filter =
            store::AuditLogFilter { action: Some(action.to_owned()), limit: 100, ..store::AuditLogFilter::default() };
        let rows = self.hub.runtime.block_on(self.hub.handle.store.audit_log(&filter)).unwrap();
        rows.into_iter().rev().map(|row| (row.action, row.subject, row.outcome)).collect()
    }
}

fn problem(answer: &Answer) -> (u16, String) {
    let kind = answer.json()["type"].as_str().unwrap().rsplit(':').next().unwrap().to_owned();
    (answer.status, kind)
}

/// A live view that is read part by part.
struct Live(BufReader<ureq::BodyReader<'static>>);

impl Live {
    fn open(http: Http, headers: &[(&str, &str)]) -> Self {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let request = agent.get(http.url(LIVE));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let response = request.call().unwrap();
        assert_eq!(response.status(), 200);
        let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
        assert!(kind.starts_with("multipart/x-mixed-replace; boundary="), "{kind}");
        assert!(response.headers().get("content-encoding").is_none(), "live pictures are not compressed");
        Self(BufReader::new(response.into_body().into_reader()))
    }

    /// The next part: its headers and its bytes; nothing at the end.
    fn next(&mut self) -> Option<(Vec<String>, Vec<u8>)> {
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            let line = line.trim_end().to_owned();
            if line.is_empty() && !headers.is_empty() {
                break;
            }
            if !line.is_empty() {
                headers.push(line);
            }
        }
        let length = headers.iter().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        let mut body = vec![0; length.parse().unwrap()];
        self.0.read_exact(&mut body).unwrap();
        Some((headers, body))
    }
}

/// Whether any file below `folder` holds these bytes.
fn holds(folder: &Path, wanted: &[u8]) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return holds(&path, wanted);
        }
        std::fs::read(&path).is_ok_and(|bytes| bytes.windows(wanted.len()).any(|part| part == wanted))
    })
}

#[test]
fn a_snapshot_is_asked_for_shown_written_down_and_kept_nowhere() {
    let tower = Tower::new();
    let lens = tower.lens(Say::Pictures);
    let answer = tower.ask(SNAPSHOT);
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    assert!(answer.body.starts_with(&jpeg(0)[..20]), "a picture of the node");
    let names = ["content-type", "cache-control", "content-security-policy", "x-content-type-options"];
    let wanted = ["image/jpeg", "no-store", "default-src 'none'; sandbox", "nosniff"];
    assert_eq!(names.map(|name| answer.header(name)), wanted);
    assert!(answer.header("content-disposition").contains("filename=\"cao-nguyen-n1-cam-1-20"));
    assert!(answer.header("x-captured-at").ends_with('Z'));
    assert!(answer.header("x-age-ms").parse::<u64>().unwrap() < 5_000);
    let request = lens.heard().remove(0);
    assert!(request.camera == camera("cam-1") && request.url.is_none() && request.fps_max > 0);
    eventually("the node hears that nobody looks any more", || {
        (bring(tower.hub.http, &tower.node, "cam-1", "image/jpeg", &jpeg(1)).status == 409).then_some(())
    });
    let rows = tower.audited("GET /api/v1/cameras");
    let [(_, subject, outcome)] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!((subject.as_str(), outcome.as_str()), (SNAPSHOT, "200"));
    let folder = tower.hub.stop();
    assert!(!holds(folder.path(), b"MARK-OF-A-LIVE-PICTURE"), "nothing of it is on the disk");
    assert!(holds(folder.path(), SNAPSHOT.as_bytes()), "as the audit log is");
}

#[test]
fn a_live_view_shows_the_newest_until_its_reader_leaves_and_then_the_node_may_stop() {
    let tower = Tower::new();
    let lens = tower.lens(Say::Pictures);
    let mut live = Live::open(tower.hub.http, &tower.guard.headers());
    let mut seen = Vec::new();
    for _ in 0..4 {
        let (headers, body) = live.next().expect("it goes on");
        assert_eq!(headers[1], "content-type: image/jpeg");
        assert!(headers.iter().any(|line| line.starts_with("x-captured-at: 20")), "{headers:?}");
        let age = headers.iter().find_map(|line| line.strip_prefix("x-age-ms: ")).unwrap();
        assert!(age.parse::<u64>().unwrap() < 10_000, "{headers:?}");
        assert!(!seen.contains(&body), "each picture once");
        seen.push(body);
    }
    // A second one who looks costs the node nothing more.
    let snapshot = tower.ask(SNAPSHOT);
    assert_eq!(snapshot.status, 200);
    assert_eq!(tower.audited("camera.view").len(), 1, "it is written down as it begins");
    drop(live);
    eventually("the node may stop", || {
        let before = lens.brought();
        let refused = bring(tower.hub.http, &tower.node, "cam-1", "image/jpeg", &jpeg(1)).status == 409;
        (refused && lens.brought() == before).then_some(())
    });
    let rows =
        eventually("its end is written down", || Some(tower.audited("camera.view")).filter(|rows| rows.len() == 2));
    let place = "cao-nguyen/n1/cam-1".to_owned();
    assert_eq!(rows[0], ("camera.view".to_owned(), place.clone(), "begun".to_owned()));
    assert!(rows[1].0 == "camera.view_end" && rows[1].1 == place, "{rows:?}");
    assert!(rows[1].2.starts_with("ended after ") && rows[1].2.ends_with(" s: left"), "{rows:?}");
}

#[test]
fn whoever_may_not_look_or_looks_elsewhere_gets_nothing_and_no_node_is_asked() {
    let tower = Tower::new();
    let lens = tower.lens(Say::Pictures);
    make(&tower.hub, "viewer", Grants::everywhere([Role::Viewer]));
    make(
        &tower.hub,
        "stranger",
        Grants::new([Grant { role: Role::GateOperator, sites: vec!["den-hung".into()] }]).unwrap(),
    );
    let (viewer, stranger) = (sign_in(&tower.hub, "viewer"), sign_in(&tower.hub, "stranger"));
    for path in [SNAPSHOT, LIVE] {
        assert_eq!(problem(&tower.hub.http.ask(path, &viewer.headers())), (403, "forbidden".to_owned()));
        assert_eq!(
            problem(&tower.hub.http.ask(path, &stranger.headers())),
            (404, "no_camera".to_owned()),
            "not his site"
        );
        assert_eq!(tower.hub.http.ask(path, &[("cookie", "")]).status, 401);
    }
    for elsewhere in ["den-hung/n1/cam-1", "cao-nguyen/n2/cam-1", "cao-nguyen/n1/cam-2"] {
        let answer = tower.ask(&format!("/api/v1/cameras/{elsewhere}/snapshot"));
        assert_eq!(problem(&answer), (404, "no_camera".to_owned()), "{elsewhere}");
    }
    assert_eq!(tower.ask("/api/v1/cameras/cao-nguyen/N1/cam-1/snapshot").status, 400);
    assert!(lens.heard().is_empty());
    assert!(tower.audited("camera.view").is_empty());
}

#[test]
fn what_stands_in_the_way_is_told() {
    let tower = Tower::new();
    for (refusal, status, name) in [
        (ViewRefusal::Forbidden, 503, "view_forbidden"),
        (ViewRefusal::NoPicture, 503, "no_picture"),
        (ViewRefusal::NoCamera, 404, "no_camera"),
        (ViewRefusal::TooMany, 503, "too_many_views"),
    ] {
        let _lens = tower.lens(Say::Refuses(refusal));
        assert_eq!(problem(&tower.ask(SNAPSHOT)), (status, name.to_owned()));
        assert_eq!(problem(&tower.ask(LIVE)), (status, name.to_owned()));
    }
    let lens = tower.lens(Say::Nothing);
    let silent = tower.ask(SNAPSHOT);
    assert_eq!(problem(&silent), (504, "no_answer".to_owned()));
    assert!(silent.json()["detail"].as_str().unwrap().contains("[view] keys"));
    let heard = lens.heard();
    assert!(heard.len() >= 2, "it is asked again while it is silent: {}", heard.len());
    assert!(heard.windows(2).all(|two| two[0].issued_at < two[1].issued_at), "each later than the one before");
    tower.is(NodeState::Offline);
    assert_eq!(problem(&tower.ask(SNAPSHOT)), (503, "node_offline".to_owned()));
    assert!(tower.audited("camera.view").is_empty(), "nobody saw anything");
    assert!(tower.audited("GET /api/v1/cameras").is_empty());
}

#[test]
fn only_the_node_itself_brings_pictures_and_only_such_as_were_asked_for() {
    let tower = Tower::new();
    let _lens = tower.lens(Say::Pictures);
    let http = tower.hub.http;
    let not_asked = bring(http, &tower.node, "cam-1", "image/jpeg", &jpeg(1));
    assert_eq!(problem(&not_asked), (409, "view_not_wanted".to_owned()));
    let _live = Live::open(http, &tower.guard.headers());
    let put = |node: &Node, kind: &str, body: &[u8]| bring(http, node, "cam-1", kind, body).status;
    assert_eq!(put(&tower.node, "image/jpeg", &jpeg(1)), 204);
    let forger = Node { key: wire::NodeKey::from_seed([99; 32]), ..Node::new("n1") };
    assert_eq!(put(&forger, "image/jpeg", &jpeg(1)), 401);
    let other = Node::new("node-2");
    tower.hub.add(&other);
    assert_eq!(put(&other, "image/jpeg", &jpeg(1)), 401, "one node does not speak for another");
    let old = UtcTime::from_unix_micros(clock::now().as_unix_micros() - 120_000_000).unwrap();
    assert_eq!(bring_at(http, &tower.node, "cam-1", "image/jpeg", &jpeg(1), old).status, 401);
    assert_eq!(bring(http, &tower.node, "cam-2", "image/jpeg", &jpeg(1)).status, 409, "another camera");
    assert_eq!(put(&tower.node, "image/png", &jpeg(1)), 415);
    assert_eq!(put(&tower.node, "image/jpeg", b"<html>"), 415);
    assert_eq!(put(&tower.node, "application/json", b"{\"refused\":\"mood\"}"), 400);
    assert_eq!(put(&tower.node, "image/jpeg", &[jpeg(1), vec![0; FRAME_BYTES_MAX]].concat()), 413);
    // A picture that was changed on its way.
    let at = clock::now();
    let head = FrameHead { captured_at: at, age_ms: 0, sha256: BlobHash::of(&jpeg(1)) };
    let grant = FrameGrant::sign(&tower.node.key, &tower.node.node, at, &camera("cam-1"), &head);
    let (grant, head) = (grant.to_header(), head.to_header());
    let headers =
        [("content-type", "image/jpeg"), (FRAME_GRANT_HEADER, grant.as_str()), (FRAME_HEAD_HEADER, head.as_str())];
    assert_eq!(http.put("/api/v1/nodes/n1/views/cam-1", &headers, &jpeg(2)).status, 400);
}

#[test]
fn a_hub_without_a_key_says_what_to_do_and_an_order_key_serves_too() {
    let folder = tempfile::tempdir().unwrap();
    let key = wire::ViewKey::from_seed([1; 32]).public();
    let without = Tower::with(folder, key, |_| ());
    let answer = without.ask(SNAPSHOT);
    assert_eq!(problem(&answer), (501, "no_view_key".to_owned()));
    let detail = answer.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("view-key keygen") && detail.contains("[view] keys"), "{detail}");
    drop(without);

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("order.key");
    let key = OrderKeyFile::create(&path).unwrap().public();
    let tower = Tower::with(folder, key, |config| {
        config.signing.order_key = Some(path);
        config.view_url = Some("https://hub-2.example.vn".to_owned());
    });
    let lens = tower.lens(Say::Pictures);
    assert_eq!(tower.ask(SNAPSHOT).status, 200);
    assert_eq!(lens.heard()[0].url.as_deref(), Some("https://hub-2.example.vn"), "where it is this very hub");
}

#[test]
fn a_live_view_ends_with_its_reader_s_session() {
    let tower = Tower::new();
    let _lens = tower.lens(Say::Pictures);
    let mut live = Live::open(tower.hub.http, &tower.guard.headers());
    assert!(live.next().is_some());
    let out = tower.hub.http.send("DELETE", "/api/v1/session", &tower.guard.headers(), b"");
    assert_eq!(out.status, 204);
    while live.next().is_some() {}
    let rows = eventually("its end is written down", || {
        Some(tower.audited("camera.view_end")).filter(|rows| !rows.is_empty())
    });
    assert!(rows[0].2.ends_with("session over"), "{rows:?}");
}
