//! Files that cannot be read, or not to their end: each says what is wrong with it.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use capture::{Camera, Ending, Happened, Pacing, SourceConfig, SourceError, StartError};

use crate::support::{SIZE, Watched, failure, forever, lossless, mp4, mp4_with, pattern, produce};

#[path = "support/watched.rs"]
mod support;

fn file(folder: &Path, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, content).unwrap();
    path
}

fn names_path(error: &SourceError, path: &Path) {
    let text = error.to_string();
    assert!(text.contains(&format!("{path:?}")), "{text} does not name {path:?}");
}

#[test]
fn a_missing_file() {
    let path = Path::new("/no/such/folder/video.mp4");
    let error = failure(path);
    assert!(matches!(error, SourceError::Missing { .. }), "{error:?}");
    names_path(&error, path);
}

#[test]
fn a_directory_and_a_device() {
    let folder = tempfile::tempdir().unwrap();
    for (path, found) in [(folder.path(), "a directory"), (Path::new("/dev/null"), "a device or pipe")] {
        let error = failure(path);
        assert!(error.to_string().contains(found), "{error}");
        names_path(&error, path);
    }
}

#[test]
fn an_empty_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "empty.mp4", "");
    let error = failure(&path);
    assert!(matches!(error, SourceError::Empty { .. }), "{error:?}");
    names_path(&error, &path);
}

#[test]
fn text_and_noise_named_mp4() {
    let folder = tempfile::tempdir().unwrap();
    let noise: Vec<u8> = (0..100_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    for (name, content) in [
        ("text.mp4", b"This is not a video.\n".to_vec()),
        ("long.mp4", b"This is not a video.\n".repeat(5000)),
        ("noise.mp4", noise),
    ] {
        let path = file(folder.path(), name, content);
        let error = failure(&path);
        assert!(matches!(error, SourceError::NotVideo { .. }), "{name}: {error:?}");
        names_path(&error, &path);
    }
}

#[test]
fn an_mp4_that_was_cut_off_before_its_index() {
    let folder = tempfile::tempdir().unwrap();
    let whole = fs::read(mp4(folder.path(), 50)).unwrap();
    let path = file(folder.path(), "cut.mp4", &whole[..whole.len() / 2]);
    let error = failure(&path);
    assert!(matches!(error, SourceError::Damaged { .. }), "{error:?}");
    names_path(&error, &path);
}

#[test]
fn a_file_with_sound_only() {
    let folder = tempfile::tempdir().unwrap();
    for (name, encode) in
        [("sound.mp4", "avenc_aac ! mp4mux"), ("sound.wav", "wavenc"), ("sound.ts", "avenc_mp2 ! mpegtsmux")]
    {
        let path = folder.path().join(name);
        produce(&format!(
            "audiotestsrc num-buffers=50 ! audioconvert ! {encode} ! filesink location={}",
            path.display()
        ));
        let error = failure(&path);
        assert!(matches!(error, SourceError::NoVideo { .. }), "{name}: {error:?}");
        names_path(&error, &path);
    }
}

#[test]
fn a_video_with_sound_gives_its_pictures() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("both.mp4");
    produce(&format!(
        "{} ! x264enc speed-preset=ultrafast ! mp4mux name=mux ! filesink location={} \
         audiotestsrc num-buffers=200 ! audioconvert ! avenc_aac ! mux.",
        pattern(50, 160, 120),
        path.display()
    ));
    let (frames, ending) = Watched::start(lossless(&path)).play_to_end();
    assert_eq!((frames.len(), ending), (50, Ending::Whole));
}

#[test]
fn a_file_cut_off_in_the_middle_gives_what_it_has_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let whole = fs::read(mp4_with(folder.path(), 200, "faststart=true")).unwrap();
    let path = file(folder.path(), "cut.mp4", &whole[..whole.len() / 2]);
    let (frames, ending) = Watched::start(lossless(&path)).play_to_end();
    assert!((50..150).contains(&frames.len()), "{} frames", frames.len());
    let Ending::CutShort { reason } = ending else { panic!("not noticed") };
    assert!(!reason.is_empty());

    let mut again = Watched::start(forever(lossless(&path)));
    again.up();
    for _ in 0..frames.len() * 2 + 1 {
        again.frame();
    }
}

#[test]
fn an_avi_file_cut_off_in_the_middle_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("whole.avi");
    produce(&format!("{} ! jpegenc ! avimux ! filesink location={}", pattern(100, 160, 120), path.display()));
    let (frames, ending) = Watched::start(lossless(&path)).play_to_end();
    assert_eq!((frames.len(), ending), (100, Ending::Whole));
    let whole = fs::read(&path).unwrap();
    let path = file(folder.path(), "cut.avi", &whole[..whole.len() / 2]);
    let (frames, ending) = Watched::start(lossless(&path)).play_to_end();
    assert!((30..60).contains(&frames.len()), "{} frames", frames.len());
    assert_eq!(
        ending,
        Ending::CutShort { reason: format!("the file has {} of {} bytes", whole.len() / 2, whole.len()) }
    );
}

#[test]
fn a_file_that_vanishes_between_two_loops_fails() {
    let folder = tempfile::tempdir().unwrap();
    let path = mp4(folder.path(), 10);
    let mut watched = Watched::start(forever(lossless(&path)));
    watched.up();
    watched.frame();
    fs::remove_file(&path).unwrap();
    let error = loop {
        match watched.happens() {
            Happened::Frame(_) => {}
            Happened::Failed(error) => break error,
            other @ (Happened::Up | Happened::Down(_) | Happened::Ended(_)) => panic!("{other:?}"),
        }
    };
    assert!(matches!(error, SourceError::Missing { .. }), "{error:?}");
}

#[test]
fn a_wrong_configuration_does_not_start() {
    let mut config = SourceConfig::new("video.mp4".parse().unwrap(), SIZE);
    config.pacing = Pacing::Live;
    config.decoder_threads = 99;
    let error = Camera::start(config).unwrap_err();
    let StartError::Config(problems) = error else { panic!("{error:?}") };
    assert_eq!(problems.as_slice().len(), 2);
}

#[test]
fn nothing_is_printed_on_stderr() {
    let this = std::env::current_exe().unwrap();
    for test in ["text_and_noise_named_mp4", "a_file_cut_off_in_the_middle_gives_what_it_has_and_says_so"] {
        let ran = Command::new(&this).args(["--exact", test, "--nocapture"]).env_remove("GST_DEBUG").output().unwrap();
        let stdout = String::from_utf8_lossy(&ran.stdout);
        assert!(ran.status.success() && stdout.contains("1 passed"), "{test}: {stdout}");
        assert_eq!(String::from_utf8_lossy(&ran.stderr), "", "{test}");
    }
}
