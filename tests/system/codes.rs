//! Codes that are held before a real camera's picture: from the video to the decision at the lane, and what of a citizen
//! card stands anywhere afterwards.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use domain::UtcTime;
use gatehouse_tests::edge::{self, CAMERA, Plan, SITE};
use gatehouse_tests::found::{Home, program};
use gatehouse_tests::process::Process;
use gatehouse_tests::rehearsal;
use gatehouse_tests::relay::Relay;
use gatehouse_tests::video;
use gatehouse_tests::wait::eventually;
use qrcode::{Color, EcLevel, QrCode};
use wire::access::{AccessDecided, AccessVerdict};
use wire::pass::{Escort, PassName, Scope, Uses};
use wire::{Event, Pass, PassKey, Payload};

const WIDTH: usize = 960;
const HEIGHT: usize = 540;
/// Pixels of a code's module.
const MODULE: usize = 5;
/// Frames a second.
const FPS: u32 = 10;

/// A made-up person.
const NUMBER: &str = "008190001234";
const CITIZEN: &str = "008190001234||Nguyễn Thị Bưởi|05021990|Nữ|Thôn Đoài, Xã Ví Dụ, Tỉnh Tuyên Quang|25122021";

/// A grey wall, with a code on white paper where there is one.
fn frame(text: Option<&str>) -> Vec<u8> {
    let mut grey = vec![110; WIDTH * HEIGHT];
    let Some(text) = text else { return grey };
    let code = QrCode::with_error_correction_level(text, EcLevel::M).expect("it fits");
    let side = (code.width() + 8) * MODULE;
    assert!(side + 20 < HEIGHT, "the code fits the picture");
    for (row, column) in (0..side).flat_map(|row| (0..side).map(move |column| (row, column))) {
        let (u, v) = ((column / MODULE).wrapping_sub(4), (row / MODULE).wrapping_sub(4));
        let is_dark = u < code.width() && v < code.width() && code[(u, v)] == Color::Dark;
        grey[(row + 20) * WIDTH + column + 100] = if is_dark { 30 } else { 225 };
    }
    grey
}

/// A video in which each of these is held up for so many frames.
fn film(shown: &[(Option<&str>, usize)], to: &Path) {
    let raw = to.with_extension("raw");
    let frames: Vec<u8> = shown.iter().flat_map(|(text, count)| frame(*text).repeat(*count)).collect();
    std::fs::write(&raw, frames).unwrap();
    video::of_grey(&raw, (WIDTH, HEIGHT), FPS, to);
    std::fs::remove_file(&raw).unwrap();
}

fn pass() -> Pass {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let at = |seconds: u64| UtcTime::from_unix_micros(i64::try_from(seconds).unwrap() * 1_000_000).unwrap();
    Pass {
        id: wire::pass::PassId::new(at(seconds), [5; 10]),
        site: SITE.parse().unwrap(),
        scope: Scope::OfCategory,
        not_before: at(seconds - 60),
        not_after: at(seconds + 3_600),
        uses: Uses::Many,
        escort: Escort::NotNeeded,
        category: PassName::new("visitor").unwrap(),
    }
}

fn policy() -> String {
    "policy = 1\nholders = [\"holders.csv\"]\nzone = [{ id = \"park\" }]\n\
     category = [{ id = \"worker\", zones = [\"park\"] }, { id = \"visitor\", zones = [\"park\"] }]\n\
     [[lane]]\nid = \"walk-in\"\ndirection = \"in\"\nfrom = \"outside\"\nto = \"park\"\n\
     methods = [\"pass\", \"citizen-card\"]\n\
     allow = [{ rule = \"all\", categories = [\"worker\", \"visitor\"], schedule = \"always\" }]\n\
     passage_sensor = \"absent\"\ndeadline_ms = 10000\n\
     barrier = { fail = \"secure\", feedback = \"none\", pulse_ms = 300 }\n"
        .to_owned()
}

fn decisions(events: &Path) -> Vec<AccessDecided> {
    let decided =
        |event: Event| if let Payload::AccessDecided(decided) = event.payload { Some(decided.what) } else { None };
    edge::events(events).into_iter().filter_map(decided).collect()
}

/// The digest of the number as the program makes it for a list.
fn digest(config: &Path, folder: &Path) -> String {
    let input = folder.join("number");
    std::fs::write(&input, NUMBER).unwrap();
    let mut command = edge::edge(None);
    command.args(["card", "--config"]).arg(config).stdin(std::fs::File::open(&input).unwrap());
    let done = command.output().unwrap();
    std::fs::remove_file(&input).unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap().trim().to_owned()
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    let (folders, mut files): (Vec<_>, Vec<_>) = entries.into_iter().partition(|path| path.is_dir());
    files.extend(folders.iter().flat_map(|folder| self::files(folder)));
    files
}

#[test]
fn a_pass_held_before_the_camera_opens_the_lane_and_of_a_citizen_card_only_the_holder_is_told() {
    let Some(home) = Home::make() else { return };
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let key = PassKey::from_seed([3; 32]);
    let text = pass().issue(&key).unwrap();
    let film_at = at("codes.mp4");
    let still = 3 * FPS as usize;
    let shown = [
        (Some(text.as_str()), still),
        (None, still + FPS as usize),
        (Some("https://example.vn/khuyen-mai"), still),
        (Some(CITIZEN), still),
    ];
    film(&shown, &film_at);
    let relay = Relay::start();
    let lane = format!(
        "[access]\npolicy = \"access.toml\"\npass_keys = [\"{}\"]\n[[lane]]\nid = \"walk-in\"\ncamera = \"{CAMERA}\"\n{}",
        key.public(),
        relay.actuator()
    );
    let mut plan = Plan::new(&film_at, "once", rehearsal::PROFILE).with_lanes(lane);
    plan.plates = false;
    let config = plan.write(folder.path(), "node");
    let written = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, written.replacen("plates = false\n", "plates = false\ncodes = true\n", 1)).unwrap();
    std::fs::write(at("access.toml"), policy()).unwrap();
    let head = "holder,name,kind,category,citizen_card\n";
    // The lists are read with the configuration, before there is a digest to put into them.
    std::fs::write(at("holders.csv"), format!("{head}b-0,A,person,worker,{}\n", "0".repeat(64))).unwrap();
    let digest = digest(&config, folder.path());
    std::fs::write(at("holders.csv"), format!("{head}b-1,B,person,worker,{digest}\n")).unwrap();

    let events = at("events.jsonl");
    // Everything that it has to say is looked through afterwards.
    let mut command = Command::new("env");
    command.env_remove("GATEHOUSE_ONNXRUNTIME").env("GATEHOUSE_HOME", home.path()).arg("RUST_LOG=trace");
    command.arg(program("gatehouse-edge")).args(["run", "--config"]).arg(&config).arg("--events").arg(&events);
    let mut node = Process::start(&mut command, folder.path(), "edge");
    let decided = eventually("both are decided", || {
        assert!(node.ended().is_none_or(|_| decisions(&events).len() >= 2), "{}", node.last_words());
        Some(decisions(&events)).filter(|decided| decided.len() >= 2)
    });
    let [first, second] = &decided[..] else { panic!("{decided:?}") };
    assert_eq!(first.method.as_deref(), Some("pass"));
    // Nobody vouches for the clock of every machine that runs this, and a pass is only good in its time.
    match first.verdict {
        AccessVerdict::Permit => eventually("the barrier opens", || (relay.opened().len() == 1).then_some(())),
        AccessVerdict::Refer => assert_eq!((first.reason.as_str(), relay.opened().len()), ("clock-untrusted", 0)),
        AccessVerdict::Deny => panic!("{first:?}"),
    }
    assert_eq!((second.verdict, second.method.as_deref()), (AccessVerdict::Refer, Some("citizen-card")));
    assert_eq!(second.subjects, ["holder:b-1"], "{second:?}");
    node.terminate();
    assert_eq!(decisions(&events).len(), 2, "each code was told once, and the advertisement not at all");
    let holds = |path: &Path, text: &str| {
        let bytes = std::fs::read(path).unwrap();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    };
    for path in files(folder.path()).iter().filter(|path| **path != film_at) {
        for secret in [NUMBER, "Bưởi", "05021990"] {
            assert!(!holds(path, secret), "{} holds {secret}", path.display());
        }
    }
}
