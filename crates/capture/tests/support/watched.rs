//! What the tests of this crate share: small real videos, and waiting for things to happen.

// Each test program takes in all of this and uses a part.
#![allow(dead_code, unreachable_pub, missing_docs, clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use capture::{Camera, Ending, Frame, Happened, Limits, Pacing, Repeat, ScaledSize, SourceConfig, SourceError};
use gstreamer as gst;
use gstreamer::prelude::*;

#[path = "../../../../tests/src/rtsp.rs"]
pub mod rtsp;
#[path = "units.rs"]
pub mod units;

/// How long anything may take on a busy machine before a test gives up.
pub const DEADLINE: Duration = Duration::from_secs(60);
pub const SIZE: ScaledSize = ScaledSize::Exact { width: 64, height: 48 };

/// Runs a pipeline to its end.
pub fn produce(launch: &str) {
    gst::init().unwrap();
    let pipeline = gst::parse::launch(launch).unwrap_or_else(|error| panic!("{launch}: {error}"));
    pipeline.set_state(gst::State::Playing).unwrap();
    let bus = pipeline.bus().unwrap();
    let ends = [gst::MessageType::Eos, gst::MessageType::Error];
    let message = bus.timed_pop_filtered(gst::ClockTime::from_seconds(DEADLINE.as_secs()), &ends);
    pipeline.set_state(gst::State::Null).unwrap();
    let message = message.unwrap_or_else(|| panic!("{launch}: not over after {DEADLINE:?}"));
    assert_eq!(message.type_(), gst::MessageType::Eos, "{launch}: {message:?}");
}

/// A moving test picture of 25 frames a second, up to the encoder.
pub fn pattern(frames: u32, width: u32, height: u32) -> String {
    format!(
        "videotestsrc num-buffers={frames} pattern=ball \
         ! video/x-raw,format=I420,width={width},height={height},framerate=25/1"
    )
}

/// A video with B-frames in an MP4 file.
pub fn mp4(folder: &Path, frames: u32) -> PathBuf {
    mp4_with(folder, frames, "")
}

/// The same with options of the muxer.
pub fn mp4_with(folder: &Path, frames: u32, muxer: &str) -> PathBuf {
    let path = folder.join("video.mp4");
    let source = pattern(frames, 320, 240);
    produce(&format!(
        "{source} ! x264enc bframes=2 key-int-max=25 speed-preset=ultrafast b-adapt=false bitrate=2000 ! h264parse \
         ! mp4mux {muxer} ! filesink location={}",
        path.display()
    ));
    path
}

pub fn lossless(path: &Path) -> SourceConfig {
    SourceConfig { pacing: Pacing::Lossless, ..SourceConfig::new(path.to_str().unwrap().parse().unwrap(), SIZE) }
}

pub fn forever(config: SourceConfig) -> SourceConfig {
    SourceConfig { repeat: Repeat::Forever, ..config }
}

pub fn quick() -> Limits {
    Limits {
        no_frame: Duration::from_secs(2),
        connect: Duration::from_secs(20),
        backoff_min: Duration::from_millis(100),
        backoff_max: Duration::from_millis(400),
    }
}

/// A camera and the rule that nothing takes longer than the deadline.
pub struct Watched {
    pub camera: Camera,
    last: Option<domain::MediaTime>,
}

impl Watched {
    pub fn start(config: SourceConfig) -> Self {
        Self { camera: Camera::start(config).unwrap(), last: None }
    }

    /// The next thing that happens. Checks that media time grows.
    pub fn happens(&mut self) -> Happened {
        let happened = self.camera.next(DEADLINE).unwrap_or_else(|| panic!("nothing for {DEADLINE:?}"));
        if let Happened::Frame(frame) = &happened {
            assert!(self.last.is_none_or(|last| last < frame.media), "{:?} then {:?}", self.last, frame.media);
            self.last = Some(frame.media);
        }
        happened
    }

    pub fn frame(&mut self) -> Frame {
        match self.happens() {
            Happened::Frame(frame) => frame,
            other @ (Happened::Up | Happened::Down(_) | Happened::Ended(_) | Happened::Failed(_)) => {
                panic!("{other:?} instead of a frame")
            }
        }
    }

    pub fn up(&mut self) {
        let happened = self.happens();
        assert!(matches!(happened, Happened::Up), "{happened:?} instead of up");
    }

    /// Takes frames until the source is down.
    pub fn down(&mut self) -> capture::DownReason {
        let until = Instant::now() + DEADLINE;
        while Instant::now() < until {
            match self.happens() {
                Happened::Frame(_) | Happened::Up => {}
                Happened::Down(reason) => return reason,
                other @ (Happened::Ended(_) | Happened::Failed(_)) => panic!("{other:?} instead of down"),
            }
        }
        panic!("still up after {DEADLINE:?}")
    }

    /// Takes frames until the file is over.
    pub fn play_to_end(&mut self) -> (Vec<Frame>, Ending) {
        let mut frames = Vec::new();
        loop {
            match self.happens() {
                Happened::Up => assert!(frames.is_empty(), "up comes before the first frame"),
                Happened::Frame(frame) => frames.push(frame),
                Happened::Ended(ending) => return (frames, ending),
                other @ (Happened::Down(_) | Happened::Failed(_)) => panic!("{other:?}"),
            }
        }
    }
}

/// What a file fails with before its first frame.
pub fn failure(path: &Path) -> SourceError {
    match Watched::start(lossless(path)).happens() {
        Happened::Failed(error) => error,
        other @ (Happened::Up | Happened::Frame(_) | Happened::Down(_) | Happened::Ended(_)) => {
            panic!("{other:?} instead of a failure")
        }
    }
}
