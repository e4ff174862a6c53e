//! Clips encoded anew: the same pictures at the same times, and nothing left of what failed.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use capture::{ClipEncoder, EncodeError, Ending, Frame};
use domain::{I420View, Plane};
use sha2::{Digest, Sha256};

use crate::support::units::{decoded, units};
use crate::support::{Watched, lossless, mp4, pattern, produce};

#[path = "support/watched.rs"]
mod support;

fn frames_of(path: &Path) -> Vec<Frame> {
    let (frames, ending) = Watched::start(lossless(path)).play_to_end();
    assert_eq!(ending, Ending::Whole);
    frames
}

fn copy(frames: &[Frame], path: &Path) -> capture::EncodedClip {
    let mut encoder = ClipEncoder::start(path, &frames[0].format()).unwrap();
    for frame in frames {
        encoder.push(frame.media, &frame.full()).unwrap();
    }
    encoder.finish().unwrap()
}

/// The mean difference of two pictures' luma.
fn difference(one: &I420View<'_>, other: &I420View<'_>) -> f64 {
    let row = |view: &I420View<'_>, y: usize| view.y().data[y * view.y().stride..][..view.width()].to_vec();
    let rows = (0..one.height())
        .map(|y| row(one, y).iter().zip(row(other, y)).map(|(a, b)| f64::from(a.abs_diff(b))).sum::<f64>());
    rows.sum::<f64>() / (one.width() * one.height()) as f64
}

fn is_empty_but_for(folder: &Path, names: &[&str]) {
    let there = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut there: Vec<String> = there.collect();
    there.sort();
    assert_eq!(there, names);
}

#[test]
fn a_copy_shows_the_same_pictures_at_the_same_times() {
    let folder = tempfile::tempdir().unwrap();
    let source = frames_of(&mp4(folder.path(), 60));
    let clip = copy(&source, &folder.path().join("copy.mp4"));
    let bytes = fs::read(&clip.path).unwrap();
    assert_eq!(<[u8; 32]>::from(Sha256::digest(&bytes)), clip.sha256);
    assert_eq!((clip.frames, clip.bytes), (60, bytes.len() as u64));
    assert_eq!(decoded(&clip.path), 60);
    assert!(units(&clip.path)[0].key);
    let result = frames_of(&clip.path);
    assert_eq!(result.len(), source.len());
    assert_eq!(result[0].format().size(), (320, 240));
    assert_eq!(result[0].format().rate(), Some(25.0));
    for (one, other) in source.iter().zip(&result) {
        let (before, after) = (one.media.since(source[0].media), other.media.since(result[0].media));
        assert!(before.abs_diff(after).as_micros() <= 100, "{before:?} became {after:?}");
        let difference = difference(&one.full(), &other.full());
        assert!(difference < 3.0, "at {before:?} luma differs by {difference}");
    }
    is_empty_but_for(folder.path(), &["copy.mp4", "video.mp4"]);
}

#[test]
fn uneven_times_and_the_shape_of_pixels_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("source.mkv");
    let sized = pattern(30, 320, 240).replace("framerate=25/1", "framerate=25/1,pixel-aspect-ratio=4/3");
    produce(&format!("{sized} ! x264enc speed-preset=ultrafast ! matroskamux ! filesink location={}", path.display()));
    // Every third picture is left out.
    let source: Vec<Frame> =
        frames_of(&path).into_iter().enumerate().filter(|(i, _)| i % 3 != 1).map(|(_, frame)| frame).collect();
    let clip = copy(&source, &folder.path().join("copy.mp4"));
    let result = frames_of(&clip.path);
    let gaps = |frames: &[Frame]| -> Vec<u128> {
        frames.windows(2).map(|two| two[1].media.since(two[0].media).as_millis()).collect()
    };
    assert_eq!(gaps(&result), gaps(&source));
    assert!(gaps(&source).contains(&80));
    let shape = |frame: &Frame| {
        let format = format!("{:?}", frame.format());
        format.split_once("par: ").unwrap().1.split_once(", fps").unwrap().0.to_owned()
    };
    assert_eq!(shape(&result[0]), shape(&source[0]));
    assert!(!shape(&source[0]).contains("numer: 1,"), "{}", shape(&source[0]));
}

#[test]
fn what_was_painted_over_is_gone_and_the_rest_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let source = frames_of(&mp4(folder.path(), 10));
    let path = folder.path().join("copy.mp4");
    let mut encoder = ClipEncoder::start(&path, &source[0].format()).unwrap();
    for frame in &source {
        let full = frame.full();
        let mut luma = full.y().data.to_vec();
        for y in 100..140 {
            luma[y * full.y().stride..][80..160].fill(235);
        }
        let painted = Plane { stride: full.y().stride, data: &luma };
        let view = I420View::new(full.width(), full.height(), painted, full.u(), full.v()).unwrap();
        encoder.push(frame.media, &view).unwrap();
    }
    encoder.finish().unwrap();
    let result = frames_of(&path);
    let luma = |frame: &Frame, x: usize, y: usize| frame.full().y().data[y * frame.full().y().stride + x];
    for (frame, before) in result.iter().zip(&source) {
        assert!(luma(frame, 120, 120) > 200, "{}", luma(frame, 120, 120));
        assert!(luma(frame, 10, 10).abs_diff(luma(before, 10, 10)) < 10);
    }
}

#[test]
fn what_makes_no_clip_is_named_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let source = frames_of(&mp4(folder.path(), 10));
    let small = folder.path().join("small.mp4");
    produce(&format!("{} ! x264enc ! mp4mux ! filesink location={}", pattern(5, 160, 120), small.display()));
    let small = frames_of(&small);
    let path = folder.path().join("copy.mp4");
    let start = || ClipEncoder::start(&path, &source[0].format()).unwrap();

    let error = start().finish().unwrap_err();
    assert!(matches!(error, EncodeError::NoPictures), "{error}");

    let mut encoder = start();
    encoder.push(source[1].media, &source[1].full()).unwrap();
    let error = encoder.push(source[0].media, &source[0].full()).unwrap_err();
    assert_eq!(error.to_string(), "picture 2 is not later than the one before");
    drop(encoder);

    let mut encoder = start();
    encoder.push(source[0].media, &source[0].full()).unwrap();
    let error = encoder.push(small[4].media, &small[4].full()).unwrap_err();
    assert!(error.to_string().contains("picture 2 is of 160 x 120 pixels, the clip of 320 x 240"), "{error}");
    drop(encoder);

    let nowhere = folder.path().join("nowhere/copy.mp4");
    let error = ClipEncoder::start(&nowhere, &source[0].format()).unwrap_err();
    assert!(matches!(error, EncodeError::Write { .. }) && error.to_string().contains("nowhere"), "{error}");
    let error = ClipEncoder::start(Path::new("/"), &source[0].format()).unwrap_err();
    assert!(matches!(error, EncodeError::BadPath { .. }), "{error}");
    is_empty_but_for(folder.path(), &["small.mp4", "video.mp4"]);
}

#[test]
fn a_full_disk_is_told_by_its_own_words() {
    let folder = tempfile::tempdir().unwrap();
    let source = frames_of(&mp4(folder.path(), 10));
    // A name that is taken stands for whatever else keeps the file from being made.
    fs::write(folder.path().join("copy.mp4.unfinished"), "taken").unwrap();
    let error = ClipEncoder::start(&folder.path().join("copy.mp4"), &source[0].format()).unwrap_err();
    let EncodeError::Write { source, .. } = &error else { panic!("{error}") };
    assert_eq!(source.kind(), std::io::ErrorKind::AlreadyExists);
}
