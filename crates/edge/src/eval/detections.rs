//! What the detector finds in each frame of a video, for comparisons with another detector or another program.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use capture::{Camera, Happened, SourceError};
use domain::Detection;
use inference::{DetectError, Detector};
use serde::Serialize;
use thiserror::Error;

/// Longest rest between two looks at the camera.
const REST: Duration = Duration::from_millis(200);

/// Why a video gave no detections.
#[derive(Debug, Error)]
pub enum DetectionsError {
    /// The video cannot be played.
    #[error("the video cannot be played")]
    Camera(#[source] SourceError),
    /// The detector failed.
    #[error("the detector failed on frame {number}")]
    Detect {
        /// The frame, counted from 0.
        number: u64,
        /// Why.
        source: DetectError,
    },
    /// The result cannot be written.
    #[error("cannot write \"{path}\"", path = path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// One line of the result.
#[derive(Debug, Serialize)]
struct Line<'d> {
    frame: u64,
    detections: &'d [Detection],
}

/// Looks at each frame of `camera`, which plays a video once, and writes one JSON object a frame to `out`: its number
/// and the detections, best first. Gives the number of frames.
pub fn detections(
    camera: &Camera,
    detector: &mut Detector,
    out: &mut dyn Write,
    path: &Path,
) -> Result<u64, DetectionsError> {
    let mut number = 0;
    loop {
        match camera.next(REST) {
            Some(Happened::Frame(frame)) => {
                let failed = |source| DetectionsError::Detect { number, source };
                let mut found = detector.detect(&frame.scaled()).map_err(failed)?;
                found.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
                let line = serde_json::to_string(&Line { frame: number, detections: &found });
                let line = line.expect("a detection has only finite numbers");
                let failed = |source| DetectionsError::Write { path: path.to_owned(), source };
                writeln!(out, "{line}").map_err(failed)?;
                number += 1;
            }
            Some(Happened::Failed(error)) => return Err(DetectionsError::Camera(error)),
            Some(Happened::Ended(_)) => return Ok(number),
            Some(Happened::Up | Happened::Down(_)) | None => {}
        }
    }
}
