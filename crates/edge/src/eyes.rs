//! A camera as it is watched: one stream, or a small one to find things in and a large one to read and picture them.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use capture::pair::NEAR_MAX;
use capture::{
    Camera, CameraPair, ClipError, ClipHandle, ClipRequest, Frame, Happened, Keep, Near, Pacing, PairHappened,
    ReadNews, Reading, Repeat, ScaledSize, SourceConfig, SourceLocation,
};
use domain::MediaTime;
use inference::Fit;

use crate::config::stream::ClipPlan;
use crate::config::{CameraConfig, Play};
use crate::engine::Wants;
use crate::watch::one_line;

/// Longest wait for the large picture that belongs to a small one. The two streams come about the same time; a longer
/// wait would cost the decision more than the picture is worth.
const NEAR_WAIT: Duration = Duration::from_millis(60);
/// How much longer than a clip shows its stream is kept: a plate is settled some seconds after it was seen best.
const KEPT_BESIDE: Duration = Duration::from_secs(15);

const _: () = assert!(NEAR_WAIT.as_millis() < NEAR_MAX.as_millis());

/// What a camera is watched by.
#[derive(Debug)]
pub enum Eyes {
    /// One stream for everything.
    One(Box<Camera>),
    /// One to find in and one to read.
    Two(Box<CameraPair>),
}

/// What happened to a camera.
#[derive(Debug)]
pub enum Seen {
    /// To the stream that things are found in.
    Happened(Happened),
    /// The stream for reading is there (nothing), or not, and why.
    Reading(Option<String>),
}

impl Eyes {
    /// Opens a camera of the configuration for the detector.
    pub fn open(config: &CameraConfig, folder: &Path, wants: Wants) -> Result<Self> {
        let read = source_config(config, &config.source, folder, wants)?;
        Ok(match &config.stream.detect_source {
            Some(detect) => {
                let detect = SourceConfig { keep: None, ..source_config(config, detect, folder, wants)? };
                Self::Two(Box::new(CameraPair::start(detect, read)?))
            }
            None => Self::One(Box::new(Camera::start(read)?)),
        })
    }

    /// The next thing that happened; waits up to `timeout` for it.
    pub fn next(&self, timeout: Duration) -> Option<Seen> {
        match self {
            Self::One(camera) => camera.next(timeout).map(Seen::Happened),
            Self::Two(pair) => Some(match pair.next(timeout)? {
                PairHappened::Detect(happened) => Seen::Happened(happened),
                PairHappened::Read(ReadNews::Up) => Seen::Reading(None),
                PairHappened::Read(ReadNews::Down(reason)) => Seen::Reading(Some(reason.to_string())),
                PairHappened::Read(ReadNews::Failed(error)) => Seen::Reading(Some(one_line(&error))),
            }),
        }
    }

    /// Whether there is a stream of its own for reading.
    pub fn has_reading_stream(&self) -> bool {
        matches!(self, Self::Two(_))
    }

    /// Whether the stream for reading is decoded, where there is one.
    pub fn set_reading(&self, reading: Reading) {
        match self {
            Self::One(_) => {}
            Self::Two(pair) => pair.set_reading(reading),
        }
    }

    /// The picture of the stream for reading that belongs to `frame`, where there is such a stream and it has one.
    pub fn near(&self, frame: &Frame) -> Option<Near> {
        match self {
            Self::One(_) => None,
            Self::Two(pair) => pair.near(frame, NEAR_WAIT),
        }
    }

    /// Begins to make a clip around `event`, a media time of the stream that things are found in. Gives also what that
    /// time is on the clip's own stream.
    pub fn clip(
        &self,
        event: MediaTime,
        plan: &ClipPlan,
        path: std::path::PathBuf,
    ) -> Result<(ClipHandle, MediaTime), ClipError> {
        let mut own = event;
        let around = |at| {
            own = at;
            ClipRequest::around(at, plan.before, plan.after, path)
        };
        let handle = match self {
            Self::One(camera) => camera.clip(around(event)),
            Self::Two(pair) => pair.clip_at(event, around),
        }?;
        Ok((handle, own))
    }

    /// Who decodes, once there was a frame.
    pub fn decoder(&self) -> Option<&'static str> {
        let camera = match self {
            Self::One(camera) => camera,
            Self::Two(pair) => pair.detect(),
        };
        camera.decoder().map(|decoder| decoder.decoding.as_str())
    }
}

/// Opens the camera's main stream alone.
pub fn open_camera(config: &CameraConfig, folder: &Path, wants: Wants) -> Result<Camera> {
    Ok(Camera::start(source_config(config, &config.source, folder, wants)?)?)
}

/// Opens the stream that things are found in alone; it is what the health of the pictures is measured by.
pub fn open_detect_camera(config: &CameraConfig, folder: &Path, wants: Wants) -> Result<Camera> {
    let source = config.stream.detect_source.as_ref().unwrap_or(&config.source);
    Ok(Camera::start(SourceConfig { keep: None, ..source_config(config, source, folder, wants)? })?)
}

fn source_config(config: &CameraConfig, source: &str, folder: &Path, wants: Wants) -> Result<SourceConfig> {
    let (width, height) = wants.size;
    let source = source.strip_prefix("file://").unwrap_or(source);
    let location = if source.contains("://") { source.parse()? } else { SourceLocation::File(folder.join(source)) };
    let (pacing, repeat) = match config.play {
        Play::Live => (Pacing::Live, Repeat::Once),
        Play::Loop => (Pacing::Realtime, Repeat::Forever),
        Play::Once => (Pacing::Lossless, Repeat::Once),
        Play::Rehearse => anyhow::bail!("an observation log has no frames: it is rehearsed, not opened as a camera"),
    };
    let scaled = match wants.fit {
        Fit::Stretch => ScaledSize::Exact { width, height },
        Fit::Letterbox => ScaledSize::Within { width, height },
    };
    let clips = &config.stream.clips;
    let keep =
        clips.wants_any().then(|| Keep { duration: clips.before + clips.after + KEPT_BESIDE, ..Keep::default() });
    let decoding = config.stream.decoding;
    Ok(SourceConfig { pacing, repeat, decoding, keep, ..SourceConfig::new(location, scaled) })
}
