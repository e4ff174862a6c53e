#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use domain::Point;
use hub::setup::{CameraAddress, DrawnLine, DrawnZone, Inwards, PlateReading};

use super::*;

/// Tells a copy of this program where to make a gate anew for ever.
const FOLDER: &str = "GATEHOUSE_TEST_SET_UP_FOR_EVER";

fn point(x: f32, y: f32) -> Point {
    Point { x, y }
}

fn plan(gate: &str, name: &str) -> GatePlan {
    GatePlan {
        site: "den-hung".to_owned(),
        site_name: "Đền Hùng".to_owned(),
        gate: gate.to_owned(),
        name: name.to_owned(),
        source: Some(Source::Rtsp(CameraAddress::new("rtsp://admin:hunter2@cam.lan/live"))),
        template: "tourist-site".to_owned(),
        plates: PlateReading::Off,
        lines: vec![DrawnLine {
            was: None,
            id: "entrance".to_owned(),
            points: vec![point(0.73, 0.0), point(0.73, 1.0)],
            inwards: Inwards::AToB,
            groups: vec!["person".to_owned()],
        }],
        zones: Vec::new(),
    }
}

fn set_up(folder: &Path) -> Setup {
    let folder = Folder::open(folder).unwrap();
    let config = folder.has_config().unwrap().then(|| NodeConfig::load(&folder.config_file()).unwrap());
    Setup::new(folder, Installation::locate(), config).0
}

fn fields(error: PutError) -> Vec<String> {
    match error {
        PutError::Wrong(problems) => problems.as_slice().iter().map(|problem| problem.path.clone()).collect(),
        PutError::Failed(reason) => panic!("{reason}"),
    }
}

#[test]
fn a_gate_is_written_as_a_configuration_that_people_read_and_only_this_user_can() {
    let folder = tempfile::tempdir().unwrap();
    let setup = set_up(folder.path());
    assert_eq!(setup.standing().stage, Stage::NotBegun);
    setup.put_gate(plan("main-gate", "Cổng \"chính\"")).unwrap();
    let text = std::fs::read_to_string(folder.path().join("node.toml")).unwrap();
    assert!(
        text.contains("site = \"den-hung\" # Đền Hùng\n") && text.contains("[[camera]]\nid = \"cam-1\"\n"),
        "{text}"
    );
    let config = NodeConfig::load(&folder.path().join("node.toml")).unwrap();
    assert_eq!(config.gates[0].profile.name.vi, "Cổng \"chính\"");
    let line = &config.gates[0].profile.lines[0];
    assert_eq!((line.line.ends(), line.inside), ([point(0.73, 0.0), point(0.73, 1.0)], domain::Side::B));
    for file in ["node.toml", "profiles/main-gate.toml"] {
        let mode = std::fs::metadata(folder.path().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    let standing = setup.standing();
    assert_eq!((standing.stage, standing.site.as_deref()), (Stage::Starting, Some("den-hung")));
    assert_eq!(standing.gates[0].source, "rtsp://admin:***@cam.lan/live");
}

#[test]
fn a_second_gate_and_a_changed_one_leave_what_was_written_by_hand() {
    let folder = tempfile::tempdir().unwrap();
    let setup = set_up(folder.path());
    setup.put_gate(plan("main-gate", "Cổng chính")).unwrap();
    let file = folder.path().join("node.toml");
    let by_hand = std::fs::read_to_string(&file).unwrap()
        + "\n# kept for the next inspection\n[local]\nlisten = \"127.0.0.1:0\"\n";
    std::fs::write(&file, &by_hand).unwrap();
    setup.put_gate(GatePlan { plates: PlateReading::On, ..plan("back-gate", "Cổng sau") }).unwrap();
    let changed = GatePlan { source: None, ..plan("main-gate", "Cổng trước") };
    setup.put_gate(changed).unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("# kept for the next inspection") && text.contains("listen = \"127.0.0.1:0\""), "{text}");
    let config = NodeConfig::load(&file).unwrap();
    let gates: Vec<_> = config
        .gates
        .iter()
        .map(|gate| (gate.id.as_str(), gate.camera.as_str(), gate.profile.name.vi.as_str()))
        .collect();
    assert_eq!(gates, [("main-gate", "cam-1", "Cổng trước"), ("back-gate", "cam-2", "Cổng sau")]);
    assert_eq!(config.cameras.iter().map(|camera| camera.plates.is_some()).collect::<Vec<_>>(), [false, true]);
    // The profile before is still there for whoever looks back.
    assert!(folder.path().join("profiles/main-gate.toml").is_file());
}

#[test]
fn everything_wrong_is_told_by_its_field_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let setup = set_up(folder.path());
    let short = DrawnLine { points: vec![point(0.5, 0.5), point(0.51, 0.5)], ..plan("a", "a").lines[0].clone() };
    let outside =
        DrawnLine { id: "Lối vào".to_owned(), points: vec![point(0.5, 0.5), point(1.5, 0.5)], ..short.clone() };
    let none = DrawnLine { id: "none".to_owned(), groups: Vec::new(), ..plan("a", "a").lines[0].clone() };
    let crossing = DrawnZone {
        was: None,
        id: "yard".to_owned(),
        points: vec![point(0.1, 0.1), point(0.9, 0.9), point(0.9, 0.1), point(0.1, 0.8)],
        groups: vec!["person".to_owned()],
    };
    let bad = GatePlan {
        site: "Đền Hùng".to_owned(),
        site_name: "a\nb = 1".to_owned(),
        gate: "../../etc".to_owned(),
        name: "  ".to_owned(),
        source: None,
        template: "zoo".to_owned(),
        lines: vec![short, outside, none],
        zones: vec![crossing],
        ..plan("a", "a")
    };
    let mut found = fields(setup.put_gate(bad).unwrap_err());
    found.sort();
    let wanted = [
        "gate",
        "lines[0].points",
        "lines[1].id",
        "lines[1].points",
        "lines[2].groups",
        "name",
        "site",
        "site_name",
        "template",
        "trial",
        "zones[0].points",
    ];
    assert_eq!(found, wanted);
    assert_eq!(fields(setup.put_gate(GatePlan { lines: Vec::new(), ..plan("a", "a") }).unwrap_err()), ["lines"]);
    assert!(!folder.path().join("node.toml").exists());
    assert_eq!(std::fs::read_dir(folder.path().join("profiles")).unwrap().count(), 0);
    assert_eq!(setup.standing().stage, Stage::NotBegun);
}

#[test]
fn another_site_and_more_cameras_than_a_node_takes_are_refused_and_what_was_there_stays() {
    let folder = tempfile::tempdir().unwrap();
    let setup = set_up(folder.path());
    for number in 1..=8 {
        setup.put_gate(plan(&format!("gate-{number}"), "Cổng")).unwrap();
    }
    let file = folder.path().join("node.toml");
    let before = std::fs::read_to_string(&file).unwrap();
    let other = GatePlan { site: "noi-khac".to_owned(), ..plan("gate-1", "Cổng") };
    assert_eq!(fields(setup.put_gate(other).unwrap_err()), ["site"]);
    assert_eq!(fields(setup.put_gate(plan("gate-9", "Cổng")).unwrap_err()), ["camera"]);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), before);
    assert!(!folder.path().join("profiles/gate-9.toml").exists());
}

#[test]
fn a_configuration_that_the_page_cannot_change_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let setup = set_up(folder.path());
    let file = folder.path().join("node.toml");
    let inline =
        "site = \"den-hung\"\nnode = \"n\"\ndata = \".\"\ncamera = [{ id = \"c\", source = \"rtsp://c/x\" }]\n";
    std::fs::write(&file, inline).unwrap();
    let PutError::Failed(reason) = setup.put_gate(plan("main-gate", "Cổng")).unwrap_err() else {
        panic!("it is no field")
    };
    assert!(reason.contains("by hand"), "{reason}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), inline);
}

#[test]
fn only_plain_files_of_the_known_folders_are_videos() {
    let folder = tempfile::tempdir().unwrap();
    let setup = set_up(folder.path());
    let videos = folder.path().join("videos");
    std::fs::write(videos.join("own.mp4"), "own").unwrap();
    std::fs::write(videos.join("notes.txt"), "x").unwrap();
    std::fs::create_dir(videos.join("folder.mp4")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", videos.join("passwd.mp4")).unwrap();
    let names: Vec<_> = setup.videos().into_iter().map(|video| video.name).collect();
    assert_eq!(names.first().map(String::as_str), Some("own.mp4"));
    for hidden in ["notes.txt", "folder.mp4", "passwd.mp4"] {
        assert!(!names.iter().any(|name| name == hidden), "{names:?}");
    }
    for outside in ["/etc/passwd", "../node.toml", "videos/own.mp4", "passwd.mp4", "..", "", "./own.mp4"] {
        let refusal = setup.look(&Source::Video(outside.to_owned())).unwrap_err();
        assert_eq!(refusal.code, "missing", "{outside}");
    }
    assert_eq!(setup.look(&Source::Video("own.mp4".to_owned())).unwrap_err().code, "not_video");
    let gone = GatePlan { source: Some(Source::Video("gone.mp4".to_owned())), ..plan("main-gate", "Cổng") };
    assert_eq!(fields(setup.put_gate(gone).unwrap_err()), ["trial"]);
    let own = GatePlan { source: Some(Source::Video("own.mp4".to_owned())), ..plan("main-gate", "Cổng") };
    setup.put_gate(own).unwrap();
    let text = std::fs::read_to_string(folder.path().join("node.toml")).unwrap();
    assert!(text.contains("source = \"videos/own.mp4\"\nplay = \"loop\"\n"), "{text}");
}

/// By itself a test of making a gate anew; with [`FOLDER`] set, the process that is killed.
#[test]
fn a_gate_is_made_anew_again_and_again() {
    let (folder, count) = match std::env::var_os(FOLDER) {
        Some(folder) => (PathBuf::from(folder), usize::MAX),
        None => (tempfile::tempdir().unwrap().keep(), 5),
    };
    let setup = set_up(&folder);
    let first = setup.standing().gates.first().map_or(0, |gate| gate.name.0.parse::<usize>().unwrap());
    for number in (first + 1..).take(count) {
        setup.put_gate(plan("main-gate", &number.to_string())).unwrap();
        println!("made {number}");
        // Each leaves its profile; those that are no longer named are nobody's business here.
        let config = std::fs::read_to_string(folder.join("node.toml")).unwrap();
        for entry in std::fs::read_dir(folder.join("profiles")).unwrap() {
            let name = format!("profiles/{}", entry.unwrap().file_name().to_str().unwrap());
            if name.ends_with(".toml") && !config.contains(&format!("\"{name}\"")) {
                setup.folder().forget(&name);
            }
        }
    }
    std::fs::remove_dir_all(folder).unwrap();
}

fn spawn(folder: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "install::tests::a_gate_is_made_anew_again_and_again", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn a_process_that_is_killed_while_it_writes_leaves_a_whole_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let mut before = 0;
    for seed in 0_u64..25 {
        let mut child = spawn(folder.path());
        let wanted = usize::try_from(1 + seed % 7).unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let told = lines.map_while(Result::ok).filter_map(|line| line.split("made ").nth(1)?.parse::<usize>().ok());
        let told = told.take(wanted).last().unwrap();
        // From here on the child races on; a varying amount of work decides how far it comes.
        std::hint::black_box((0..seed * 77_777).fold(0_u64, |a, b| a.wrapping_mul(31) ^ b));
        child.kill().unwrap();
        child.wait().unwrap();
        // Either the last one that was told, or one that was being made: with its own profile, whole.
        let config = NodeConfig::load(&folder.path().join("node.toml")).unwrap();
        let found: usize = config.gates[0].profile.name.vi.parse().unwrap();
        assert!(told > before && found >= told, "seed {seed}: told of {told}, found {found}");
        before = found;
    }
}
