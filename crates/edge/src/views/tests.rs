use std::path::Path;
use std::sync::atomic::AtomicU16;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::routing::put;
use domain::{BoundingBox, ClockQuality, ObjectClass, Plane, UtcTime};
use inference::picture::{Picture, read_picture};
use uplink::ClockReading;
use wire::policy::PolicyKey;
use wire::view::{AskerId, FRAME_GRANT_HEADER, FRAME_HEAD_HEADER, FrameGrant, FrameHead};
use wire::{BlobHash, ViewKey};

use super::*;

const WIDTH: usize = 640;
const HEIGHT: usize = 480;
const DEADLINE: Duration = Duration::from_secs(20);

/// What a hub was sent.
#[derive(Debug, Clone)]
struct Sent {
    path: String,
    headers: HeaderMap,
    body: Bytes,
}

/// A hub's side: takes what is sent, and answers with a status of one's choice.
#[derive(Debug, Default)]
struct Taken {
    sent: Mutex<Vec<Sent>>,
    status: AtomicU16,
}

impl Taken {
    fn count(&self) -> usize {
        self.sent.lock().expect("no panic").len()
    }

    fn last(&self) -> Sent {
        self.sent.lock().expect("no panic").last().expect("something was sent").clone()
    }

    async fn until(&self, count: usize) {
        let reached = async {
            while self.count() < count {
                // tidy: sleep is a look at a condition, again and again
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(DEADLINE, reached).await.unwrap_or_else(|_| panic!("{} of {count} came", self.count()));
    }
}

async fn take(State(taken): State<Arc<Taken>>, uri: Uri, headers: HeaderMap, body: Bytes) -> StatusCode {
    taken.sent.lock().expect("no panic").push(Sent { path: uri.path().to_owned(), headers, body });
    StatusCode::from_u16(taken.status.load(Ordering::Relaxed)).expect("a status")
}

fn at(seconds: i64) -> UtcTime {
    UtcTime::from_unix_micros((1_763_600_000 + seconds) * 1_000_000).expect("in range")
}

fn key(seed: u8) -> ViewKey {
    ViewKey::from_seed([seed; 32])
}

fn node_key() -> NodeKey {
    NodeKey::from_seed([9; 32])
}

/// Whether the detector has looked at a frame while somebody looked through the camera.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Detected {
    Yes,
    No,
}

/// A node with one camera, whose wall clock stands still, and its hub.
struct Fixture {
    taken: Arc<Taken>,
    link: ViewLink,
    _views: Views,
    camera: CameraView,
    board: Board,
}

impl Fixture {
    async fn start(view: &str, profile: &str) -> Self {
        let taken = Arc::new(Taken { status: AtomicU16::new(204), ..Taken::default() });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let hub = listener.local_addr().expect("an address");
        let router = Router::new().route("/{*path}", put(take)).with_state(Arc::clone(&taken));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let text = format!(
            "site = \"s1\"\nnode = \"n1\"\ndata = \"/d\"\n[broker]\nhost = \"b\"\n[hub]\nurl = \"http://{hub}\"\n\
             [[camera]]\nid = \"cam-1\"\nsource = \"rtsp://c/s\"\n[[gate]]\nid = \"g\"\ncamera = \"cam-1\"\nprofile = \
             \"{profile}\"\n[view]\nkeys = [\"{}\"]\n{view}",
            PolicyKey::from_seed([1; 32]).public()
        );
        let pipelines = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../pipelines");
        let config = NodeConfig::parse(&text, &pipelines).expect("it is right");
        let rules = Arc::new(RulesInForce::new(Rules::of_config(&config)));
        let clock: WallClock = Arc::new(|| ClockReading { at: at(0), quality: ClockQuality::MEDIA });
        let started = Views::start(&config, &node_key(), None, &rules, clock).expect("it starts");
        let (views, link) = started.expect("a key is believed");
        let camera = views.camera(0);
        let board = Board::new(CameraId::new("cam-1").expect("a slug"));
        Self { taken, link, _views: views, camera, board }
    }

    fn ask(&self, change: impl FnOnce(&mut ViewRequest), seed: u8) {
        let mut request = ViewRequest {
            asker: AskerId::from_random([1; 16]),
            site: "s1".parse().expect("a slug"),
            node: "n1".parse().expect("a slug"),
            camera: "cam-1".parse().expect("a slug"),
            fps_max: 10,
            width_px_max: 1920,
            url: None,
            issued_at: at(-1),
            not_after: at(15),
        };
        change(&mut request);
        self.link.deliver(&request.seal(&key(seed)).expect("it seals"));
    }

    async fn until_watched(&self) {
        let watched = async {
            while !self.camera.place.is_watched(Instant::now()) {
                // tidy: sleep is a look at a condition, again and again
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(DEADLINE, watched).await.expect("somebody looks");
    }

    /// Shows the camera a frame with a person in it, and offers it.
    fn offer(&mut self, shed_level: usize) {
        self.offer_frame(shed_level, Detected::Yes);
    }

    fn offer_frame(&mut self, shed_level: usize, detected: Detected) {
        let luma: Vec<u8> = (0..WIDTH * HEIGHT)
            .map(|at| if (at % WIDTH / 8 + at / WIDTH / 8).is_multiple_of(2) { 30 } else { 220 })
            .collect();
        let chroma = vec![128; WIDTH * HEIGHT / 4];
        let half = Plane { stride: WIDTH / 2, data: chroma.as_slice() };
        let frame = I420View::new(WIDTH, HEIGHT, Plane { stride: WIDTH, data: &luma }, half, half).expect("planes");
        let bbox = BoundingBox::new(0.3, 0.2, 0.5, 0.9).expect("a box");
        let person = Detection { class: ObjectClass::Person, confidence: 0.3, bbox };
        let captured = Instant::now();
        if detected == Detected::Yes {
            self.camera.seen(&[person], &[], captured);
        }
        self.camera.offer(&frame, &self.board, shed_level, captured);
    }

    /// Offers frames until so many were sent.
    async fn offer_until(&mut self, count: usize) {
        let reached = async {
            while self.taken.count() < count {
                self.offer(0);
                // tidy: sleep is the camera's own rate
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(DEADLINE, reached).await.expect("pictures are sent");
    }

    /// Offers frames for a while and says how many pictures were sent.
    async fn offered_for(&mut self, time: Duration, shed_level: usize) -> usize {
        let (before, began) = (self.taken.count(), Instant::now());
        while began.elapsed() < time {
            self.offer(shed_level);
            // tidy: sleep is the camera's own rate
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.taken.count() - before
    }
}

fn decoded(jpeg: &[u8]) -> Picture {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), jpeg).expect("written");
    read_picture(file.path()).expect("a JPEG")
}

/// How far neighbouring pixels lie apart at most in a part, given in shares.
fn detail(picture: &Picture, part: [f32; 4]) -> u8 {
    let view = picture.view();
    let at = |share: f32, length: usize| (share * length as f32) as usize;
    let (x0, x1) = (at(part[0], view.width()), at(part[2], view.width()));
    let rows = at(part[1], view.height())..at(part[3], view.height());
    let steps = rows.flat_map(|y| (x0..x1 - 1).map(move |x| (x, y)));
    steps.map(|(x, y)| view.row(y)[x * 3].abs_diff(view.row(y)[x * 3 + 3])).max().expect("some pixels")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_is_sent_while_somebody_looks_with_its_heads_coarsened_under_the_node_s_signature() {
    let mut fixture = Fixture::start("", "tourist-site.toml").await;
    assert_eq!(fixture.offered_for(Duration::from_millis(200), 0).await, 0, "nobody looks");
    fixture.ask(|_| (), 1);
    fixture.until_watched().await;
    fixture.offer_until(3).await;
    let sent = fixture.taken.last();
    assert_eq!(sent.path, "/api/v1/nodes/n1/views/cam-1");
    let header = |name| sent.headers[name].to_str().expect("text");
    let head = FrameHead::from_header(header(FRAME_HEAD_HEADER)).expect("a head");
    let grant = FrameGrant::from_header(header(FRAME_GRANT_HEADER)).expect("a grant");
    assert!(grant.is_valid(&node_key().public(), &fixture.camera.place.camera, &head));
    assert!(head.sha256 == BlobHash::of(&sent.body) && head.age_ms < 5_000 && head.captured_at <= at(0));
    let picture = decoded(&sent.body);
    assert_eq!((picture.view().width(), picture.view().height()), (WIDTH, HEIGHT));
    // Left of the zone's edge, which is drawn over it.
    let shown = detail(&picture, [0.31, 0.22, 0.43, 0.34]);
    assert!(shown < 40, "the head shows steps of {shown}");
    assert!(detail(&picture, [0.31, 0.5, 0.44, 0.85]) > 100, "the body is seen");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frame_of_which_nobody_knows_who_is_in_it_is_not_shown() {
    let mut fixture = Fixture::start("", "tourist-site.toml").await;
    fixture.ask(|_| (), 1);
    fixture.until_watched().await;
    for _ in 0..20 {
        fixture.offer_frame(0, Detected::No);
        // tidy: sleep is the camera's own rate
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(fixture.camera.place.lock().sight.is_none());
    assert_eq!(fixture.taken.count(), 0);
    fixture.offer_until(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whom_the_profile_does_not_picture_nobody_sees() {
    let mut fixture = Fixture::start("width_max = 320\n", "junction.toml").await;
    assert!(!fixture.camera.rules.now().gates[0].profile.pictures.contains(&domain::CountGroup::Person));
    fixture.ask(|_| (), 1);
    fixture.until_watched().await;
    fixture.offer_until(1).await;
    let picture = decoded(&fixture.taken.last().body);
    assert_eq!((picture.view().width(), picture.view().height()), (320, 240), "as wide as the node allows");
    // Between the lines that are drawn over it.
    let steps = [[0.33, 0.25, 0.38, 0.32], [0.33, 0.62, 0.38, 0.7]].map(|part| detail(&picture, part));
    assert!(steps.iter().all(|step| *step < 40), "the person shows steps of {steps:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_is_over_repeated_or_not_believed_has_nothing_sent() {
    let mut fixture = Fixture::start("", "tourist-site.toml").await;
    let over = |request: &mut ViewRequest| (request.issued_at, request.not_after) = (at(-30), at(-10));
    let ahead = |request: &mut ViewRequest| (request.issued_at, request.not_after) = (at(30), at(45));
    fixture.ask(over, 1);
    fixture.ask(ahead, 1);
    fixture.ask(|_| (), 2);
    fixture.ask(|request| request.node = "n2".parse().expect("a slug"), 1);
    fixture.link.deliver(b"{}");
    // The last of them is refused in words, which shows that all the others were heard.
    fixture.ask(|request| request.camera = "cam-2".parse().expect("a slug"), 1);
    fixture.taken.until(1).await;
    assert_eq!(fixture.offered_for(Duration::from_millis(300), 0).await, 0);
    let sent = fixture.taken.last();
    assert_eq!(
        (sent.path.as_str(), &sent.body[..]),
        ("/api/v1/nodes/n1/views/cam-2", &br#"{"refused":"no_camera"}"#[..])
    );
    // Once nobody looks there any more, the same request again changes nothing; the next one does.
    fixture.ask(|_| (), 1);
    fixture.until_watched().await;
    fixture.taken.status.store(409, Ordering::Relaxed);
    fixture.offer_until(2).await;
    fixture.ask(|_| (), 1);
    assert_eq!(fixture.offered_for(Duration::from_millis(300), 0).await, 0, "nothing more is sent");
    fixture.taken.status.store(204, Ordering::Relaxed);
    fixture.ask(|request| request.issued_at = at(0), 1);
    fixture.until_watched().await;
    fixture.offer_until(4).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_forbids_it_says_so_and_sends_no_picture() {
    let mut fixture = Fixture::start("enabled = false\n", "tourist-site.toml").await;
    fixture.ask(|_| (), 1);
    fixture.taken.until(1).await;
    assert_eq!(&fixture.taken.last().body[..], br#"{"refused":"forbidden"}"#);
    assert_eq!(fixture.offered_for(Duration::from_millis(300), 0).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_camera_that_gives_nothing_is_said_to_give_nothing() {
    let fixture = Fixture::start("", "tourist-site.toml").await;
    fixture.ask(|_| (), 1);
    fixture.taken.until(1).await;
    assert_eq!(&fixture.taken.last().body[..], br#"{"refused":"no_picture"}"#);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pictures_are_as_seldom_as_the_node_its_line_and_its_load_want() {
    let (second, quick) = (Duration::from_secs(1), 50);
    let mut seldom = Fixture::start("fps_max = 2\n", "tourist-site.toml").await;
    seldom.ask(|_| (), 1);
    seldom.until_watched().await;
    let sent = seldom.offered_for(second, 0).await;
    assert!((1..=3).contains(&sent), "{sent} in a second at two a second, of {quick}");

    let mut loaded = Fixture::start("", "tourist-site.toml").await;
    loaded.ask(|_| (), 1);
    loaded.until_watched().await;
    let sent = loaded.offered_for(second, 1).await;
    assert!(sent <= 1, "{sent} in a second under load");

    // A chequered picture has about 100 kB, which takes a line of 64 kbit/s ten seconds.
    let mut thin = Fixture::start("kbit_s_max = 64\n", "tourist-site.toml").await;
    thin.ask(|_| (), 1);
    thin.until_watched().await;
    let sent = thin.offered_for(second, 0).await;
    assert!(sent <= 1, "{sent} in a second on a thin line");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_was_not_enrolled_sends_nothing_to_another_address_than_its_hub_s() {
    let mut fixture = Fixture::start("", "tourist-site.toml").await;
    fixture.ask(|request| request.url = Some("https://elsewhere.example".to_owned()), 1);
    fixture.until_watched().await;
    assert_eq!(fixture.offered_for(Duration::from_millis(300), 0).await, 0);
    assert!(!fixture.camera.place.is_watched(Instant::now()), "it is over");
}
