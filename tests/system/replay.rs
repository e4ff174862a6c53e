//! What a recorded run and its replay have in common: every byte of their events.

use std::path::Path;
use std::time::Duration;

use gatehouse_tests::edge::{self, Plan};
use gatehouse_tests::found::{Home, sample_video};
use gatehouse_tests::rehearsal::{self, Pace};
use gatehouse_tests::video;
use gatehouse_tests::wait::eventually;
use wire::{Event, Payload};

fn replayed(folder: &Path, log: &Path) -> Vec<u8> {
    let out = folder.join("replayed.jsonl");
    let (log, out_text) = (log.display().to_string(), out.display().to_string());
    let done = edge::command(None, folder, &["replay", &log, "--out", &out_text]);
    assert!(done.status.success(), "{}", done.stderr);
    std::fs::read(out).unwrap()
}

/// How often something of each kind happened: passages, stays, occupancies, states of the camera.
fn kinds(events: &[Event]) -> [usize; 4] {
    let mut kinds = [0; 4];
    for event in events {
        match event.payload {
            Payload::Passed(_) => kinds[0] += 1,
            Payload::Stayed(_) => kinds[1] += 1,
            Payload::OccupancyChanged(_) => kinds[2] += 1,
            Payload::CameraChanged(_) => kinds[3] += 1,
            Payload::PlateRead(_)
            | Payload::NodeStarted(_)
            | Payload::ClockJumped(_)
            | Payload::PolicyChanged(_)
            | Payload::EvidenceAdded(_)
            | Payload::AccessDecided(_)
            | Payload::LaneChanged(_)
            | Payload::IncidentSeen(_) => {
                panic!("a gate does not tell of {event:?}")
            }
        }
    }
    kinds
}

#[test]
fn replay_of_a_rehearsal_gives_the_same_events_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let pace = Pace { frame: Duration::from_millis(25), every: 2, rest: Duration::from_millis(700) };
    rehearsal::write(&at("walkers.jsonl"), &rehearsal::crowd(60), pace);
    // Whoever walked into the zone is still missed there while nothing moves: that is a number that holds.
    let profile = format!("{}{}", rehearsal::PROFILE, rehearsal::ZONE).replace("lost_ms = 200", "lost_ms = 10000");
    let config = Plan::new(at("walkers.jsonl"), "rehearse", profile).write(folder.path(), "edge");
    let files = [("--record", at("record.jsonl")), ("--events", at("events.jsonl"))];
    let mut node = edge::run(None, &config, &files.each_ref().map(|(name, path)| (*name, path.as_path())));
    // Into the second round, so that tracks of the same numbers in the log are others in the events.
    eventually("two rounds", || (edge::events(&at("events.jsonl")).len() > 110).then_some(()));
    assert!(node.terminate().success(), "{}", node.last_words());

    let told = std::fs::read(at("events.jsonl")).unwrap();
    let [passed, stayed, occupancies, _] = kinds(&edge::events(&at("events.jsonl")));
    assert!(passed > 60 && stayed > 60 && occupancies > 0, "{passed}, {stayed}, {occupancies}");
    assert!(replayed(folder.path(), &at("record.jsonl")) == told, "a replay gives other events");

    let record = std::fs::read_to_string(at("record.jsonl")).unwrap();
    std::fs::write(at("other.jsonl"), record.replace("\"person\"", "\"bus\"")).unwrap();
    assert!(replayed(folder.path(), &at("other.jsonl")) != told, "a replay does not look at what was seen");
}

#[test]
fn replay_of_a_video_gives_the_same_events_byte_for_byte() {
    let (Some(home), Some(sample)) = (Home::make(), sample_video()) else { return };
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    video::cut(&sample, 120, &at("cut.mkv"));
    let profile = std::fs::read_to_string(home.path().join("pipelines/tourist-site.toml")).unwrap();
    let config = Plan::new(at("cut.mkv"), "once", profile).write(folder.path(), "edge");
    let files = [("--record", at("record.jsonl")), ("--events", at("events.jsonl"))];
    let mut node = edge::run(Some(&home), &config, &files.each_ref().map(|(name, path)| (*name, path.as_path())));
    assert!(node.wait().success(), "{}", node.last_words());

    let [passed, stayed, occupancies, states] = kinds(&edge::events(&at("events.jsonl")));
    assert!(passed > 1 && stayed > 1 && occupancies > 1 && states == 2, "{passed}, {stayed}, {occupancies}, {states}");
    let told = std::fs::read(at("events.jsonl")).unwrap();
    assert!(replayed(folder.path(), &at("record.jsonl")) == told, "a replay gives other events");
}
