//! Two processes over a real broker store what one process stores.

use std::path::Path;
use std::process::Command;

use gatehouse_tests::edge::{self, NODE, Plan};
use gatehouse_tests::found::{Home, program, sample_video};
use gatehouse_tests::hub::{Http, database};
use gatehouse_tests::process::Process;
use gatehouse_tests::site::Site;
use gatehouse_tests::video;
use serde_json::{Value, json};
use store::{Store, StoredEvent};
use wire::{BlobHash, Payload};

/// Frames of the sample video that are played: 25 seconds, in which persons pass both ways and stay.
const FRAMES: u32 = 250;

/// The whole log of a hub that does not run.
fn log(folder: &Path) -> Vec<StoredEvent> {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = Store::open(&database(folder), &folder.join("blobs")).await.unwrap();
        let log = store.events_after(0, 10_000).await.unwrap();
        store.close().await;
        log
    })
}

/// Passages and stays without what differs between two runs: the moment of the start.
fn facts(log: &[StoredEvent]) -> Vec<Value> {
    log.iter()
        .filter_map(|event| match &event.payload {
            Some(payload @ (Payload::Passed(_) | Payload::Stayed(_))) => Some(serde_json::to_value(payload).unwrap()),
            Some(_) | None => None,
        })
        .map(|mut fact| {
            for moment in ["at", "from", "to"] {
                fact["payload"].as_object_mut().unwrap().remove(moment);
            }
            fact
        })
        .collect()
}

/// What the API shows of a passage, from the API and from the log.
fn shown(http: &Http) -> Vec<Value> {
    let members = ["id", "gate", "line", "camera", "direction", "class", "confidence", "at"];
    let mut rows = http.list("/api/v1/passages?limit=500", "passages");
    rows.sort_by_key(|row| row["seq"].as_u64());
    let show = |row: Value| {
        let mut shown: Value = members.iter().map(|name| ((*name).to_owned(), row[name].clone())).collect();
        shown["pictures"] = row["evidence"].as_array().unwrap().iter().map(|e| e["sha256"].clone()).collect();
        shown
    };
    rows.into_iter().map(show).collect()
}

fn should_show(log: &[StoredEvent]) -> Vec<Value> {
    log.iter()
        .filter_map(|event| {
            let Some(Payload::Passed(passed)) = &event.payload else { return None };
            let (what, pictures) = (&passed.what, passed.evidence.iter().map(|e| json!(e.sha256)));
            // As its shortest text, which is how it is written everywhere.
            let confidence: f64 = what.confidence.to_string().parse().unwrap();
            Some(json!({
                "id": event.id, "gate": what.gate, "line": what.line, "camera": what.camera,
                "direction": what.direction, "class": what.class, "confidence": confidence, "at": what.at,
                "pictures": pictures.collect::<Vec<_>>(),
            }))
        })
        .collect()
}

#[test]
fn two_processes_over_mosquitto_store_what_one_process_stores() {
    let (Some(home), Some(sample)) = (Home::make(), sample_video()) else { return };
    let mut site = Site::new();
    let video = site.path("cut.mkv");
    video::cut(&sample, FRAMES, &video);

    let profile = std::fs::read_to_string(home.path().join("pipelines/tourist-site.toml")).unwrap();
    let mut hub = site.hub();
    let http = hub.ready();
    let config = site.plan(&Plan::new(&video, "once", profile).with_hub(http.0), "edge");
    site.believe(&config);
    let mut node = site.node(Some(&home), &config, &site.path("events.jsonl"));
    assert!(node.wait().success(), "{}", node.last_words());
    let over_http = shown(&http);
    for fact in http.list("/api/v1/passages?limit=500", "passages").iter().flat_map(|row| row["evidence"].as_array()) {
        for picture in fact {
            let (status, bytes) = http.ask(picture["url"].as_str().unwrap()).unwrap();
            assert_eq!((status, json!(BlobHash::of(&bytes))), (200, picture["sha256"].clone()));
        }
    }
    assert_eq!(http.open_alarms(NODE), [""; 0]);
    assert!(hub.process.terminate().success());
    assert!(site.broker.process().ended().is_none());
    let two = log(&site.hub_folder());
    let told = edge::events(&site.path("events.jsonl"));
    assert_eq!(
        told.iter().map(|event| event.id).collect::<Vec<_>>(),
        two[1..].iter().map(|e| e.id).collect::<Vec<_>>()
    );
    assert_eq!(over_http, should_show(&two));

    let mut demo = Command::new(program("gatehouse"));
    demo.env("GATEHOUSE_HOME", home.path()).args(["demo", "--once", "--video"]).arg(&video);
    demo.arg("--state").arg(site.path("demo")).arg("--events").arg(site.path("demo.jsonl"));
    let done = Process::start(&mut demo, &site.path("edge"), "demo").outcome();
    assert!(done.status.success(), "{}\n{}", done.stdout, done.stderr);
    let one = log(&site.path("demo/hub"));
    let (one, two) = (facts(&one), facts(&two));
    assert_eq!(one, two);
    let passages = one.iter().filter(|fact| fact["kind"] == "passed").count();
    let pictured = one.iter().filter(|fact| fact["payload"]["evidence"][0]["sha256"].is_string()).count();
    assert!(passages >= 5 && pictured >= 5 && one.len() > passages, "too little happened to compare: {one:#?}");
}
