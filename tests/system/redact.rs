//! Copies for handing out: nobody's plate can be read in them but the one that is kept, and nothing is written where
//! something is wrong.

use std::fs;
use std::path::{Path, PathBuf};

use gatehouse_tests::edge;
use gatehouse_tests::found::{Home, portrait, repository, sample_video};
use gatehouse_tests::process::{Outcome, Process};
use gatehouse_tests::video;
use serde_json::{Value, json};
use tempfile::TempDir;

/// The clip's first two plates: four seconds each, ten frames a second.
const FIRST: &str = "29A100017";
const SECOND: &str = "51G00842";
const FRAMES: u32 = 80;
/// A frame in the middle of the second one's time.
const IN_SECOND: u32 = 69;
/// The program's code where something to keep was not found.
const NOTHING_TO_KEEP: i32 = 3;

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn ask(&self, home: Option<&Home>, arguments: &[&str]) -> Outcome {
        fs::create_dir_all(self.at("logs")).unwrap();
        let mut command = edge::edge(home);
        command.current_dir(self.0.path()).args(arguments);
        Process::start(&mut command, &self.at("logs"), "edge-redact").outcome()
    }

    /// Makes a copy and gives its report.
    fn redact(&self, home: &Home, code: i32, arguments: &[&str]) -> Value {
        let done = self.ask(Some(home), &[&["redact", "--report", "report.json", "--force"], arguments].concat());
        assert_eq!(done.status.code(), Some(code), "{}", done.stderr);
        serde_json::from_slice(&fs::read(self.at("report.json")).unwrap()).unwrap()
    }

    /// How many of these plates are read exactly in a clip.
    fn read_in(&self, home: &Home, clip: &str, plates: &[&str]) -> u64 {
        let plates: Vec<_> = plates.iter().map(|plate| json!({ "plate": plate })).collect();
        fs::write(self.at("truth.json"), json!({ "plates": plates }).to_string()).unwrap();
        let arguments = ["eval", "visit", "--video", clip, "--truth", "truth.json", "--json", "scores.json"];
        let done = self.ask(Some(home), &arguments);
        assert!(done.status.success(), "{}", done.stderr);
        let scores: Value = serde_json::from_slice(&fs::read(self.at("scores.json")).unwrap()).unwrap();
        scores["exact"].as_u64().unwrap()
    }

    /// The plates that are read in a street scene.
    fn read_in_scene(&self, home: &Home, picture: &str) -> Vec<String> {
        let done = self.ask(Some(home), &["plate", "read", "--scene", picture]);
        assert!(done.status.success(), "{}", done.stderr);
        let lines = done.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter_map(|told| told["key"].as_str().map(str::to_owned)).collect()
    }

    fn names(&self) -> Vec<String> {
        let names = fs::read_dir(self.0.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.filter(|name| name != "logs").collect();
        names.sort();
        names
    }
}

fn plates() -> PathBuf {
    repository().join("models/bundled/gate_plates.mp4")
}

fn sha256(path: &Path) -> String {
    wire::BlobHash::of(&fs::read(path).unwrap()).to_string()
}

#[test]
fn in_a_clip_only_the_kept_plate_can_be_read() {
    let Some(home) = Home::make() else { return };
    let folder = Folder::new();
    let frames = video::beginning(&plates(), FRAMES, &folder.at("in.mp4"));
    assert_eq!(folder.read_in(&home, "in.mp4", &[FIRST, SECOND]), 2, "both can be read in the source");
    let before = sha256(&folder.at("in.mp4"));

    let report = folder.redact(&home, 0, &["in.mp4", "--out", "out.mp4", "--keep-plate", "51G-008.42"]);
    assert_eq!(folder.read_in(&home, "out.mp4", &[FIRST]), 0, "{report:#}");
    assert_eq!(folder.read_in(&home, "out.mp4", &[SECOND]), 1, "{report:#}");
    assert_eq!(sha256(&folder.at("in.mp4")), before, "the source stays as it is");
    assert!(before.ends_with(report["source"]["sha256"].as_str().unwrap()), "{report:#}");
    assert!(sha256(&folder.at("out.mp4")).ends_with(report["result"]["sha256"].as_str().unwrap()), "{report:#}");
    assert_eq!(report["media"]["frames"], frames, "{report:#}");
    assert_eq!(video::frames(&folder.at("out.mp4")), frames);
    assert!(report["plates"]["covered"].as_u64().unwrap() > 20, "{report:#}");
    assert!(report["keeps"][0]["kept"].as_u64().unwrap() > 10, "{report:#}");
    assert_eq!(report["keeps"][0]["plate"], SECOND);
    assert_eq!(report["models"].as_array().unwrap().len(), 3, "{report:#}");
    assert!(report["statement"].as_str().unwrap().contains("not evidence"), "{report:#}");
    assert_eq!(report["warnings"], json!([]));

    // A plate that is not there keeps nothing, and the code of the program says so.
    let report = folder.redact(&home, NOTHING_TO_KEEP, &["in.mp4", "--out", "out.mp4", "--keep-plate", "30A99999"]);
    assert_eq!(folder.read_in(&home, "out.mp4", &[FIRST, SECOND]), 0, "{report:#}");
    assert!(report["warnings"][0].as_str().unwrap().contains("keep number 1"), "{report:#}");
    assert!(!report["warnings"].to_string().contains("30A99999"), "{report:#}");
}

#[test]
fn in_a_picture_a_plate_is_covered_unless_its_number_or_its_place_is_kept() {
    let Some(home) = Home::make() else { return };
    let folder = Folder::new();
    video::still(&plates(), IN_SECOND, &folder.at("in.jpg"));
    assert_eq!(folder.read_in_scene(&home, "in.jpg"), [SECOND]);

    let report = folder.redact(&home, 0, &["in.jpg", "--out", "out.jpg"]);
    assert_eq!(folder.read_in_scene(&home, "out.jpg"), [""; 0], "{report:#}");
    assert_eq!((&report["media"]["frames"], &report["frames_covered"]), (&json!(1), &json!(1)), "{report:#}");
    assert_eq!(report["plates"]["kept"], 0, "{report:#}");

    let report = folder.redact(&home, 0, &["in.jpg", "--out", "out.jpg", "--keep-plate", SECOND]);
    assert_eq!(folder.read_in_scene(&home, "out.jpg"), [SECOND], "{report:#}");

    let report = folder.redact(&home, 0, &["in.jpg", "--out", "out.jpg", "--keep", "0,0,1,1"]);
    assert_eq!(folder.read_in_scene(&home, "out.jpg"), [SECOND], "{report:#}");
    assert!(report["warnings"][0].as_str().unwrap().contains("nothing was found to cover"), "{report:#}");

    let arguments = ["in.jpg", "--out", "out.jpg", "--keep", "0,0,0.05,0.05", "--keep", "0.9,0,1,0.1"];
    let report = folder.redact(&home, NOTHING_TO_KEEP, &arguments);
    assert_eq!(folder.read_in_scene(&home, "out.jpg"), [""; 0], "{report:#}");
    assert_eq!(report["keeps"][1]["area"], json!([0.9, 0.0, 1.0, 0.1]), "{report:#}");
    assert_eq!(folder.names(), ["in.jpg", "out.jpg", "report.json"]);
}

#[test]
fn people_are_covered_and_those_in_a_kept_area_are_not() {
    let (Some(home), Some(sample)) = (Home::make(), sample_video()) else { return };
    let folder = Folder::new();
    let frames = video::beginning(&sample, 20, &folder.at("in.mp4"));
    let all = folder.redact(&home, 0, &["in.mp4", "--out", "out.mp4"]);
    assert!(all["persons"]["covered"].as_u64().unwrap() >= 20, "{all:#}");
    assert_eq!(all["frames_covered"], frames, "{all:#}");
    let half = folder.redact(&home, 0, &["in.mp4", "--out", "out.mp4", "--keep", "0.0,0.0,0.5,1.0"]);
    let of = |report: &Value, what: &str| report["persons"][what].as_u64().unwrap();
    assert_eq!(of(&all, "kept"), 0);
    assert!(of(&half, "kept") > 0 && of(&half, "covered") > 0, "{half:#}");
    assert_eq!(of(&half, "kept") + of(&half, "covered"), of(&all, "covered"));
}

#[test]
fn a_face_of_whom_nothing_else_is_seen_is_covered_where_a_model_for_faces_is_installed() {
    let (Some(home), Some(portrait)) = (Home::make().and_then(Home::with_faces), portrait()) else { return };
    let folder = Folder::new();
    fs::copy(portrait, folder.at("in.jpg")).unwrap();
    let report = folder.redact(&home, 0, &["in.jpg", "--out", "out.jpg"]);
    assert!(report["persons"]["covered"].as_u64().unwrap() >= 1, "{report:#}");
    assert!(report["rules"]["face_score_min"].as_f64().is_some(), "{report:#}");
    assert!(report["models"].to_string().contains("yunet"), "{report:#}");
    // The copy says what was not looked for.
    let without = Home::make().expect("it was made just now");
    let plain = folder.redact(&without, 0, &["in.jpg", "--out", "plain.jpg"]);
    assert!(plain["rules"]["face_score_min"].is_null(), "{plain:#}");
    assert!(plain["limits"].as_str().unwrap().contains("models pull"), "{plain:#}");
}

#[test]
fn what_cannot_be_copied_is_named_and_nothing_is_written() {
    let folder = Folder::new();
    video::mp4(25, &folder.at("clip.mp4"));
    video::still(&folder.at("clip.mp4"), 3, &folder.at("picture.jpg"));
    let write = |name: &str, bytes: &[u8]| fs::write(folder.at(name), bytes).unwrap();
    let (clip, picture) = (fs::read(folder.at("clip.mp4")).unwrap(), fs::read(folder.at("picture.jpg")).unwrap());
    write("cut.mp4", &clip[..clip.len() * 2 / 3]);
    write("cut.jpg", &picture[..picture.len() / 2]);
    write("text.jpg", b"no picture at all");
    write("taken.jpg", b"mine");
    std::os::unix::fs::symlink(folder.at("picture.jpg"), folder.at("link.jpg")).unwrap();
    let before = folder.names();
    for (arguments, said) in [
        (["cut.mp4", "--out", "out.mp4"].as_slice(), ["cut.mp4", "cut off"]),
        (&["cut.jpg", "--out", "out.jpg"], ["cut.jpg", "cut off"]),
        (&["text.jpg", "--out", "out.jpg"], ["text.jpg", "neither a JPEG picture nor an MP4 clip"]),
        (&["none.jpg", "--out", "out.jpg"], ["none.jpg", "cannot read"]),
        (&["picture.jpg", "--out", "taken.jpg"], ["taken.jpg", "--force"]),
        (&["picture.jpg", "--out", "picture.jpg", "--force"], ["picture.jpg", "the source itself"]),
        (&["picture.jpg", "--out", "link.jpg", "--force"], ["link.jpg", "the source itself"]),
        (&["picture.jpg", "--out", "out.mp4"], ["out.mp4", "should end in .jpg or .jpeg"]),
        (&["clip.mp4", "--out", "nowhere/out.mp4"], ["nowhere/out.mp4", "cannot write"]),
        (&["picture.jpg", "--out", "out.jpg", "--report", "out.txt"], ["out.txt", "should end in .json"]),
    ] {
        let done = folder.ask(None, &[&["redact"], arguments].concat());
        assert_eq!(done.status.code(), Some(1), "{arguments:?}: {}", done.stderr);
        for said in said {
            assert!(done.stderr.contains(said), "{arguments:?}: \"{said}\" is missing in:\n{}", done.stderr);
        }
        assert_eq!(folder.names(), before, "{arguments:?}");
    }
    for keep in ["1,2,3", "0.5,0,0.1,1", "0,0,1,2"] {
        let done = folder.ask(None, &["redact", "picture.jpg", "--out", "out.jpg", "--keep", keep]);
        assert_eq!(done.status.code(), Some(2), "{}", done.stderr);
        assert!(done.stderr.contains("x0,y0,x1,y1"), "{}", done.stderr);
    }
    assert_eq!(fs::read(folder.at("taken.jpg")).unwrap(), b"mine");
    assert_eq!(fs::read(folder.at("picture.jpg")).unwrap(), picture);
}

#[test]
fn a_clip_whose_pictures_are_damaged_is_not_copied() {
    let Some(home) = Home::make() else { return };
    let folder = Folder::new();
    video::mp4(50, &folder.at("in.mp4"));
    let mut bytes = fs::read(folder.at("in.mp4")).unwrap();
    // Its parts are all announced and there, but the pictures are noise from the middle on.
    let pictures = bytes.windows(4).position(|name| name == b"mdat").unwrap() + 4;
    let index = bytes.windows(4).position(|name| name == b"moov").unwrap() - 4;
    bytes[pictures..index].fill(0xff);
    fs::write(folder.at("in.mp4"), bytes).unwrap();
    let done = folder.ask(Some(&home), &["redact", "in.mp4", "--out", "out.mp4"]);
    assert_eq!(done.status.code(), Some(1), "{}", done.stderr);
    assert_eq!(folder.names(), ["in.mp4"], "{}", done.stderr);
}
