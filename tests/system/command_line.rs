//! What the edge's program says of files that are missing, damaged or wrong: which file, what is wrong with it, what is
//! accepted or what to do; and never success.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use gatehouse_tests::edge::{self, CAMERA, Plan};
use gatehouse_tests::found::{Home, onnxruntime, repository, skip};
use gatehouse_tests::process::{Outcome, Process};
use gatehouse_tests::rehearsal::{self, PROFILE, Pace};
use gatehouse_tests::video;
use gatehouse_tests::wait::eventually;
use tempfile::TempDir;
use wire::event::CameraState;
use wire::{Event, Payload};

/// Code of a program that tells an error; a panic would have another one.
const FAILED: i32 = 1;

fn assert_fails(done: &Outcome, said: &[&str]) {
    assert_eq!(done.status.code(), Some(FAILED), "{}", done.stderr);
    for said in said {
        assert!(done.stderr.contains(said), "\"{said}\" is missing in:\n{}", done.stderr);
    }
}

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        fs::write(&path, content).unwrap();
        path
    }

    /// Runs the program with the files of this folder named without their folder, as a person types them.
    fn ask(&self, home: Option<&Home>, arguments: &[&str]) -> Outcome {
        let mut command = edge::edge(home);
        command.current_dir(self.path()).args(arguments);
        Process::start(&mut command, self.path(), "edge-command").outcome()
    }

    /// Runs a node whose camera plays `source`.
    fn run(&self, home: Option<&Home>, source: &str, play: &'static str) -> Outcome {
        let config = Plan::new(source, play, PROFILE).write(self.path(), "edge");
        let events = self.path().join("events.jsonl");
        edge::run(home, &config, &[("--events", &events)]).outcome()
    }
}

#[test]
fn a_profile_with_five_mistakes_is_told_all_of_them() {
    let folder = Folder::new();
    let profile = PROFILE
        .replace("profile = 1", "profile = 9")
        .replace("tourist_site", "zoo")
        .replace("settle_ms = 0", "settle_ms = -5")
        .replace("[0.5, 1.0]", "[0.5, 1.5]")
        .replace("\nin =", "\ninn =");
    let config = Plan::new("camera.mp4", "once", profile).write(folder.path(), "edge");
    let done = edge::run(None, &config, &[]).outcome();
    assert_fails(
        &done,
        &[
            "edge.toml",
            "edge-gate.toml",
            "profile: version 9 is not known: 1 is accepted",
            "kind: ",
            "coach_station",
            "counting.settle_ms: ",
            "0 to 10000",
            "line[0].points: ",
            "from 0 to 1",
            "line[0].in: ",
            "a_to_b",
            "line[0].inn: ",
        ],
    );
}

#[test]
fn mistakes_in_a_configuration_are_told_all_at_once_with_their_places() {
    let folder = Folder::new();
    let text = "site = \"Đền Hùng\"\nnode = \"node-1\"\ncolour = \"red\"\n[broker]\nhost = \"h\"\nport = 0\n\
                [hub]\nurl = \"hub.example.vn\"\n[[camera]]\nid = \"cam-1\"\nsource = \"rtsp://10.0.0.1/\"\nplay = \"once\"\n\
                [[gate]]\nid = \"gate\"\ncamera = \"cam-1\"\nprofile = \"nowhere.toml\"\n";
    folder.file("edge.toml", text);
    assert_fails(
        &folder.ask(None, &["run", "--config", "edge.toml"]),
        &[
            "the configuration \"edge.toml\" has 7 problems",
            "site: ",
            "a-z, 0-9 and -",
            "data: ",
            "colour: ",
            "broker.port: ",
            "1 to 65535",
            "hub.url: ",
            "http://",
            "camera[0].play: a live source is played \"live\"",
            "gate[0].profile: cannot read \"nowhere.toml\"",
        ],
    );
    folder.file("no-toml.toml", "site = ");
    assert_fails(&folder.ask(None, &["run", "--config", "no-toml.toml"]), &["no-toml.toml", "line 1"]);
    assert_fails(
        &folder.ask(None, &["run", "--config", "missing.toml"]),
        &["cannot read", "missing.toml", "No such file"],
    );
    assert_fails(
        &folder.ask(None, &["key", "--config", "missing.toml"]),
        &["cannot read", "missing.toml", "No such file"],
    );
}

#[test]
fn a_key_that_is_damaged_or_open_to_others_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let config = Plan::new("log.jsonl", "rehearse", PROFILE).write(folder.path(), "edge");
    let key = edge::key(&config);
    let path = folder.path().join("data/node.key");
    let seed = fs::read(&path).unwrap();
    fs::write(&path, &seed[..31]).unwrap();
    let damaged = edge::run(None, &config, &[]).outcome();
    assert_fails(&damaged, &["node.key", "31 bytes", "restore it from a backup"]);
    fs::write(&path, &seed).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    assert_fails(&edge::run(None, &config, &[]).outcome(), &["node.key", "0644", "chmod 600"]);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(edge::key(&config), key, "a refused key is left as it is");
}

#[test]
fn observation_logs_that_cannot_be_rehearsed_are_named() {
    let folder = Folder::new();
    folder.file("empty.jsonl", "");
    folder
        .file("text.jsonl", "{\"record\":\"clock\",\"clock\":{\"source\":\"media\",\"offset_ms\":0}}\nnot a record\n");
    for (log, said) in [
        ("missing.jsonl", "No such file"),
        ("empty.jsonl", "holds no \"seen\" record"),
        ("text.jsonl", "line 2 of the observation log"),
    ] {
        assert_fails(&folder.run(None, log, "rehearse"), &[log, said]);
    }
}

#[test]
fn a_replay_of_a_log_that_was_cut_off_gives_what_it_has_and_fails() {
    let folder = Folder::new();
    let pace = Pace { frame: Duration::from_millis(20), every: 2, rest: Duration::ZERO };
    let (log, events) = (folder.path().join("walkers.jsonl"), folder.path().join("events.jsonl"));
    rehearsal::write(&log, &rehearsal::crowd(20), pace);
    let config = Plan::new(&log, "rehearse", PROFILE).write(folder.path(), "edge");
    let record = folder.path().join("record.jsonl");
    let mut node = edge::run(None, &config, &[("--record", &record), ("--events", &events)]);
    eventually("twenty passed", || (edge::events(&events).len() >= 20).then_some(()));
    assert!(node.terminate().success(), "{}", node.last_words());

    let whole = fs::read(&record).unwrap();
    folder.file("cut.jsonl", &whole[..whole.len() / 2]);
    let cut_line = whole[..whole.len() / 2].iter().filter(|byte| **byte == b'\n').count() + 1;
    let done = folder.ask(None, &["replay", "cut.jsonl", "--out", "out.jsonl"]);
    assert_fails(&done, &["cut.jsonl", &format!("line {cut_line} "), "was cut off"]);
    let (told, replayed) = (fs::read(&events).unwrap(), fs::read(folder.path().join("out.jsonl")).unwrap());
    assert!(!replayed.is_empty() && replayed.len() < told.len() && told.starts_with(&replayed));
}

#[test]
fn files_that_are_no_observation_logs_are_not_replayed() {
    let folder = Folder::new();
    let header =
        "{\"record\":\"header\",\"v\":V,\"program\":\"0.1.0\",\"camera\":\"cam-1\",\"nonce\":\"00\",\"gates\":[]}\n";
    folder.file("empty.jsonl", "");
    folder.file("text.jsonl", "Good evening.\n");
    folder.file("newer.jsonl", header.replace("V", "2"));
    folder.file("nonce.jsonl", header.replace("V", "1"));
    folder.file("headless.jsonl", "{\"record\":\"timed_out\",\"now\":1}\n");
    for (log, said) in [
        ("missing.jsonl", "No such file"),
        ("empty.jsonl", "not an observation log of version 1"),
        ("text.jsonl", "line 1 of the observation log is not a record"),
        ("newer.jsonl", "not an observation log of version 1"),
        ("nonce.jsonl", "nonce"),
        ("headless.jsonl", "its first line must be a \"header\" record"),
    ] {
        assert_fails(&folder.ask(None, &["replay", log]), &[log, said]);
    }
}

#[test]
fn truths_that_say_nothing_or_nonsense_are_refused_before_anything_is_played() {
    let folder = Folder::new();
    let accepted = "\"counts\": {\"person\": {\"a_to_b\": 0";
    for (name, truth, said) in [
        ("no-json.json", "{", accepted),
        ("half.json", r#"{"line":[[0.5,0],[0.5,1]]}"#, "must hold line and counts, or zone and visits"),
        ("flat.json", r#"{"line":[[0,0],[0,0]],"counts":{}}"#, "the two ends of a line must differ"),
        ("outside.json", r#"{"line":[[0,0],[1,7]],"counts":{}}"#, "from 0 to 1"),
        ("cow.json", r#"{"zone":[[0,0],[1,0],[1,1]],"visits":{"cow":1}}"#, "`person` or `vehicle`"),
    ] {
        folder.file(name, truth);
        let arguments = ["eval", "count", "--video", "missing.mp4", "--truth", name, "--json", "out.json"];
        assert_fails(&folder.ask(None, &arguments), &[name, said]);
    }
    let arguments = ["eval", "count", "--video", "missing.mp4", "--truth", "missing.json", "--json", "out.json"];
    assert_fails(&folder.ask(None, &arguments), &["cannot read the truth \"missing.json\"", "No such file"]);
    assert!(!folder.path().join("out.json").exists());
}

#[test]
fn an_onnx_runtime_that_is_missing_or_none_is_named() {
    let folder = Folder::new();
    let config = Plan::new("camera.mp4", "once", PROFILE).write(folder.path(), "edge");
    let library = folder.file("libonnxruntime.so", "not a library");
    for (path, said) in [(Path::new("/nowhere/libonnxruntime.so"), "not found"), (library.as_path(), "damaged")] {
        let mut command = edge::edge(None);
        command.env("GATEHOUSE_ONNXRUNTIME", path).args(["run", "--config"]).arg(&config);
        let done = Process::start(&mut command, folder.path(), "edge").outcome();
        assert_fails(&done, &[path.to_str().unwrap(), said, "deploy/setup.sh"]);
    }
}

/// An installation whose manifest knows one detector, which is in `folder` as `model`, or is not.
fn installation(folder: &Folder, size: u32, model: Option<&[u8]>) -> Command {
    let manifest = fs::read_to_string(repository().join("models/manifest.toml")).unwrap();
    let from = manifest.find("[[model]]\nid = \"yolox_nano_416\"").expect("the manifest knows it");
    let manifest = format!("manifest = 1\n{}", manifest[from..].replace("= 416", &format!("= {size}")));
    let home = folder.path().join("home");
    fs::create_dir_all(home.join("models")).unwrap();
    fs::create_dir_all(home.join(".models")).unwrap();
    fs::write(home.join("models/manifest.toml"), manifest).unwrap();
    let file = home.join(".models/yolox_nano_416.onnx");
    match model {
        Some(bytes) => fs::write(file, bytes).unwrap(),
        None => assert!(!file.exists()),
    }
    let mut command = edge::edge(None);
    command.env("GATEHOUSE_HOME", home).env("GATEHOUSE_ONNXRUNTIME", onnxruntime().unwrap_or_default());
    command
}

#[test]
fn models_that_are_missing_or_damaged_are_refused_with_what_to_do() {
    let folder = Folder::new();
    if onnxruntime().is_none() {
        return skip("no ONNX Runtime library; deploy/setup.sh installs it");
    }
    let config = Plan::new("camera.mp4", "once", PROFILE).write(folder.path(), "edge");
    for (model, said) in [
        (None, "is not installed"),
        (Some(vec![]), "has 0 bytes"),
        (Some(vec![7; 1000]), "has 1000 bytes, expected 3713911: it is damaged or cut off"),
        (Some(vec![7; 3_713_911]), "is damaged or another model: SHA-256"),
    ] {
        let mut command = installation(&folder, 416, model.as_deref());
        let done = Process::start(command.args(["run", "--config"]).arg(&config), folder.path(), "edge").outcome();
        assert_fails(&done, &["yolox_nano_416.onnx", said, "gatehouse-edge models pull", "--mirror"]);
        let mut command = installation(&folder, 416, model.as_deref());
        let verified = Process::start(command.args(["models", "verify"]), folder.path(), "edge").outcome();
        assert_eq!(verified.status.code(), Some(FAILED));
        assert!(verified.stdout.contains("failed") && verified.stdout.contains(said), "{}", verified.stdout);
        // The next one is another file of the same name.
        let _ = fs::remove_file(folder.path().join("home/.models/yolox_nano_416.onnx"));
    }
}

#[test]
fn a_model_of_another_shape_than_the_manifest_says_is_refused() {
    let folder = Folder::new();
    let known = [repository().join(".models"), repository().join("../shared/models")];
    let model = known.iter().find_map(|known| fs::read(known.join("yolox_nano_416.onnx")).ok());
    let (Some(model), Some(_)) = (model, onnxruntime()) else {
        return skip(
            "no ONNX Runtime library or no model yolox_nano_416.onnx; deploy/setup.sh and `make models` get them",
        );
    };
    let config = Plan::new("camera.mp4", "once", PROFILE).write(folder.path(), "edge");
    let mut command = installation(&folder, 320, Some(&model));
    let done = Process::start(command.args(["run", "--config"]).arg(&config), folder.path(), "edge").outcome();
    let said = ["yolox_nano_416.onnx", "416, 416]", "the manifest describes", "320, 320]"];
    assert_fails(&done, &said);
}

/// A second camera for the configuration of a node.
fn second_camera(id: &str, source: &str, play: &str, plates: bool) -> String {
    format!("[[camera]]\nid = \"{id}\"\nsource = \"{source}\"\nplay = \"{play}\"\nplates = {plates}\n")
}

/// Why a camera was found unusable, once it was.
fn why_failed(folder: &Folder, node: &mut Process, camera: &str) -> String {
    eventually("the camera is found unusable", || {
        assert!(node.ended().is_none(), "the node ended: {}", node.last_words());
        edge::events(&folder.path().join("events.jsonl")).into_iter().find_map(|event| {
            let Payload::CameraChanged(change) = event.payload else { return None };
            (change.state == CameraState::Failed && change.camera.as_str() == camera).then_some(change.reason)
        })
    })
}

fn passages_of(folder: &Folder, camera: &str) -> usize {
    let told = edge::events(&folder.path().join("events.jsonl"));
    let of =
        |event: &&Event| matches!(&event.payload, Payload::Passed(passed) if passed.what.camera.as_str() == camera);
    told.iter().filter(of).count()
}

#[test]
fn a_damaged_detector_stops_the_camera_that_needs_it_and_the_other_goes_on() {
    let folder = Folder::new();
    if onnxruntime().is_none() {
        return skip("no ONNX Runtime library; deploy/setup.sh installs it");
    }
    let pace = Pace { frame: Duration::from_millis(25), every: 4, rest: Duration::ZERO };
    rehearsal::write(&folder.path().join("walkers.jsonl"), &rehearsal::crowd(50), pace);
    let plan = Plan {
        more: second_camera("cam-2", "camera.mp4", "once", false),
        ..Plan::new(folder.path().join("walkers.jsonl"), "rehearse", PROFILE)
    };
    let config = plan.write(folder.path(), "edge");
    let mut command = installation(&folder, 416, Some(&[]));
    command.args(["run", "--config"]).arg(&config).arg("--events").arg(folder.path().join("events.jsonl"));
    let mut node = Process::start(&mut command, folder.path(), "edge");
    let why = why_failed(&folder, &mut node, "cam-2");
    assert!(why.contains("yolox_nano_416.onnx") && why.contains("has 0 bytes"), "{why}");
    let before = passages_of(&folder, CAMERA);
    eventually("the other camera goes on", || (passages_of(&folder, CAMERA) > before + 5).then_some(()));
    assert!(!node.terminate().success(), "a node whose camera failed does not end well");
    assert!(node.stderr().contains("cam-2") && node.stderr().contains("yolox_nano_416.onnx"), "{}", node.stderr());
}

#[test]
fn a_damaged_plate_model_stops_the_cameras_that_read_plates_and_no_other() {
    let Some(home) = Home::make() else { return };
    let folder = Folder::new();
    let bundled = home.path().join("models/bundled");
    let whole = fs::canonicalize(&bundled).unwrap();
    fs::remove_file(&bundled).unwrap();
    fs::create_dir(&bundled).unwrap();
    for file in fs::read_dir(whole).unwrap() {
        let file = file.unwrap();
        let bytes =
            if file.file_name() == "gatehouse_plate_reader.onnx" { vec![] } else { fs::read(file.path()).unwrap() };
        fs::write(bundled.join(file.file_name()), bytes).unwrap();
    }
    video::mp4(50, &folder.path().join("camera.mp4"));
    let more = second_camera("cam-2", "camera.mp4", "loop", true);
    let config = Plan { more, ..Plan::new("camera.mp4", "loop", PROFILE) }.write(folder.path(), "edge");
    let mut node = edge::run(Some(&home), &config, &[("--events", &folder.path().join("events.jsonl"))]);
    let why = why_failed(&folder, &mut node, "cam-2");
    assert!(why.contains("gatehouse_plate_reader.onnx") && why.contains("0 bytes"), "{why}");
    eventually("the other camera plays", || {
        let told = edge::events(&folder.path().join("events.jsonl"));
        let is_up = |event: &Event| {
            matches!(&event.payload, Payload::CameraChanged(change)
            if change.state == CameraState::Up && change.camera.as_str() == CAMERA)
        };
        told.iter().any(is_up).then_some(())
    });
    node.terminate();
}

#[test]
fn videos_that_cannot_be_read_are_named_with_what_to_do() {
    let Some(home) = Home::make() else { return };
    let folder = Folder::new();
    video::mp4(50, &folder.path().join("whole.mp4"));
    let whole = fs::read(folder.path().join("whole.mp4")).unwrap();
    folder.file("cut.mp4", &whole[..whole.len() / 2]);
    folder.file("empty.mp4", "");
    folder.file("text.mp4", "This is not a video.\n".repeat(100));
    folder.file("truth.json", r#"{"line":[[0.5,0],[0.5,1]],"counts":{"person":{"a_to_b":0,"b_to_a":0}}}"#);
    for (name, said) in [
        ("missing.mp4", "there is no such file; check the path"),
        ("empty.mp4", "the file is empty; copy or record it again"),
        ("text.mp4", "accepted are MP4, MKV, AVI"),
        ("cut.mp4", "it was cut off or is damaged: copy or record it again"),
    ] {
        assert_fails(&folder.run(Some(&home), name, "once"), &[name, said]);
        let told = edge::events(&folder.path().join("events.jsonl"));
        assert!(told.len() == 1 && format!("{told:?}").contains("Failed"), "the hub hears of it too: {told:?}");
        let arguments = ["eval", "count", "--video", name, "--truth", "truth.json", "--json", "out.json"];
        assert_fails(&folder.ask(Some(&home), &arguments), &[name, said]);
        assert!(!folder.path().join("out.json").exists(), "no figures of {name}");
    }
}

#[test]
fn a_video_that_ends_early_is_played_as_far_as_it_goes_and_told_to_be_cut_short() {
    let Some(home) = Home::make() else { return };
    let folder = Folder::new();
    video::avi(100, &folder.path().join("whole.avi"));
    let whole = fs::read(folder.path().join("whole.avi")).unwrap();
    folder.file("cut.avi", &whole[..whole.len() / 2]);
    for (name, is_cut) in [("whole.avi", false), ("cut.avi", true)] {
        let done = folder.run(Some(&home), name, "once");
        assert!(done.status.success(), "{}", done.stderr);
        let told = format!("{:?}", edge::events(&folder.path().join("events.jsonl")));
        assert_eq!(
            (done.stderr.contains("cut short"), told.contains("cut short")),
            (is_cut, is_cut),
            "{}",
            done.stderr
        );
    }
}
