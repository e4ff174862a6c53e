//! Setting a gate up over the API of the one-machine program: from an empty folder to counts, and what it takes from nobody.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use gatehouse_tests::found::{Home, program, sample_video};
use gatehouse_tests::hub::{self, Http};
use gatehouse_tests::process::Process;
use gatehouse_tests::rtsp::{RtspServer, Setup, Show};
use gatehouse_tests::wait::{eventually, within};
use serde_json::{Value, json};
use tempfile::TempDir;

/// From starting to the first counts: models are loaded, and somebody has to walk by.
const COUNTED_MAX: Duration = Duration::from_secs(180);
const PASSWORD: &str = "hunter2-kept-quiet";

struct House {
    folder: TempDir,
    logs: TempDir,
    home: Home,
    process: Process,
    http: Http,
    others: u32,
}

impl House {
    fn start() -> Option<Self> {
        let home = Home::make()?;
        let video = sample_video()?;
        let (folder, logs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::create_dir(folder.path().join("videos")).unwrap();
        std::fs::copy(video, folder.path().join("videos/vtest.avi")).unwrap();
        let (process, address) = run(folder.path(), logs.path(), &home);
        let mut house = Self { folder, logs, home, process, http: Http(address, None), others: 0 };
        house.http = house.as_role("system_admin");
        Some(house)
    }

    /// Ends it as a service manager does, and starts it again.
    fn again(&mut self) {
        assert!(self.process.terminate().success(), "{}", self.process.last_words());
        let (process, address) = run(self.folder.path(), self.logs.path(), &self.home);
        (self.process, self.http.0) = (process, address);
    }

    fn as_role(&mut self, role: &str) -> Http {
        self.others += 1;
        let name = format!("tests-{}", self.others);
        let made = hub::command(&self.folder.path().join("hub"), &["api-key", "add", "--name", &name, "--role", role]);
        assert!(made.status.success(), "{}", made.stderr);
        Http(self.http.0, Some(made.stdout.trim().to_owned().leak()))
    }

    fn standing(&self) -> Value {
        self.http.get("/api/v1/appliance")
    }

    fn try_source(&self, source: &Value) -> (u16, Value) {
        send(self.http, "POST", "/api/v1/appliance/trials", source)
    }

    /// A look at the sample video; its id.
    fn tried(&self) -> String {
        let (status, trial) = self.try_source(&json!({"video": "vtest.avi"}));
        assert_eq!(status, 201, "{trial}");
        trial["id"].as_str().unwrap().to_owned()
    }

    fn put(&self, gate: &str, wanted: &Value) -> (u16, Value) {
        send(self.http, "PUT", &format!("/api/v1/appliance/gates/{gate}"), wanted)
    }

    fn counted(&self) -> u64 {
        self.http.counts().values().sum()
    }
}

fn run(folder: &Path, logs: &Path, home: &Home) -> (Process, SocketAddr) {
    let mut command = Command::new(program("gatehouse"));
    command.env("GATEHOUSE_HOME", home.path()).args(["run", "--listen", "127.0.0.1:0", "--data"]).arg(folder);
    let mut process = Process::start(&mut command, logs, "gatehouse");
    let address = eventually("the program says where its page is", || {
        assert!(process.ended().is_none(), "it ended: {}", process.last_words());
        let text = process.stdout();
        let line = text.lines().find_map(|line| line.strip_prefix("Gatehouse: http://"))?;
        line.trim_end_matches('/').parse().ok()
    });
    (process, address)
}

fn send(http: Http, method: &str, path: &str, content: &Value) -> (u16, Value) {
    let config =
        ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(Duration::from_secs(60)));
    let agent: ureq::Agent = config.build().into();
    let url = format!("http://{}{path}", http.0);
    let request = if method == "POST" { agent.post(url) } else { agent.put(url) };
    let key = format!("Bearer {}", http.1.unwrap_or_default());
    let request = request.header("authorization", key).header("content-type", "application/json");
    let mut answer = request.send(content.to_string()).unwrap();
    let body = answer.body_mut().read_to_string().unwrap();
    (answer.status().as_u16(), serde_json::from_str(&body).unwrap_or(Value::String(body)))
}

fn kind(problem: &Value) -> &str {
    problem["type"].as_str().unwrap_or_default().rsplit(':').next().unwrap_or_default()
}

fn gate(trial: &str, x: f64) -> Value {
    json!({
        "site": "den-hung", "site_name": "Đền Hùng", "name": "Cổng chính", "trial": trial, "template": "tourist-site",
        "lines": [{"id": "entrance", "points": [[x, 0.0], [x, 1.0]], "inwards": "a_to_b", "groups": ["person"]}],
    })
}

#[test]
fn a_gate_that_is_set_up_over_the_api_counts_and_counts_again_after_the_next_start() {
    let Some(mut house) = House::start() else { return };
    let standing = house.standing();
    assert_eq!(standing["stage"], "not_begun");
    assert_eq!(standing["templates"].as_array().unwrap().len(), 4, "{standing}");

    let trial = house.tried();
    let (status, picture) = house.http.ask(&format!("/api/v1/appliance/trials/{trial}/picture")).unwrap();
    assert!(status == 200 && picture.starts_with(&[0xff, 0xd8, 0xff]));
    let (status, wrong) = house.put("main-gate", &gate(&trial, 1.5));
    assert_eq!((status, kind(&wrong)), (422, "setup_wrong"), "{wrong}");
    assert_eq!(wrong["fields"][0]["field"], "lines[0].points", "{wrong}");
    assert_eq!(house.standing()["stage"], "not_begun");
    let (status, made) = house.put("main-gate", &gate(&trial, 0.73));
    assert_eq!((status, &made["gates"][0]["gate"]), (200, &json!("main-gate")), "{made}");
    let stage = || house.standing()["stage"].as_str().unwrap().to_owned();
    eventually("the node starts", || (stage() == "running").then_some(()));
    assert!(within(COUNTED_MAX, || (house.counted() > 0).then_some(())).is_some(), "nothing was counted");

    // A second gate while the first counts: the camera is its own, the counts go on.
    let (status, more) = house.put("back-gate", &gate(&house.tried(), 0.3));
    assert_eq!((status, more["gates"].as_array().unwrap().len()), (200, 2), "{more}");
    let both = || house.http.list("/api/v1/gates", "gates").len() == 2;
    assert!(within(COUNTED_MAX, || both().then_some(())).is_some(), "the second gate does not count");

    let before = house.counted();
    house.again();
    let http = house.http;
    let stage = http.get("/api/v1/appliance")["stage"].as_str().unwrap().to_owned();
    assert!(stage == "running" || stage == "starting", "{stage}");
    let counted = || http.counts().values().sum::<u64>();
    assert!(within(COUNTED_MAX, || (counted() > before).then_some(())).is_some(), "nothing more was counted");
    assert!(http.open_alarms("gatehouse-1").is_empty());
}

#[test]
fn sources_are_tried_one_at_a_time_by_those_who_may_and_nothing_else_is_read() {
    let Some(mut house) = House::start() else { return };
    for role in ["viewer", "gate_operator", "system_admin@elsewhere"] {
        let other = house.as_role(role);
        let (status, problem) = send(other, "POST", "/api/v1/appliance/trials", &json!({"video": "vtest.avi"}));
        assert_eq!((status, kind(&problem)), (403, "forbidden"), "{role}");
        assert_eq!(send(other, "PUT", "/api/v1/appliance/gates/a", &gate("", 0.5)).0, 403, "{role}");
        assert_eq!(other.ask("/api/v1/appliance").unwrap().0, 403, "{role}");
    }
    for outside in ["/etc/passwd", "../node.toml", "../hub/hub.db", "videos/vtest.avi", "./vtest.avi", ""] {
        let (status, problem) = house.try_source(&json!({"video": outside}));
        assert_eq!((status, kind(&problem)), (422, "camera_missing"), "{outside}: {problem}");
    }
    for address in ["http://127.0.0.1/", "file:///etc/passwd", "/etc/passwd", "rtsp://127.0.0.1:22/", "rtsp://"] {
        let (status, problem) = house.try_source(&json!({"address": address}));
        assert_eq!((status, kind(&problem)), (422, "camera_address_wrong"), "{address}: {problem}");
    }
    assert_eq!(house.try_source(&json!({})).0, 400);
    assert_eq!(house.try_source(&json!({"video": "a", "address": "b"})).0, 400);
    assert_eq!(house.http.ask("/api/v1/appliance/trials/0/picture").unwrap().0, 404);
    let (status, problem) = house.put("main-gate", &gate("0", 0.5));
    assert_eq!((status, &problem["fields"][0]["field"]), (422, &json!("trial")), "{problem}");

    // A camera that answers nothing: whoever comes meanwhile is told to wait, and it ends by itself.
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("rtsp://admin:{PASSWORD}@{}/live", mute.local_addr().unwrap());
    let http = house.http;
    let asked =
        std::thread::spawn(move || send(http, "POST", "/api/v1/appliance/trials", &json!({"address": address})));
    let _held = mute.accept().unwrap();
    let (status, problem) = house.try_source(&json!({"video": "vtest.avi"}));
    assert_eq!((status, kind(&problem)), (409, "trial_busy"), "{problem}");
    let (status, problem) = asked.join().unwrap();
    assert_eq!((status, kind(&problem)), (422, "camera_silent"), "{problem}");
    house.tried();

    let login = Some(("admin".to_owned(), PASSWORD.to_owned()));
    let show = Show::Pattern { width: 320, height: 240, fps: 10, frames: None };
    let camera = RtspServer::start(Setup { login, ..Setup::open(show) });
    let (status, problem) = house.try_source(&json!({"address": camera.url_with("admin", "wrong-password")}));
    assert_eq!((status, kind(&problem)), (422, "camera_password_wrong"), "{problem}");
    let (status, trial) = house.try_source(&json!({"address": camera.url_with("admin", PASSWORD)}));
    assert_eq!((status, &trial["width_px"], &trial["codec"]), (201, &json!(320), &json!("H.264")), "{trial}");
    let (status, made) = house.put("main-gate", &gate(trial["id"].as_str().unwrap(), 0.5));
    assert_eq!(status, 200, "{made}");
    let source = made["gates"][0]["source"].as_str().unwrap();
    assert!(source.starts_with("rtsp://admin:***@"), "{source}");

    // Everything that was asked is written down, and the password nowhere but in the configuration.
    let auditor = house.as_role("auditor");
    let log = auditor.get("/api/v1/audit-log?limit=200").to_string();
    for action in ["POST /api/v1/appliance/trials", "PUT /api/v1/appliance/gates/{gate}"] {
        assert!(log.contains(action), "{action} is missing in {log}");
    }
    assert!(!log.contains(PASSWORD) && !made.to_string().contains(PASSWORD));
    assert!(!house.process.stderr().contains(PASSWORD) && !house.process.stdout().contains(PASSWORD));
    let config = std::fs::read_to_string(house.folder.path().join("node.toml")).unwrap();
    assert!(config.contains(PASSWORD));
}
