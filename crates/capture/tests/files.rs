//! Reading good video files.

#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use capture::{Ending, Happened, Pacing, ScaledSize, SourceConfig};
use domain::{I420View, PixelView};

use crate::support::{Watched, forever, lossless, mp4, pattern, produce};

#[path = "support/watched.rs"]
mod support;

/// Microseconds.
const MILLIS: u64 = 1_000;

#[test]
fn every_frame_comes_once_in_order_and_alike_in_every_run() {
    let folder = tempfile::tempdir().unwrap();
    let path = mp4(folder.path(), 60);
    let runs: Vec<_> = (0..2)
        .map(|_| {
            let (frames, ending) = Watched::start(lossless(&path)).play_to_end();
            assert_eq!(ending, Ending::Whole);
            assert!(frames.iter().all(|frame| frame.dropped_before == 0));
            let pixels =
                |view: PixelView<'_>| (0..view.height()).flat_map(|y| view.row(y).to_vec()).collect::<Vec<_>>();
            frames.iter().map(|frame| (frame.media.as_micros(), pixels(frame.scaled()))).collect::<Vec<_>>()
        })
        .collect();
    let expected: Vec<_> = (0..60).map(|n| n * 40 * MILLIS).collect();
    assert_eq!(runs[0].iter().map(|(media, _)| *media).collect::<Vec<_>>(), expected);
    assert!(runs[0] == runs[1], "the same pixels in both runs");
    assert!(runs[0].windows(2).all(|pair| pair[0].1 != pair[1].1), "the ball moves in every frame");
}

#[test]
fn every_kind_of_file_gives_all_its_frames() {
    let folder = tempfile::tempdir().unwrap();
    let h264 = "x264enc bframes=2 speed-preset=ultrafast ! h264parse";
    for (name, encode, expected) in [
        ("a.mkv", format!("{h264} ! matroskamux"), 30),
        ("a.ts", format!("{h264} ! mpegtsmux"), 30),
        ("h265.mp4", "x265enc speed-preset=ultrafast ! h265parse ! mp4mux".to_owned(), 30),
        ("a.webm", "vp8enc deadline=1 ! webmmux".to_owned(), 30),
        ("mjpeg.avi", "jpegenc ! avimux".to_owned(), 30),
        ("raw.avi", "avimux".to_owned(), 30),
        ("yuv422.avi", "videoconvert ! video/x-raw,format=Y42B ! jpegenc ! avimux".to_owned(), 30),
    ] {
        let path = folder.path().join(name);
        produce(&format!("{} ! {encode} ! filesink location={}", pattern(30, 160, 120), path.display()));
        let (frames, ending) = Watched::start(lossless(&path)).play_to_end();
        assert_eq!((frames.len(), ending), (expected, Ending::Whole), "{name}");
        assert!(frames.iter().all(|frame| frame.full_size() == (160, 120)), "{name}");
    }
}

#[test]
fn a_raw_stream_without_time_stamps_is_timed_by_its_frame_rate() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bare.h264");
    let source = pattern(20, 160, 120);
    produce(&format!(
        "{source} ! x264enc bframes=2 speed-preset=ultrafast ! video/x-h264,stream-format=byte-stream \
         ! filesink location={}",
        path.display()
    ));
    let (frames, _) = Watched::start(lossless(&path)).play_to_end();
    assert_eq!(frames.len(), 20);
    let last = frames[19].media.since(frames[0].media);
    assert!(last >= Duration::from_millis(600) && last <= Duration::from_millis(800), "{last:?}");
}

#[test]
fn the_scaled_picture_shows_what_the_full_one_shows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("red.avi");
    produce(&format!(
        "videotestsrc num-buffers=3 pattern=red ! video/x-raw,format=I420,width=480,height=360,framerate=25/1 \
         ! jpegenc quality=95 ! avimux ! filesink location={}",
        path.display()
    ));
    for (scaled, expected) in [
        (ScaledSize::Exact { width: 100, height: 100 }, (100, 100)),
        (ScaledSize::Within { width: 120, height: 120 }, (120, 90)),
        (ScaledSize::Within { width: 960, height: 960 }, (960, 720)),
        (ScaledSize::Exact { width: 480, height: 360 }, (480, 360)),
    ] {
        let (frames, _) = Watched::start(SourceConfig { scaled, ..lossless(&path) }).play_to_end();
        assert_eq!(frames.len(), 3);
        for frame in &frames {
            let view = frame.scaled();
            assert_eq!((view.width(), view.height()), expected);
            for y in 0..view.height() {
                for pixel in view.row(y).chunks(3) {
                    assert!(pixel[0] < 24 && pixel[1] < 24 && pixel[2] > 231, "{pixel:?} at row {y} is not red");
                }
            }
            assert_red(frame.full());
            assert_eq!(frame.full_size(), (480, 360));
        }
    }
}

fn assert_red(view: I420View<'_>) {
    assert_eq!((view.width(), view.height()), (480, 360));
    for (plane, width, height) in [(view.y(), 480, 360), (view.u(), 240, 180), (view.v(), 240, 180)] {
        let first = i16::from(plane.data[0]);
        for y in 0..height {
            let row = &plane.data[y * plane.stride..][..width];
            assert!(row.iter().all(|value| (i16::from(*value) - first).abs() <= 2), "row {y}: {row:?}");
        }
    }
    assert!(view.v().data[0] > 200, "red");
}

#[test]
fn nothing_is_left_out_when_a_picture_shrinks_a_lot() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkers.avi");
    // Black and white pixels by turns: their mean is grey, a few of them picked out are not.
    produce(&format!(
        "videotestsrc num-buffers=1 pattern=checkers-1 foreground-color=0xffffffff background-color=0xff000000 \
         ! video/x-raw,format=I420,width=1280,height=720,framerate=25/1 ! avimux ! filesink location={}",
        path.display()
    ));
    let scaled = ScaledSize::Exact { width: 160, height: 160 };
    let (frames, _) = Watched::start(SourceConfig { scaled, ..lossless(&path) }).play_to_end();
    let view = frames[0].scaled();
    let (min, max) = (0..160)
        .flat_map(|y| view.row(y).chunks(3))
        .map(|pixel| pixel[1])
        .fold((255, 0), |(low, high), g| (g.min(low), g.max(high)));
    assert!(max - min <= 8, "a checkerboard of single pixels becomes even grey, not {min} to {max}");
}

#[test]
fn a_repeated_file_goes_on_where_it_ended() {
    let folder = tempfile::tempdir().unwrap();
    let path = mp4(folder.path(), 10);
    let mut watched = Watched::start(forever(lossless(&path)));
    watched.up();
    let times: Vec<_> = (0..35).map(|_| watched.frame().media.as_micros()).collect();
    assert_eq!(times, (0..35).map(|n| n * 40 * MILLIS).collect::<Vec<_>>());
}

#[test]
fn at_its_own_speed_a_file_takes_as_long_as_it_lasts() {
    let folder = tempfile::tempdir().unwrap();
    let path = mp4(folder.path(), 25);
    let config = SourceConfig { pacing: Pacing::Realtime, ..lossless(&path) };
    let mut watched = Watched::start(config);
    watched.up();
    let first = watched.frame();
    let begun = Instant::now();
    let (frames, _) = watched.play_to_end();
    let (shown, lasted) = (frames.last().unwrap().media.since(first.media), begun.elapsed());
    assert!(lasted + Duration::from_millis(40) >= shown, "{shown:?} of video were over after {lasted:?}");
    // Frames are lost only where this reader was kept from reading, and then they are counted.
    let dropped: u32 = frames.iter().map(|frame| frame.dropped_before).sum();
    assert_eq!(frames.len() + dropped as usize + 1, 25);
}

#[test]
fn a_reader_that_is_late_gets_the_newest_frame_and_the_number_of_those_it_missed() {
    let folder = tempfile::tempdir().unwrap();
    let path = mp4(folder.path(), 50);
    let mut watched = Watched::start(SourceConfig { pacing: Pacing::Realtime, ..lossless(&path) });
    watched.up();
    let first = watched.frame();
    // A reader that is busy for a while.
    let (_sender, busy) = std::sync::mpsc::channel::<()>();
    assert!(busy.recv_timeout(Duration::from_millis(1200)).is_err());
    let second = watched.frame();
    assert!(second.arrived.elapsed() < Duration::from_millis(900), "{:?} old", second.arrived.elapsed());
    let (frames, _) = watched.play_to_end();
    assert!(second.dropped_before >= 5, "{} dropped", second.dropped_before);
    let step = second.media.since(first.media).as_millis() / 40;
    assert_eq!(u128::from(second.dropped_before) + 1, step, "every missed frame is counted");
    let dropped: u32 = frames.iter().map(|frame| frame.dropped_before).sum();
    assert_eq!(frames.len() + (dropped + first.dropped_before + second.dropped_before) as usize + 2, 50);
}

#[test]
fn a_camera_can_be_stopped_while_nobody_reads() {
    let folder = tempfile::tempdir().unwrap();
    let path = mp4(folder.path(), 30);
    for pacing in [Pacing::Lossless, Pacing::Realtime] {
        let mut watched = Watched::start(forever(SourceConfig { pacing, ..lossless(&path) }));
        watched.up();
        let kept = watched.frame();
        let begun = Instant::now();
        watched.camera.stop();
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
        assert_eq!(kept.full_size(), (320, 240), "a frame outlives its camera");
        assert_eq!(kept.scaled().width(), 64);
    }
}

#[test]
fn after_the_end_nothing_happens() {
    let folder = tempfile::tempdir().unwrap();
    let mut watched = Watched::start(lossless(&mp4(folder.path(), 3)));
    assert_eq!(watched.play_to_end().0.len(), 3);
    assert!(watched.camera.next(Duration::from_millis(20)).is_none());
}

/// Known numbers of frames of well-known videos, where they are at hand.
#[test]
fn the_sample_videos_give_every_frame_they_hold() {
    let samples = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/videos");
    for (name, frames, millis) in [("one-by-one-person-detection.mp4", 1394, 100), ("car-detection.mp4", 377, 80)] {
        let path = samples.join(name);
        if !path.exists() {
            eprintln!("skipped: there is no {}", path.display());
            continue;
        }
        let mut watched = Watched::start(lossless(&path));
        let (mut seen, mut last) = (0, 0);
        loop {
            match watched.happens() {
                Happened::Up => {}
                Happened::Frame(frame) => (seen, last) = (seen + 1, frame.media.as_micros() / MILLIS),
                Happened::Ended(ending) => {
                    assert_eq!((seen, ending), (frames, Ending::Whole), "{name}");
                    break;
                }
                other @ (Happened::Down(_) | Happened::Failed(_)) => panic!("{name}: {other:?}"),
            }
        }
        assert!(last.abs_diff((frames - 1) * millis) <= millis, "{name}: the last frame is at {last} ms");
    }
}
