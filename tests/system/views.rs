//! Looking through a node's camera from the hub: the real programs, a real Mosquitto, the sample video.

use std::io::{BufRead, BufReader};
use std::time::Duration;

use gatehouse_tests::edge::{CAMERA, NODE, Plan, SITE};
use gatehouse_tests::found::{Home, repository, sample_video};
use gatehouse_tests::hub::{self, Http, Hub};
use gatehouse_tests::process::Process;
use gatehouse_tests::site::Site;
use gatehouse_tests::wait::eventually;
use serde_json::Value;

/// Width and height of the sample video.
const SIZE: (usize, usize) = (768, 576);

/// A hub with a view key and a node that believes it.
struct Watched {
    site: Site,
    http: Http,
    _hub: Hub,
    node: Process,
}

impl Watched {
    /// Nothing where the machine has no video or no detector. `view` stands in the node's table `[view]`.
    fn new(view: &str) -> Option<Self> {
        let (video, home) = (sample_video()?, Home::make()?);
        let site = Site::new();
        let key = site.path("hub/view.key").display().to_string();
        // The command that makes keys knows no database: it is called as a person would.
        let made = hub::program_output(&["view-key", "keygen", "--key", &key]);
        let believed = made.lines().last().expect("the public half").to_owned();
        let mut hub =
            Hub::start_with(&site.hub_folder(), site.broker.port, &format!("[signing]\nview_key_file = \"{key}\"\n"));
        let http = hub.ready();
        let profile = std::fs::read_to_string(repository().join("pipelines/tourist-site.toml")).unwrap();
        let plan =
            Plan { more: format!("[view]\nkeys = [\"{believed}\"]\n{view}"), ..Plan::new(&video, "loop", profile) };
        let config = site.plan(&plan.with_hub(http.0), "node");
        site.believe(&config);
        let events = site.path("edge/events.jsonl");
        let node = site.node(Some(&home), &config, &events);
        eventually("the hub knows the camera", || {
            let nodes = http.list("/api/v1/nodes", "nodes");
            let known = nodes.iter().find(|known| known["node"] == NODE && known["status"]["state"] == "online")?;
            (known["cameras"][0]["camera"] == CAMERA).then_some(())
        });
        Some(Self { site, http, _hub: hub, node })
    }

    fn snapshot(&self) -> (u16, Vec<u8>) {
        self.http.ask(&path("snapshot")).expect("the hub answers")
    }

    /// How many pictures the node has brought, and how many were not wanted any more.
    fn brought(&self) -> f64 {
        let metrics = String::from_utf8(self.http.ask("/metrics").unwrap().1).unwrap();
        let of_views =
            metrics.lines().filter(|line| line.contains("requests_total") && line.contains("views/{camera}"));
        of_views.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
    }
}

fn path(what: &str) -> String {
    format!("/api/v1/cameras/{SITE}/{NODE}/{CAMERA}/{what}")
}

/// Width and height of a JPEG, by its own word.
fn size_of(jpeg: &[u8]) -> Option<(usize, usize)> {
    let mut rest = jpeg.strip_prefix(&[0xff, 0xd8])?;
    loop {
        let [0xff, marker, high, low, ..] = rest else { return None };
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        if matches!(marker, 0xc0..=0xc2) {
            let side = |at: usize| Some(usize::from(u16::from_be_bytes([*rest.get(at)?, *rest.get(at + 1)?])));
            return Some((side(7)?, side(5)?));
        }
        rest = rest.get(2 + length..)?;
    }
}

#[test]
fn somebody_at_the_hub_sees_the_camera_and_once_he_leaves_the_node_sends_nothing_more() {
    let Some(watched) = Watched::new("") else { return };
    assert!(watched.brought().abs() < f64::EPSILON, "nobody looks, so nothing is sent");
    let (status, jpeg) = watched.snapshot();
    assert_eq!(status, 200, "{}\n{}", String::from_utf8_lossy(&jpeg), watched.node.stderr());
    assert_eq!(size_of(&jpeg), Some(SIZE));

    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let request = agent.get(format!("http://{}{}", watched.http.0, path("live")));
    let key = format!("Bearer {}", watched.http.1.expect("a key"));
    let answer = request.header("authorization", key).call().unwrap();
    assert_eq!(answer.status(), 200);
    let mut live = BufReader::new(answer.into_body().into_reader());
    let pictures: Vec<_> = (0..6).map(|_| next_picture(&mut live)).collect();
    for (at, picture) in pictures.iter().enumerate() {
        assert_eq!(size_of(picture), Some(SIZE));
        assert!(!pictures[..at].contains(picture), "picture {at} came before");
    }
    drop(live);
    eventually("the node hears that nobody looks", || {
        watched.node.stderr().contains("nobody at the hub looks through the camera any more").then_some(())
    });
    let sent = watched.brought();
    // tidy: sleep is the time in which ten more pictures would come
    std::thread::sleep(Duration::from_secs(2));
    assert!((watched.brought() - sent).abs() < f64::EPSILON, "the node goes on sending");

    let media = watched.site.path("hub/blobs");
    let of_live = |bytes: &[u8]| pictures.iter().any(|picture| picture == bytes);
    assert!(!files(&media).iter().any(|file| of_live(&std::fs::read(file).unwrap())), "no live picture is kept");
}

#[test]
fn a_node_that_forbids_it_says_so() {
    let Some(watched) = Watched::new("enabled = false\n") else { return };
    let (status, body) = watched.snapshot();
    let problem: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((status, problem["type"].as_str()), (503, Some("urn:gatehouse:problem:view_forbidden")), "{problem}");
}

fn files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// The bytes of the next picture of a live view.
fn next_picture(live: &mut impl BufRead) -> Vec<u8> {
    let mut length = None;
    loop {
        let mut line = String::new();
        assert!(live.read_line(&mut line).unwrap() > 0, "the view ended");
        let line = line.trim_end();
        if let Some(given) = line.strip_prefix("content-length: ") {
            length = given.parse().ok();
        } else if let (true, Some(length)) = (line.is_empty(), length) {
            let mut body = vec![0; length];
            live.read_exact(&mut body).unwrap();
            return body;
        }
    }
}
