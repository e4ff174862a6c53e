//! Clips and the disk: full, read-only, and a process that is killed while it writes.
//!
//! These run this program a second time, as the process that writes.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use capture::{Clip, ClipError, ClipRequest, Keep, SourceConfig, clip};
use domain::MediaTime;

use crate::support::units::decoded;
use crate::support::{DEADLINE, Watched, lossless, mp4};

#[path = "support/watched.rs"]
mod support;

/// The folder to write to, for the process that writes.
const FOLDER: &str = "CLIP_TEST_FOLDER";
/// The video to cut.
const VIDEO: &str = "CLIP_TEST_VIDEO";

/// A camera that has played `video` to its end and still keeps all of it.
fn played(video: &Path) -> Watched {
    let mut watched = Watched::start(SourceConfig { keep: Some(Keep::default()), ..lossless(video) });
    watched.play_to_end();
    watched
}

fn cut(watched: &Watched, path: PathBuf) -> Result<Clip, ClipError> {
    let request =
        ClipRequest { from: MediaTime::default(), to: MediaTime::from_micros(1_900_000), path, patience: DEADLINE };
    watched.camera.clip(request).unwrap().wait(DEADLINE).unwrap()
}

/// This program again, with one test only, in `shell`'s words before it.
fn again(test: &str, before: &str, folder: &Path, video: &Path) -> Command {
    let this = std::env::current_exe().unwrap();
    let mut command = Command::new("unshare");
    command
        .args(["--map-root-user", "--mount", "sh", "-c", &format!("{before} exec \"$0\" --exact {test} --nocapture")])
        .arg(this)
        .env(FOLDER, folder)
        .env(VIDEO, video);
    command
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_full_disk_is_an_error_that_names_the_file_and_leaves_none() {
    if let (Some(folder), Some(video)) = (std::env::var_os(FOLDER), std::env::var_os(VIDEO)) {
        let (folder, watched) = (PathBuf::from(folder), played(Path::new(&video)));
        let error = cut(&watched, folder.join("clip.mp4")).unwrap_err();
        let ClipError::Write { path, source } = &error else { panic!("{error:?}") };
        assert_eq!((path, source.kind()), (&folder.join("clip.mp4"), std::io::ErrorKind::StorageFull), "{error:?}");
        assert_eq!(names(&folder), [] as [&str; 0]);
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let video = mp4(folder.path(), 50);
    let small = folder.path().join("small");
    std::fs::create_dir(&small).unwrap();
    let mount = format!("mount -t tmpfs -o size=16k none {0} || exit 77;", small.display());
    let test = "a_full_disk_is_an_error_that_names_the_file_and_leaves_none";
    let output = match again(test, &mount, &small, &video).output() {
        Ok(output)
            if output.status.code() == Some(77) || String::from_utf8_lossy(&output.stderr).contains("unshare:") =>
        {
            eprintln!("skipped: this machine lets nobody mount a small file system: {output:?}");
            return;
        }
        Ok(output) => output,
        Err(error) => {
            eprintln!("skipped: cannot run unshare: {error}");
            return;
        }
    };
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn a_folder_that_cannot_be_written_to_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let watched = played(&mp4(folder.path(), 50));
    let path = folder.path().join("no such folder").join("clip.mp4");
    let error = cut(&watched, path.clone()).unwrap_err();
    assert!(matches!(&error, ClipError::Write { path: named, .. } if *named == path), "{error:?}");
}

#[test]
fn a_process_killed_while_it_writes_leaves_only_whole_clips() {
    if let (Some(folder), Some(video)) = (std::env::var_os(FOLDER), std::env::var_os(VIDEO)) {
        let (folder, watched) = (PathBuf::from(folder), played(Path::new(&video)));
        for number in 0.. {
            cut(&watched, folder.join(format!("{number}.mp4"))).unwrap();
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let (video, clips) = (mp4(folder.path(), 50), folder.path().join("clips"));
    std::fs::create_dir(&clips).unwrap();
    let unfinished = || names(&clips).into_iter().filter(|name| name.ends_with(clip::UNFINISHED_SUFFIX)).count();
    let mut killed_within = 0;
    for round in 0..12 {
        let test = "a_process_killed_while_it_writes_leaves_only_whole_clips";
        let mut writer = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test, "--nocapture"])
            .env(FOLDER, &clips)
            .env(VIDEO, &video)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let until = Instant::now() + DEADLINE;
        let whole = names(&clips).len();
        while names(&clips).len() <= whole + round % 3 || unfinished() == 0 {
            assert!(Instant::now() < until, "clips are written");
            std::thread::yield_now();
        }
        writer.kill().unwrap();
        writer.wait().unwrap();
        let left = unfinished();
        killed_within += left;
        assert_eq!(clip::remove_leftovers(&clips).unwrap(), left);
    }
    assert!(killed_within > 0, "some were killed while they wrote");
    let names = names(&clips);
    for name in &names {
        assert!(name.ends_with(".mp4"), "{names:?}");
        assert!(decoded(&clips.join(name)) >= 48, "{name} is whole");
    }
}
