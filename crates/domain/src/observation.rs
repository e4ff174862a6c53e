//! What a camera saw in one frame.

use serde::{Deserialize, Serialize};

use crate::{BoundingBox, CameraId, MediaTime, MonoTime, ObjectClass, TrackId, UtcTime};

/// When a frame was taken and when it arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrameStamp {
    /// Presentation time: orders the frames of this source.
    pub media: MediaTime,
    /// Monotonic time of arrival: orders and times out what happens on this machine.
    pub arrived: MonoTime,
    /// Wall-clock time for people.
    pub utc: UtcTime,
}

/// One object found by a detector in one frame.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Detection {
    /// What it is.
    pub class: ObjectClass,
    /// How sure the detector is, 0 to 1.
    pub confidence: f32,
    /// Where it is.
    pub bbox: BoundingBox,
}

/// One object followed over frames, as seen in one of them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TrackObservation {
    /// Which object.
    pub track: TrackId,
    /// What the detector called it in this frame.
    pub class: ObjectClass,
    /// How sure the detector was, 0 to 1.
    pub confidence: f32,
    /// Where it is, smoothed over the track.
    pub bbox: BoundingBox,
}

/// Everything followed in one frame of one camera: the only input of a gate besides time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Observations {
    /// The camera.
    pub camera: CameraId,
    /// The frame.
    pub stamp: FrameStamp,
    /// The objects, in the order of their track ids.
    pub tracks: Vec<TrackObservation>,
}
