//! A node with a real camera stream, from the plate to the clip at the hub, and its own page beside it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gatehouse_tests::edge::{CAMERA, NODE, Plan, command};
use gatehouse_tests::found::{Home, repository};
use gatehouse_tests::process::Process;
use gatehouse_tests::rehearsal::PROFILE;
use gatehouse_tests::rtsp::{RtspServer, Setup, Show};
use gatehouse_tests::site::Site;
use gatehouse_tests::video;
use gatehouse_tests::wait::eventually;
use serde_json::{Value, json};

const PASSWORD: &str = "mot mat khau dai";

/// The repository's clip of plates as a camera.
fn plates() -> RtspServer {
    RtspServer::start(Setup::open(Show::Mp4(repository().join("models/bundled/gate_plates.mp4"))))
}

/// Puts more into a configuration: into its camera, and behind everything.
fn extend(config: &Path, camera: &str, more: &str) {
    let text = std::fs::read_to_string(config).unwrap();
    // Whether plates are read is said in `camera`.
    let text = if camera.contains("plates") { text.replace("plates = false\n", "") } else { text };
    let play = "play = \"live\"\n";
    assert!(text.contains(play), "{text}");
    std::fs::write(config, text.replacen(play, &format!("{play}{camera}"), 1) + more).unwrap();
}

/// Where the node's page is.
fn page_of(node: &mut Process) -> SocketAddr {
    eventually("the node says where its page is", || {
        assert!(node.ended().is_none(), "the node ended:\n{}", node.last_words());
        let text = node.stderr();
        let line = text.lines().find(|line| line.contains("the node's own page"))?;
        line.split("address=").nth(1)?.split_whitespace().next()?.parse().ok()
    })
}

/// Status and body of a request that says whatever it likes of itself.
fn ask(page: SocketAddr, path: &str, host: &str, more: &str) -> (u16, Vec<u8>) {
    let mut stream = TcpStream::connect(page).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{more}\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let head = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let status = std::str::from_utf8(&answer[9..12]).unwrap().parse().unwrap();
    (status, answer.split_off(head + 4))
}

fn login(password: &str) -> String {
    format!("Authorization: Basic {}\r\n", STANDARD.encode(format!("guard:{password}")))
}

fn status(page: SocketAddr, more: &str) -> Value {
    let (code, body) = ask(page, "/api/v1/status", "localhost", more);
    assert_eq!(code, 200, "{}", String::from_utf8_lossy(&body));
    serde_json::from_slice(&body).unwrap()
}

fn problems(page: SocketAddr, more: &str) -> Vec<String> {
    let status = status(page, more);
    let of_camera = status["problems"].as_array().unwrap().iter().filter(|problem| problem["camera"] == CAMERA);
    of_camera.map(|problem| problem["problem"].as_str().unwrap().to_owned()).collect()
}

fn metric(page: SocketAddr, name: &str, more: &str) -> Option<f64> {
    let text = String::from_utf8(ask(page, "/metrics", "localhost", more).1).unwrap();
    text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
}

/// The plates that the repository's clip shows.
fn true_plates() -> Vec<String> {
    let text = std::fs::read_to_string(repository().join("models/bundled/gate_plates.truth.json")).unwrap();
    let truth: Value = serde_json::from_str(&text).unwrap();
    truth["plates"].as_array().unwrap().iter().map(|one| one["plate"].as_str().unwrap().to_owned()).collect()
}

/// The first plate that the hub shows as read, and read right, with what is wanted of it stored.
fn read_plate(http: &gatehouse_tests::hub::Http, role: &str) -> Value {
    let known = true_plates();
    eventually(&format!("a read plate with its {role} is at the hub"), || {
        let rows = http.list("/api/v1/plates?outcome=read&limit=50", "plates");
        rows.into_iter().find(|row| {
            let media = row["evidence"].as_array().unwrap();
            known.iter().any(|key| row["key"] == **key)
                && media.iter().any(|item| item["role"] == role && item["stored"] == true)
        })
    })
}

#[test]
fn the_clip_of_a_plate_comes_to_the_hub_plays_and_shows_that_plate() {
    let Some(home) = Home::make() else { return };
    let camera = plates();
    let site = Site::new();
    let mut hub = site.hub();
    let http = hub.ready();
    let config = site.plan(&Plan::new(camera.url(), "live", PROFILE).with_hub(http.0), "edge");
    let of_plates = "plates = true\nclips = [\"plate\"]\nclip_before_s = 2\nclip_after_s = 1\n";
    extend(&config, of_plates, "[local]\nlisten = \"127.0.0.1:0\"\n");
    site.believe(&config);
    let left = site.path("edge/data/clips");
    std::fs::create_dir_all(&left).unwrap();
    std::fs::write(left.join("cam-1-old.mp4.unfinished"), b"of a node that was killed").unwrap();
    let mut node = site.node(Some(&home), &config, &site.path("events.jsonl"));
    let page = page_of(&mut node);

    let row = read_plate(&http, "clip");
    let detail = http.get(&format!("/api/v1/plates/{}", row["id"].as_str().unwrap()));
    let [clip] = &detail["clips"].as_array().unwrap()[..] else { panic!("one clip: {detail:#}") };
    assert_eq!((&clip["media"]["stored"], &clip["media"]["media_type"]), (&json!(true), &json!("video/mp4")));
    assert!(clip["from"].as_str() <= row["to"].as_str() && clip["to"].as_str() >= row["from"].as_str(), "{clip} {row}");
    let (code, bytes) = http.ask(clip["media"]["url"].as_str().unwrap()).unwrap();
    assert_eq!((code, bytes.len() as u64), (200, clip["media"]["bytes"].as_u64().unwrap()));
    let file = site.path("clip.mp4");
    std::fs::write(&file, bytes).unwrap();
    assert_eq!(video::frames(&file), clip["frames"].as_u64().unwrap(), "it plays from end to end");

    // What the clip shows is read again, as the plate that the event tells of.
    let truth = json!({"video": "clip.mp4", "plates": [{"plate": row["key"], "rows": row["rows"], "from_s": 0.0, "to_s": 60.0}]});
    std::fs::write(site.path("truth.json"), truth.to_string()).unwrap();
    let name = |path: &str| site.path(path).to_str().unwrap().to_owned();
    let (clip, truth, out) = (name("clip.mp4"), name("truth.json"), name("scores.json"));
    let asked = ["eval", "visit", "--video", &clip, "--truth", &truth, "--json", &out];
    let done = command(Some(&home), &site.path("edge"), &asked);
    assert!(done.status.success(), "{}", done.stderr);
    let scores: Value = serde_json::from_str(&std::fs::read_to_string(site.path("scores.json")).unwrap()).unwrap();
    assert_eq!(scores["exact"], 1, "{scores:#}");

    let left: Vec<PathBuf> = std::fs::read_dir(&left).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(left.iter().all(|path| !path.to_string_lossy().contains("old")), "{left:?}");
    assert!(metric(page, &format!("gatehouse_clips_total{{camera=\"{CAMERA}\",outcome=\"made\"}}"), "") >= Some(1.0));
    assert!(metric(page, &format!("gatehouse_plate_read_share{{camera=\"{CAMERA}\"}}"), "") > Some(0.0));
    assert!(metric(page, &format!("gatehouse_plate_width_pixels{{camera=\"{CAMERA}\"}}"), "") > Some(20.0));
    let view = &status(page, "")["cameras"][0];
    assert!(view["decoder"] == "software" && view["picture"]["sharpness"].as_f64() > Some(0.0), "{view:#}");
    let (code, jpeg) = ask(page, &format!("/api/v1/cameras/{CAMERA}/snapshot.jpg"), "localhost", "");
    assert!(code == 200 && jpeg.starts_with(&[0xff, 0xd8]), "{code}");
    let (code, text) = ask(page, "/healthz", "127.0.0.1", "");
    assert!(code == 200 || code == 503 && !text.is_empty(), "{code}");
    assert_eq!(ask(page, "/api/v1/status", "evil.example", "").0, 421, "a page of somebody else's that points here");

    assert!(node.terminate().success(), "{}", node.last_words());
    let kept = std::fs::read_to_string(site.path(&format!("edge/data/health/{CAMERA}.reads.json"))).unwrap();
    assert!(kept.contains("\"read\":"), "the read rate is kept over restarts: {kept}");
    // With its good-bye the node said how plates fared in its camera.
    let told = eventually("the hub hears how the camera sees", || {
        let camera = http.get("/api/v1/nodes")["nodes"][0]["health"]["cameras"][0].clone();
        (camera["plates"]["read"].as_u64() > Some(0)).then_some(camera)
    });
    assert!(told["camera"] == CAMERA && told["picture"]["sharpness"].as_f64() > Some(0.0), "{told:#}");
    assert!(told["plates"]["width_px"].as_u64() > told["plates"]["height_px"].as_u64(), "{told:#}");
    assert!(hub.process.terminate().success());
}

#[test]
fn plates_found_in_the_small_stream_are_read_in_the_large_one() {
    let Some(home) = Home::make() else { return };
    let (main, sub) = (plates(), plates());
    let site = Site::new();
    let mut hub = site.hub();
    let http = hub.ready();
    let config = site.plan(&Plan::new(main.url(), "live", PROFILE).with_hub(http.0), "edge");
    extend(&config, &format!("detect_source = \"{}\"\nplates = true\nclips = []\n", sub.url()), "");
    site.believe(&config);
    let mut node = site.node(Some(&home), &config, &site.path("events.jsonl"));
    let row = read_plate(&http, "plate");
    assert!(main.streams_begun() >= 1 && sub.streams_begun() >= 1);
    assert!(row["evidence"].as_array().unwrap().iter().all(|item| item["role"] != "clip"), "none was asked for: {row}");
    assert!(http.committed(NODE) > 0);
    assert!(node.terminate().success(), "{}", node.last_words());
}

#[test]
fn a_camera_that_goes_dark_and_stands_still_is_a_problem_until_it_is_well_again() {
    let Some(home) = Home::make() else { return };
    let camera = RtspServer::start(Setup::open(Show::Pictures { width: 320, height: 240, fps: 5 }));
    let site = Site::without_broker();
    let plan = Plan::new(camera.url(), "live", PROFILE);
    let config = plan.write(&site.path("edge"), "edge");
    std::fs::write(site.path("edge/password"), PASSWORD).unwrap();
    extend(&config, "", "[local]\nlisten = \"127.0.0.1:0\"\npassword_file = \"password\"\n");
    let mut node = site.node(Some(&home), &config, &site.path("events.jsonl"));
    let page = page_of(&mut node);
    let guard = login(PASSWORD);
    for wrong in [String::new(), login("mot mat khau khac"), "Authorization: Bearer x\r\n".to_owned()] {
        for path in ["/", "/metrics", "/api/v1/status", "/healthz"] {
            assert_eq!(ask(page, path, "localhost", &wrong).0, 401, "{path} {wrong}");
        }
    }
    eventually("the camera is well", || {
        let view = &status(page, &guard)["cameras"][0];
        (view["picture"]["brightness"].as_f64()? > 60.0 && problems(page, &guard).is_empty()).then_some(())
    });
    camera.set_pattern("black");
    eventually("the camera is dark and stands still", || {
        let told = problems(page, &guard);
        let has = |name: &str| told.iter().any(|problem| problem == name);
        (has("camera_dark") && has("camera_frozen")).then_some(())
    });
    let (code, text) = ask(page, "/healthz", "localhost", &guard);
    assert!(code == 503 && String::from_utf8_lossy(&text).contains("is dark"), "{code}");
    camera.set_pattern("smpte");
    eventually("the camera is well again", || problems(page, &guard).is_empty().then_some(()));
    assert!(node.terminate().success(), "{}", node.last_words());
}
