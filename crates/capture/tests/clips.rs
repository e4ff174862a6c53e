//! Clips from files and cameras: the very pictures of the stream, nothing encoded again, and the truth about what is
//! missing.

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::time::Duration;

use capture::{Clip, ClipEdge, ClipError, ClipHandle, ClipRequest, Codec, CutReason, Happened, Keep, SourceConfig};
use domain::MediaTime;
use sha2::{Digest, Sha256};

use crate::support::rtsp::{RtspServer, Setup, Show};
use crate::support::units::{decoded, slices, units, units_through};
use crate::support::{DEADLINE, SIZE, Watched, lossless, mp4, pattern, produce, quick};

#[path = "support/watched.rs"]
mod support;

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

const fn at(millis: u64) -> MediaTime {
    MediaTime::from_micros(millis * 1_000)
}

fn keeping(config: SourceConfig) -> SourceConfig {
    SourceConfig { keep: Some(Keep::default()), ..config }
}

fn request(from_ms: u64, to_ms: u64, path: &Path) -> ClipRequest {
    ClipRequest { from: at(from_ms), to: at(to_ms), path: path.to_path_buf(), patience: DEADLINE }
}

fn result(clip: &ClipHandle) -> Result<Clip, ClipError> {
    clip.wait(DEADLINE).unwrap_or_else(|| panic!("no clip within {DEADLINE:?}"))
}

/// The clip's own word about its file is true.
fn check_file(clip: &Clip) {
    let bytes = std::fs::read(&clip.path).unwrap();
    assert_eq!(bytes.len() as u64, clip.bytes);
    assert_eq!(<[u8; 32]>::from(Sha256::digest(&bytes)), clip.sha256);
    let index = bytes.windows(4).position(|name| name == b"moov").unwrap();
    let pictures = bytes.windows(4).position(|name| name == b"mdat").unwrap();
    assert!(index < pictures, "it can be played before all of it was loaded");
    assert_eq!(decoded(&clip.path), clip.frames, "every picture can be decoded: {clip:?}");
}

#[test]
fn a_clip_holds_the_very_pictures_of_its_source() {
    let folder = tempfile::tempdir().unwrap();
    let path = mp4(folder.path(), 150);
    let mut watched = Watched::start(keeping(lossless(&path)));
    let handle = watched.camera.clip(request(2_200, 4_100, &folder.path().join("clip.mp4"))).unwrap();
    watched.play_to_end();
    let clip = result(&handle).unwrap();
    check_file(&clip);
    assert_eq!((clip.codec, clip.begins, clip.ends), (Codec::H264, ClipEdge::Whole, ClipEdge::Whole));
    assert_eq!(clip.first, at(2_000), "the last key frame before the beginning");
    assert!(at(4_080) <= clip.last && clip.last <= at(4_200), "{:?}", clip.last);
    let (source, cut) = (units(&path), units(&clip.path));
    let begin = source.iter().position(|unit| unit.shown == ms(2_000)).unwrap();
    assert_eq!(cut.len(), clip.frames);
    assert!(cut[0].key);
    for (of_clip, of_source) in cut.iter().zip(&source[begin..]) {
        assert_eq!(of_clip.shown + ms(2_000), of_source.shown);
        assert!(of_clip.bytes == of_source.bytes && of_clip.key == of_source.key, "at {:?}", of_source.shown);
    }
    let wanted = source.iter().filter(|unit| unit.shown >= ms(2_000) && unit.shown <= ms(4_100));
    assert_eq!(wanted.filter(|unit| !cut.iter().any(|other| other.bytes == unit.bytes)).count(), 0);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "the source and the clip, nothing else");
}

#[test]
fn clips_can_be_cut_from_every_container_with_h264_or_h265() {
    let folder = tempfile::tempdir().unwrap();
    let h264 = "x264enc bframes=2 key-int-max=10 speed-preset=ultrafast ! h264parse";
    let h265 = "x265enc key-int-max=10 speed-preset=ultrafast ! h265parse";
    for (name, encode, codec) in [
        ("a.mkv", format!("{h264} ! matroskamux"), Codec::H264),
        ("a.ts", format!("{h264} ! mpegtsmux"), Codec::H264),
        ("bare.h264", format!("{h264} ! video/x-h264,stream-format=byte-stream"), Codec::H264),
        ("h265.mp4", format!("{h265} ! mp4mux"), Codec::H265),
        ("h265.mkv", format!("{h265} ! matroskamux"), Codec::H265),
    ] {
        let path = folder.path().join(name);
        produce(&format!("{} ! {encode} ! filesink location={}", pattern(50, 160, 120), path.display()));
        let mut watched = Watched::start(keeping(lossless(&path)));
        let handle = watched.camera.clip(request(500, 1_500, &folder.path().join("clip.mp4"))).unwrap();
        watched.play_to_end();
        let clip = result(&handle).unwrap_or_else(|error| panic!("{name}: {error:?}"));
        check_file(&clip);
        assert_eq!((clip.codec, clip.ends), (codec, ClipEdge::Whole), "{name}");
        assert!(clip.first <= at(500) && clip.last >= at(1_440), "{name}: {clip:?}");
        assert!(clip.frames >= 25 && clip.frames <= 45, "{name}: {clip:?}");
        let first_shown = units(&clip.path).iter().map(|unit| unit.shown).min().unwrap();
        assert_eq!(first_shown, ms(0), "{name}: begins with a picture");
    }
}

#[test]
fn a_camera_s_clip_begins_before_it_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = mp4(folder.path(), 250);
    let server = RtspServer::start(Setup::open(Show::Mp4(path.clone())));
    let config = SourceConfig { limits: quick(), ..SourceConfig::new(server.url().parse().unwrap(), SIZE) };
    let mut watched = Watched::start(keeping(config));
    watched.up();
    let mut now = watched.frame().media;
    let begun = now;
    while now.since(begun) < ms(3_000) {
        now = watched.frame().media;
    }
    let ask = |name: &str, before, after| {
        watched.camera.clip(ClipRequest::around(now, ms(before), ms(after), folder.path().join(name))).unwrap()
    };
    let handles = [ask("long.mp4", 1_500, 1_500), ask("short.mp4", 500, 200)];
    let source: Vec<_> = units(&path).iter().map(slices).collect();
    for (handle, (before, after)) in handles.iter().zip([(1_500, 1_500), (500, 200)]) {
        let clip = result(handle).unwrap();
        check_file(&clip);
        assert_eq!((clip.begins, clip.ends), (ClipEdge::Whole, ClipEdge::Whole));
        let (early, late) = (now.since(clip.first), clip.last.since(now));
        assert!(early >= ms(before) && early <= ms(before + 1_100), "{early:?} before");
        assert!(late + ms(80) >= ms(after) && late <= ms(after + 200), "{late:?} after");
        let cut: Vec<_> = units(&clip.path).iter().map(slices).collect();
        let begin =
            source.iter().position(|unit| *unit == cut[0]).expect("the clip begins with a picture of the source");
        assert!(cut == source[begin..][..cut.len()], "the same pictures in the same order");
    }
}

#[test]
fn a_clip_never_goes_across_an_interruption() {
    let folder = tempfile::tempdir().unwrap();
    let show = Show::Pattern { width: 320, height: 240, fps: 25, frames: Some(50) };
    let server = RtspServer::start(Setup::open(show));
    let config = SourceConfig { limits: quick(), ..SourceConfig::new(server.url().parse().unwrap(), SIZE) };
    let mut watched = Watched::start(keeping(config));
    watched.up();
    let first = watched.frame().media;
    let ahead = ClipRequest {
        patience: DEADLINE,
        ..ClipRequest::around(first, ms(0), ms(30_000), folder.path().join("a.mp4"))
    };
    let across = watched.camera.clip(ahead).unwrap();
    watched.down();
    watched.up();
    let again = watched.frame().media;
    let clip = result(&across).unwrap();
    check_file(&clip);
    assert!(
        matches!(clip.ends, ClipEdge::Cut { why: CutReason::NoStream, missing } if missing > ms(20_000)),
        "{clip:?}"
    );
    assert!(clip.last < again);

    // The first connection is still kept, and holds more of this than the second.
    let back = ClipRequest { from: first, to: again, path: folder.path().join("b.mp4"), patience: DEADLINE };
    let clip = result(&watched.camera.clip(back).unwrap()).unwrap();
    check_file(&clip);
    assert!(clip.last < again && matches!(clip.ends, ClipEdge::Cut { why: CutReason::NoStream, .. }), "{clip:?}");

    // What was before the stream began again is missing.
    let early = MediaTime::from_micros(again.as_micros().saturating_sub(50_000));
    let fresh = ClipRequest { from: early, to: again + ms(400), path: folder.path().join("c.mp4"), patience: DEADLINE };
    let handle = watched.camera.clip(fresh).unwrap();
    let clip = result(&handle).unwrap();
    check_file(&clip);
    assert!(clip.first >= early && clip.ends == ClipEdge::Whole, "{clip:?}");
}

#[test]
fn what_is_no_longer_kept_is_said_to_be_missing() {
    let folder = tempfile::tempdir().unwrap();
    let path = mp4(folder.path(), 150);
    let keep = Keep { duration: ms(1_000), ..Keep::default() };
    let mut watched = Watched::start(SourceConfig { keep: Some(keep), ..lossless(&path) });
    watched.up();
    while watched.frame().media < at(5_000) {}
    let kept = watched.camera.kept();
    assert!(kept.span >= ms(1_000) && kept.span <= ms(2_300), "{kept:?}");
    let handle = watched.camera.clip(request(500, 5_200, &folder.path().join("clip.mp4"))).unwrap();
    let gone = watched.camera.clip(request(500, 1_000, &folder.path().join("gone.mp4"))).unwrap();
    watched.play_to_end();
    let clip = result(&handle).unwrap();
    check_file(&clip);
    let ClipEdge::Cut { missing, why: CutReason::NotKept } = clip.begins else { panic!("{clip:?}") };
    assert_eq!(missing, clip.first.since(at(500)));
    assert!(units(&clip.path)[0].key);
    let error = result(&gone).unwrap_err();
    assert!(matches!(error, ClipError::Nothing { .. }), "{error:?}");
    assert!(!folder.path().join("gone.mp4").exists());
}

#[test]
fn a_stream_that_is_too_large_to_keep_is_cut_at_its_next_key_frame() {
    let folder = tempfile::tempdir().unwrap();
    let path = mp4(folder.path(), 150);
    let keep = Keep { bytes_max: 64 * 1024, ..Keep::default() };
    let mut watched = Watched::start(SourceConfig { keep: Some(keep), ..lossless(&path) });
    watched.up();
    let mut most = 0;
    while watched.frame().media < at(5_000) {
        most = most.max(watched.camera.kept().bytes);
    }
    assert!(most > 0 && most <= keep.bytes_max, "{most} bytes");
}

#[test]
fn a_clip_that_the_stream_never_completes_gets_what_there_is() {
    let folder = tempfile::tempdir().unwrap();
    let mut watched = Watched::start(keeping(lossless(&mp4(folder.path(), 50))));
    let ended = watched.camera.clip(request(0, 10_000, &folder.path().join("ended.mp4"))).unwrap();
    watched.play_to_end();
    let clip = result(&ended).unwrap();
    check_file(&clip);
    let ends = ClipEdge::Cut { missing: ms(8_000), why: CutReason::NoStream };
    assert_eq!((clip.frames, clip.begins, clip.ends), (50, ClipEdge::Whole, ends));

    let server = RtspServer::start(Setup::open(Show::Pattern { width: 320, height: 240, fps: 25, frames: None }));
    let mut watched = Watched::start(keeping(SourceConfig::new(server.url().parse().unwrap(), SIZE)));
    watched.up();
    let now = watched.frame().media;
    let mut late = ClipRequest::around(now, ms(0), ms(60_000), folder.path().join("late.mp4"));
    late.patience = ms(500);
    let clip = result(&watched.camera.clip(late).unwrap()).unwrap();
    check_file(&clip);
    assert!(matches!(clip.ends, ClipEdge::Cut { why: CutReason::Deadline, .. }), "{clip:?}");

    let stopped = ClipRequest::around(now, ms(0), ms(60_000), folder.path().join("stopped.mp4"));
    let handle = watched.camera.clip(stopped).unwrap();
    watched.frame();
    watched.camera.stop();
    let clip = result(&handle).unwrap();
    check_file(&clip);
    assert!(matches!(clip.ends, ClipEdge::Cut { why: CutReason::Stopped, .. }), "{clip:?}");
}

#[test]
fn what_cannot_be_cut_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let clip_path = folder.path().join("clip.mp4");
    for (name, encode, what) in [("a.avi", "jpegenc ! avimux", "Motion JPEG"), ("raw.avi", "avimux", "uncompressed")] {
        let path = folder.path().join(name);
        produce(&format!("{} ! {encode} ! filesink location={}", pattern(10, 160, 120), path.display()));
        let mut watched = Watched::start(keeping(lossless(&path)));
        watched.up();
        watched.frame();
        let error = watched.camera.clip(request(0, 100, &clip_path)).unwrap_err();
        assert!(matches!(error, ClipError::NoCompressedStream { .. }), "{error:?}");
        assert!(error.to_string().contains(what) && error.to_string().contains("H.264"), "{error}");
    }
    let mut watched = Watched::start(lossless(&mp4(folder.path(), 10)));
    assert!(matches!(watched.happens(), Happened::Up));
    let error = watched.camera.clip(request(0, 100, &clip_path)).unwrap_err();
    assert!(matches!(error, ClipError::NothingKept), "{error:?}");
    for (from, to) in [(5_000, 5_000), (5_000, 1_000), (0, 121_000)] {
        let error = watched.camera.clip(request(from, to, &clip_path)).unwrap_err();
        assert!(matches!(error, ClipError::BadTimes { .. }), "{error:?}");
    }
    let error = watched.camera.clip(request(0, 100, Path::new("/"))).unwrap_err();
    assert!(matches!(error, ClipError::BadPath { .. }), "{error:?}");
}

#[test]
fn more_clips_at_once_than_allowed_are_refused_and_places_are_given_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut watched = Watched::start(keeping(lossless(&mp4(folder.path(), 50))));
    let name = |n: usize| folder.path().join(format!("{n}.mp4"));
    let handles: Vec<_> =
        (0..capture::clip::CLIPS_MAX).map(|n| watched.camera.clip(request(200, 900, &name(n))).unwrap()).collect();
    let error = watched.camera.clip(request(200, 900, &name(99))).unwrap_err();
    assert!(matches!(error, ClipError::TooManyAtOnce), "{error:?}");
    watched.play_to_end();
    let clips: Vec<_> = handles.iter().map(|handle| result(handle).unwrap()).collect();
    // Only the moment of writing in their heads may differ.
    assert!(clips.iter().all(|clip| units(&clip.path) == units(&clips[0].path)), "the same pictures in each");
    let after = watched.camera.clip(request(200, 900, &name(99))).unwrap();
    assert_eq!(result(&after).unwrap().frames, clips[0].frames, "what is kept outlives the stream");
}

#[test]
fn what_is_kept_of_a_transport_stream_is_what_the_file_holds() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.ts");
    let encode = "x264enc key-int-max=10 speed-preset=ultrafast ! h264parse config-interval=-1 ! mpegtsmux";
    produce(&format!("{} ! {encode} ! filesink location={}", pattern(50, 160, 120), path.display()));
    let mut watched = Watched::start(keeping(lossless(&path)));
    let handle = watched.camera.clip(request(0, 5_000, &folder.path().join("clip.mp4"))).unwrap();
    watched.play_to_end();
    let clip = result(&handle).unwrap();
    let parsed = units_through(&path, "tsdemux ! h264parse ! video/x-h264,stream-format=avc,alignment=au");
    let (source, cut): (Vec<_>, Vec<_>) =
        (parsed.iter().map(slices).collect(), units(&clip.path).iter().map(slices).collect());
    assert!(source == cut && cut.len() == 50, "{} and {} pictures", source.len(), cut.len());
}
