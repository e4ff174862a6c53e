//! A camera over RTSP that dies and comes back, as the hub sees it.

use gatehouse_tests::edge::{self, CAMERA, NODE, Plan};
use gatehouse_tests::found::Home;
use gatehouse_tests::hub::{Http, database};
use gatehouse_tests::rehearsal::PROFILE;
use gatehouse_tests::rtsp::{RtspServer, Setup, Show};
use gatehouse_tests::site::Site;
use gatehouse_tests::wait::eventually;
use store::Store;
use wire::Payload;
use wire::event::CameraState;

const SHOW: Show = Show::Pattern { width: 320, height: 240, fps: 5, frames: None };
const USER: &str = "viewer";
const PASSWORD: &str = "rat-bi-mat";

fn wait_for_state(http: &Http, state: &str) {
    eventually(&format!("the hub knows that the camera is {state}"), || {
        let nodes = http.list("/api/v1/nodes", "nodes");
        let camera = nodes.iter().find(|node| node["node"] == NODE)?["cameras"][0].clone();
        (camera["state"] == state).then_some(())
    });
}

#[test]
fn a_camera_that_dies_and_comes_back_is_told_to_the_hub() {
    let Some(home) = Home::make() else { return };
    let login = Some((USER.to_owned(), PASSWORD.to_owned()));
    let camera = RtspServer::start(Setup { login: login.clone(), ..Setup::open(SHOW) });
    let port = camera.port();
    let site = Site::new();
    let mut hub = site.hub();
    let http = hub.ready();
    let config = site.plan(&Plan::new(camera.url_with(USER, PASSWORD), "live", PROFILE), "edge");
    site.believe(&config);
    let mut node = site.node(Some(&home), &config, &site.path("events.jsonl"));

    wait_for_state(&http, "up");
    drop(camera);
    wait_for_state(&http, "down");
    let camera = RtspServer::start(Setup { login, port, ..Setup::open(SHOW) });
    wait_for_state(&http, "up");
    assert!(camera.streams_begun() >= 1);
    assert!(node.terminate().success(), "{}", node.last_words());
    assert!(!node.stderr().contains(PASSWORD), "the password is in the log: {}", node.stderr());
    assert!(hub.process.terminate().success());

    let folder = site.hub_folder();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let log = runtime.block_on(async {
        let store = Store::open(&database(&folder), &folder.join("blobs")).await.unwrap();
        store.events_after(0, 1_000).await.unwrap()
    });
    let changes: Vec<_> = log
        .iter()
        .filter_map(|event| match &event.payload {
            Some(Payload::CameraChanged(change)) => Some(change),
            Some(_) | None => None,
        })
        .collect();
    let states: Vec<_> = changes.iter().map(|change| change.state).collect();
    // Down once or twice: the connection broke, then nobody listened.
    let downs = states.iter().filter(|state| **state == CameraState::Down).count();
    assert_eq!((states.first(), states.last()), (Some(&CameraState::Up), Some(&CameraState::Up)), "{changes:?}");
    assert!((1..=2).contains(&downs) && states.len() == downs + 2, "{changes:?}");
    for down in changes.iter().filter(|change| change.state == CameraState::Down) {
        assert!(!down.reason.is_empty() && !down.reason.contains(PASSWORD), "{down:?}");
    }
}

/// The state of a camera, as the hub knows it.
fn state_of(http: &Http, camera: &str) -> Option<String> {
    let nodes = http.list("/api/v1/nodes", "nodes");
    let node = nodes.iter().find(|node| node["node"] == NODE)?;
    let camera = node["cameras"].as_array()?.iter().find(|known| known["camera"] == camera)?.clone();
    camera["state"].as_str().map(str::to_owned)
}

#[test]
fn a_camera_that_freezes_is_told_and_asked_again_while_the_other_goes_on() {
    let Some(home) = Home::make() else { return };
    let (first, second) = (RtspServer::start(Setup::open(SHOW)), RtspServer::start(Setup::open(SHOW)));
    let site = Site::new();
    let mut hub = site.hub();
    let http = hub.ready();
    let more = format!("[[camera]]\nid = \"cam-2\"\nsource = \"{}\"\nplay = \"live\"\n", second.url());
    let config = site.plan(&Plan { more, ..Plan::new(first.url(), "live", PROFILE) }, "edge");
    site.believe(&config);
    let mut node = site.node(Some(&home), &config, &site.path("events.jsonl"));
    let wait_for = |camera: &str, state: &str| {
        eventually(&format!("{camera} is {state}"), || {
            (state_of(&http, camera).as_deref() == Some(state)).then_some(())
        });
    };
    wait_for(CAMERA, "up");
    wait_for("cam-2", "up");

    first.freeze();
    wait_for(CAMERA, "down");
    first.thaw();
    wait_for(CAMERA, "up");
    assert!(first.streams_begun() > 1, "it was asked again");
    assert_eq!(second.streams_begun(), 1, "the other was never let go of");
    assert!(node.terminate().success(), "{}", node.last_words());
    let told = edge::events(&site.path("events.jsonl"));
    let downs = |camera: &str| {
        let down = |event: &&wire::Event| {
            matches!(&event.payload, Payload::CameraChanged(change)
                if change.camera.as_str() == camera && change.state == CameraState::Down && !change.reason.is_empty())
        };
        told.iter().filter(down).count()
    };
    assert!(downs(CAMERA) >= 1 && downs("cam-2") == 0, "{told:?}");
}
