//! What to read and how.

use std::time::Duration;

use domain::Problems;

use crate::{Decoding, Keep, SourceLocation};

/// The shortest side that a scaled picture may be asked to have, in pixels.
pub const SCALED_SIDE_MIN: u32 = 16;
/// The longest side that a scaled picture may be asked to have, in pixels.
pub const SCALED_SIDE_MAX: u32 = 4096;
/// The most threads that one decoder may use.
pub const DECODER_THREADS_MAX: u32 = 16;

/// One source and how it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceConfig {
    /// Where the pictures come from.
    pub location: SourceLocation,
    /// The size of [`Frame::scaled`](crate::Frame::scaled).
    pub scaled: ScaledSize,
    /// Which frames are delivered, and when.
    pub pacing: Pacing,
    /// What happens at the end of a file; without meaning for a live source.
    pub repeat: Repeat,
    /// Who decodes H.264 and H.265.
    pub decoding: Decoding,
    /// When it is decoded.
    pub decodes: Decodes,
    /// Threads of the decoder, 1 to [`DECODER_THREADS_MAX`]. One keeps up with several 1080p cameras and adds no delay;
    /// more make a single file go faster.
    pub decoder_threads: u32,
    /// How much of the compressed stream is kept for clips; nothing where `None`.
    pub keep: Option<Keep>,
    /// How long to wait for what.
    pub limits: Limits,
}

/// The size of the scaled picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScaledSize {
    /// Exactly this size: the picture is stretched, its aspect not kept.
    Exact {
        /// Pixels in a row.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// The largest size within these bounds that keeps the aspect in which the picture is meant to be seen.
    Within {
        /// At most so many pixels in a row.
        width: u32,
        /// At most so many rows.
        height: u32,
    },
}

/// Which frames are delivered, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pacing {
    /// A live source: the newest frame wins, older ones not yet taken are dropped and counted.
    Live,
    /// A file at its own speed, as if it were a camera: the newest frame wins.
    Realtime,
    /// A file, every frame, as fast as the reader takes them; nothing is dropped.
    Lossless,
}

/// What happens at the end of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// It is over.
    Once,
    /// It begins again; media time keeps growing.
    Forever,
}

/// When a source is decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decodes {
    /// All the time.
    Always,
    /// Only while [`Camera::set_reading`](crate::Camera::set_reading) says so, from the last key frame kept on; received
    /// and kept all the time. For live sources in H.264 or H.265; others are decoded all the time. Up to
    /// [`FRAMES_BURST_MAX`](crate::FRAMES_BURST_MAX) frames wait for the reader, because at the beginning several come
    /// at once.
    WhileReading,
}

/// How long to wait for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// A live source that was up is taken for frozen after so long without a frame. 5 s unless told.
    pub no_frame: Duration,
    /// A source must give its first frame within so long. 10 s unless told.
    pub connect: Duration,
    /// The wait before the first new attempt; doubled after each failure. 0.5 s unless told.
    pub backoff_min: Duration,
    /// The longest wait between two attempts, and the wait where asking more often could do harm, as with a refused
    /// password. 30 s unless told.
    pub backoff_max: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            no_frame: Duration::from_secs(5),
            connect: Duration::from_secs(10),
            backoff_min: Duration::from_millis(500),
            backoff_max: Duration::from_secs(30),
        }
    }
}

impl SourceConfig {
    /// The usual way to read `location`: a live source live, a file once at its own speed.
    pub fn new(location: SourceLocation, scaled: ScaledSize) -> Self {
        let pacing = match location {
            SourceLocation::Rtsp(_) => Pacing::Live,
            SourceLocation::File(_) => Pacing::Realtime,
        };
        Self {
            location,
            scaled,
            pacing,
            repeat: Repeat::Once,
            decoding: Decoding::default(),
            decodes: Decodes::Always,
            decoder_threads: 1,
            keep: None,
            limits: Limits::default(),
        }
    }

    /// All that is wrong with it, at once.
    pub fn check(&self) -> Result<(), Problems> {
        let mut problems = Problems::default();
        let (ScaledSize::Exact { width, height } | ScaledSize::Within { width, height }) = self.scaled;
        for (path, side) in [("scaled.width", width), ("scaled.height", height)] {
            if !(SCALED_SIDE_MIN..=SCALED_SIDE_MAX).contains(&side) {
                problems.note(path, format!("{side} pixels; accepted are {SCALED_SIDE_MIN} to {SCALED_SIDE_MAX}"));
            }
        }
        match (&self.location, self.pacing) {
            (SourceLocation::Rtsp(_), Pacing::Live)
            | (SourceLocation::File(_), Pacing::Realtime | Pacing::Lossless) => {}
            (SourceLocation::Rtsp(_), Pacing::Realtime | Pacing::Lossless) => {
                problems.note("pacing", "a live source cannot be slowed down or repeated; accepted for RTSP is live");
            }
            (SourceLocation::File(_), Pacing::Live) => {
                problems.note("pacing", "a file is not live; accepted for files are realtime and lossless");
            }
        }
        if self.decodes == Decodes::WhileReading && matches!(self.location, SourceLocation::File(_)) {
            problems.note("decodes", "a file is decoded all the time; only a live source can be decoded while reading");
        }
        if !(1..=DECODER_THREADS_MAX).contains(&self.decoder_threads) {
            let given = self.decoder_threads;
            problems.note("decoder_threads", format!("{given}; accepted are 1 to {DECODER_THREADS_MAX}"));
        }
        if let Some(keep) = self.keep {
            keep.check(&mut problems);
        }
        let Limits { no_frame, connect, backoff_min, backoff_max } = self.limits;
        for (path, wait) in [
            ("limits.no_frame", no_frame),
            ("limits.connect", connect),
            ("limits.backoff_min", backoff_min),
            ("limits.backoff_max", backoff_max),
        ] {
            if wait.is_zero() {
                problems.note(path, "must be longer than zero");
            }
        }
        if backoff_min > backoff_max {
            let message = format!("{backoff_min:?} is longer than limits.backoff_max, {backoff_max:?}");
            problems.note("limits.backoff_min", message);
        }
        problems.into_result(Some(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rtsp() -> SourceLocation {
        "rtsp://127.0.0.1/a".parse().expect("a good address")
    }

    #[test]
    fn every_mistake_is_named_at_once() {
        let mut config = SourceConfig::new(rtsp(), ScaledSize::Exact { width: 0, height: 5000 });
        config.pacing = Pacing::Lossless;
        config.decoder_threads = 0;
        config.limits.no_frame = Duration::ZERO;
        config.limits.backoff_min = Duration::from_secs(60);
        let problems = config.check().expect_err("six mistakes");
        let paths: Vec<_> = problems.as_slice().iter().map(|p| p.path.as_str()).collect();
        assert_eq!(
            paths,
            ["scaled.width", "scaled.height", "pacing", "decoder_threads", "limits.no_frame", "limits.backoff_min"]
        );
    }

    #[test]
    fn the_usual_way_to_read_a_source_is_accepted() {
        let size = ScaledSize::Within { width: 416, height: 416 };
        for location in [rtsp(), "video.mp4".parse().expect("a path")] {
            assert_eq!(SourceConfig::new(location, size).check(), Ok(()));
        }
    }

    #[test]
    fn a_file_is_not_live() {
        let mut config =
            SourceConfig::new("a.mp4".parse().expect("a path"), ScaledSize::Exact { width: 64, height: 64 });
        config.pacing = Pacing::Live;
        assert!(config.check().expect_err("a file").to_string().contains("realtime and lossless"));
    }
}
