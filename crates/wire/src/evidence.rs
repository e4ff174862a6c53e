//! Evidence that comes after its event: a clip ends seconds after what it shows, and the event does not wait for it.

use domain::{CameraId, MediaTime, UtcTime};
use serde::{Deserialize, Serialize};

use crate::event::{EventId, EvidenceRef};

/// A clip that shows an event which was told before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceAdded {
    /// The event that it shows; one of the same node.
    pub event: EventId,
    /// The camera.
    pub camera: CameraId,
    /// The clip by its content hash; its `media` is that of the first picture.
    pub clip: EvidenceRef,
    /// When its first picture was taken.
    pub from: UtcTime,
    /// When its last picture was taken.
    pub to: UtcTime,
    /// Media time of its last picture.
    pub media_to: MediaTime,
    /// Pictures in it.
    pub frames: u32,
    /// Whether its beginning is what was asked for.
    pub begins: ClipEdge,
    /// Whether its end is what was asked for.
    pub ends: ClipEdge,
}

/// Whether a clip has all that was asked for at one of its ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClipEdge {
    /// It has.
    Whole,
    /// It has not.
    Cut {
        /// How much is missing, in milliseconds.
        missing_ms: u64,
        /// Why.
        why: CutReason,
    },
}

/// Why a part of a clip is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CutReason {
    /// It was longer ago than what the node keeps.
    NotKept,
    /// The camera gave no stream then.
    NoStream,
    /// The stream did not get that far in time.
    Deadline,
    /// The clip would have been too large.
    TooLarge,
    /// The camera was stopped.
    Stopped,
}

impl CutReason {
    /// Its name in events and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotKept => "not_kept",
            Self::NoStream => "no_stream",
            Self::Deadline => "deadline",
            Self::TooLarge => "too_large",
            Self::Stopped => "stopped",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_added_clip_keeps_its_form_on_the_wire() {
        let text = r#"{"event":"019a9c1c-7c00-7000-8000-000000000001","camera":"c","clip":{"role":"clip",
            "sha256":"0000000000000000000000000000000000000000000000000000000000000000","media_type":"video/mp4",
            "bytes":9,"media":4000000},"from":"2026-11-21T00:00:00.000000Z","to":"2026-11-21T00:00:09.000000Z",
            "media_to":13000000,"frames":90,"begins":{"cut":{"missing_ms":1200,"why":"not_kept"}},"ends":"whole"}"#;
        let read: EvidenceAdded = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(read.begins, ClipEdge::Cut { missing_ms: 1200, why: CutReason::NotKept });
        let again = serde_json::to_value(&read).expect("JSON");
        assert_eq!(again, serde_json::from_str::<serde_json::Value>(text).expect("JSON"));
        for why in
            [CutReason::NotKept, CutReason::NoStream, CutReason::Deadline, CutReason::TooLarge, CutReason::Stopped]
        {
            assert_eq!(serde_json::to_value(why).expect("JSON"), why.as_str());
        }
    }
}
