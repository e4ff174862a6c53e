//! Cameras with two streams: the large one decoded on request, and pictures of both that belong together.

#![allow(clippy::unwrap_used)]

use std::f64::consts::TAU;
use std::time::{Duration, Instant};

use capture::{
    Camera, CameraPair, ClipEdge, ClipRequest, Decodes, Frame, Happened, Near, PairHappened, PairedBy, ReadNews,
    Reading, SourceConfig,
};
use domain::I420View;

use crate::support::rtsp::{RtspServer, Setup, Show};
use crate::support::units::{decoded, units};
use crate::support::{DEADLINE, SIZE, lossless, mp4, quick};

#[path = "support/watched.rs"]
mod support;

fn show(width: u32, height: u32, key_every: u32, late_ms: u32) -> RtspServer {
    RtspServer::start(Setup::open(Show::Clock { width, height, fps: 25, key_every, late_ms }))
}

fn config(server: &RtspServer) -> SourceConfig {
    SourceConfig { limits: quick(), ..SourceConfig::new(server.url().parse().unwrap(), SIZE) }
}

/// The next frame of the small stream that fits.
fn frame_where(pair: &CameraPair, fits: impl Fn(&Frame) -> bool) -> Frame {
    let until = Instant::now() + DEADLINE;
    while Instant::now() < until {
        match pair.next(DEADLINE) {
            Some(PairHappened::Detect(Happened::Frame(frame))) if fits(&frame) => return frame,
            Some(PairHappened::Detect(Happened::Frame(_) | Happened::Up) | PairHappened::Read(ReadNews::Up)) => {}
            other => panic!("{other:?} instead of a frame"),
        }
    }
    panic!("no such frame within {DEADLINE:?}")
}

/// At which part of a second a picture of the clock was taken: where the ball stands on its way around.
fn part_of_second(view: &I420View<'_>) -> f64 {
    let plane = view.y();
    let (mut x_sum, mut y_sum, mut count) = (0.0, 0.0, 0.0);
    for y in 0..view.height() {
        for (x, sample) in plane.data[y * plane.stride..][..view.width()].iter().enumerate() {
            if *sample > 128 {
                (x_sum, y_sum, count) = (x_sum + x as f64, y_sum + y as f64, count + 1.0);
            }
        }
    }
    assert!(count > 20.0, "there is a ball");
    let (x, y) = (x_sum / count / view.width() as f64 - 0.5, y_sum / count / view.height() as f64 - 0.5);
    (y.atan2(x) / TAU).rem_euclid(1.0)
}

/// How much later the large picture was taken than the small one, as the pictures themselves say, in milliseconds.
fn shown_later_by_ms(frame: &Frame, near: &Near) -> f64 {
    let turn = part_of_second(&near.frame.full()) - part_of_second(&frame.full());
    let turn = (turn + 0.5).rem_euclid(1.0) - 0.5;
    turn * 1_000.0
}

#[test]
fn pictures_are_paired_by_the_camera_s_clock_even_where_one_stream_is_late() {
    let (small, large) = (show(160, 120, 25, 0), show(640, 480, 25, 300));
    let pair = CameraPair::start(config(&small), config(&large)).unwrap();
    pair.set_reading(Reading::On);
    let until = Instant::now() + DEADLINE;
    let mut seen = 0;
    while seen < 10 {
        assert!(Instant::now() < until, "the cameras tell their clocks");
        let frame = frame_where(&pair, |_| true);
        // Longer than the large stream is late.
        let Some(near) = pair.near(&frame, Duration::from_millis(600)) else { continue };
        if near.paired_by == PairedBy::SenderReports {
            let (said, shown) = (near.later_by_micros as f64 / 1_000.0, shown_later_by_ms(&frame, &near));
            assert!((said - shown).abs() < 60.0, "said {said:.0} ms, shown {shown:.0} ms");
            assert!(said.abs() < 100.0, "{said} ms apart");
            seen += 1;
        }
    }
}

#[test]
fn reading_begins_at_once_and_not_at_the_next_key_frame() {
    // A key frame every twenty seconds.
    let (small, large) = (show(160, 120, 25, 0), show(640, 480, 500, 0));
    let pair = CameraPair::start(config(&small), config(&large)).unwrap();
    let frame = frame_where(&pair, |_| pair.read().kept().span > Duration::from_secs(2));
    assert!(pair.near(&frame, Duration::ZERO).is_none(), "nobody reads");
    assert_eq!(pair.read().decoder(), None, "nothing of the large stream was decoded");
    for _ in 0..2 {
        let asked = Instant::now();
        pair.set_reading(Reading::On);
        let frame = frame_where(&pair, |_| true);
        let near = pair.near(&frame, Duration::from_secs(2)).expect("a large picture");
        eprintln!("the first large picture after {:?}, {} ms off", asked.elapsed(), near.later_by_micros / 1_000);
        assert_eq!(near.frame.full_size(), (640, 480));
        assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
        let frame = frame_where(&pair, |_| true);
        assert!(pair.near(&frame, Duration::from_millis(500)).is_some(), "and more");
        pair.set_reading(Reading::Off);
        let off = Instant::now();
        let later = frame_where(&pair, |frame| frame.arrived > off + Duration::from_millis(300));
        assert!(pair.near(&later, Duration::ZERO).is_none(), "reading has ended");
    }
}

#[test]
fn a_clip_of_the_large_stream_needs_no_reading() {
    let folder = tempfile::tempdir().unwrap();
    let (small, large) = (show(160, 120, 25, 0), show(640, 480, 25, 0));
    let pair = CameraPair::start(config(&small), config(&large)).unwrap();
    let frame = frame_where(&pair, |_| pair.read().kept().span > Duration::from_secs(2));
    let second = Duration::from_secs(1);
    let path = folder.path().join("clip.mp4");
    let handle = pair.clip(&frame, |at| ClipRequest::around(at, second, second, path)).unwrap();
    let clip = handle.wait(DEADLINE).unwrap().unwrap();
    assert_eq!((clip.begins, clip.ends), (ClipEdge::Whole, ClipEdge::Whole));
    assert_eq!((decoded(&clip.path), units(&clip.path).len()), (clip.frames, clip.frames));
    assert!(clip.frames >= 48 && clip.frames <= 80, "{clip:?}");
    assert_eq!(pair.read().decoder(), None, "nothing was decoded for it");
}

#[test]
fn a_large_stream_that_goes_away_is_told_while_the_small_one_goes_on() {
    let (small, large) = (show(160, 120, 25, 0), show(640, 480, 25, 0));
    let pair = CameraPair::start(config(&small), config(&large)).unwrap();
    frame_where(&pair, |_| pair.read().kept().units > 10);
    drop(large);
    let until = Instant::now() + DEADLINE;
    loop {
        assert!(Instant::now() < until, "it is told");
        match pair.next(DEADLINE) {
            Some(PairHappened::Read(ReadNews::Down(_))) => break,
            Some(PairHappened::Detect(Happened::Frame(_) | Happened::Up) | PairHappened::Read(ReadNews::Up)) => {}
            other => panic!("{other:?}"),
        }
    }
    frame_where(&pair, |_| true);
}

#[test]
fn a_frozen_large_stream_is_noticed_although_nobody_reads() {
    let (small, large) = (show(160, 120, 25, 0), show(640, 480, 25, 0));
    let pair = CameraPair::start(config(&small), config(&large)).unwrap();
    frame_where(&pair, |_| pair.read().kept().units > 10);
    large.freeze();
    let until = Instant::now() + DEADLINE;
    loop {
        assert!(Instant::now() < until, "it is told");
        match pair.next(DEADLINE) {
            Some(PairHappened::Read(ReadNews::Down(capture::DownReason::Frozen { .. }))) => break,
            Some(PairHappened::Detect(Happened::Frame(_) | Happened::Up) | PairHappened::Read(ReadNews::Up)) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_file_is_not_decoded_on_request() {
    let folder = tempfile::tempdir().unwrap();
    let path = mp4(folder.path(), 3);
    let error = Camera::start(SourceConfig { decodes: Decodes::WhileReading, ..lossless(&path) }).unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("decodes") && source.contains("live"), "{source}");
}
