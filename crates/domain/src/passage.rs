//! What the gate made of what it saw.

use serde::{Deserialize, Serialize};

use crate::{BoundingBox, CameraId, CountGroup, GateId, LineId, MediaTime, ObjectClass, TrackId, UtcTime, ZoneId};

/// Which way something went over a counting line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Into the site.
    In,
    /// Out of the site.
    Out,
}

impl Direction {
    /// The name used in events and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
        }
    }
}

impl std::fmt::Display for Direction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One person or vehicle went over a counting line, once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Passage {
    /// The gate it passed.
    pub gate: GateId,
    /// The line it crossed.
    pub line: LineId,
    /// The camera that saw it.
    pub camera: CameraId,
    /// Which way.
    pub direction: Direction,
    /// What the track was called most often, weighted by confidence.
    pub class: ObjectClass,
    /// The mean confidence of the frames that voted for `class`, 0 to 1.
    pub confidence: f32,
    /// The track that completed the crossing.
    pub track: TrackId,
    /// Frame time at which the line was crossed.
    pub media: MediaTime,
    /// Wall-clock time at which the line was crossed.
    pub at: UtcTime,
    /// Where it was in that frame.
    pub bbox: BoundingBox,
    /// Frame time of the best look at it so far, and where it was then: the frame that the picture shows.
    pub shot: Shot,
}

/// The look at an object that its picture is cut from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Shot {
    /// The frame.
    pub media: MediaTime,
    /// Where in the frame.
    pub bbox: BoundingBox,
}

/// One person or vehicle was in a zone and left it (or was lost there).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stay {
    /// The gate.
    pub gate: GateId,
    /// The zone.
    pub zone: ZoneId,
    /// The camera that saw it.
    pub camera: CameraId,
    /// What it was.
    pub class: ObjectClass,
    /// The last track that carried it.
    pub track: TrackId,
    /// When it came.
    pub from: UtcTime,
    /// When it was last seen in the zone.
    pub to: UtcTime,
    /// Frame time of its coming.
    pub media_from: MediaTime,
    /// Frame time at which it was last seen in the zone.
    pub media_to: MediaTime,
    /// The look that its picture is cut from.
    pub shot: Shot,
}

/// How many are in a zone from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Occupancy {
    /// The gate.
    pub gate: GateId,
    /// The zone.
    pub zone: ZoneId,
    /// What is counted.
    pub group: CountGroup,
    /// How many.
    pub count: u32,
    /// Since when.
    pub at: UtcTime,
}
