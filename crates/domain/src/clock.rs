//! How far a machine's wall clock can be trusted.

use serde::{Deserialize, Serialize};

/// What last set the wall clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockSource {
    /// The kernel reports a clock disciplined by a time service.
    Synchronised,
    /// The kernel reports that nothing disciplines the clock.
    Unsynchronised,
    /// The kernel could not be asked.
    Unknown,
    /// Time comes from the medium (a file played for a demo or a measurement), not from the wall.
    Media,
}

/// Trust in a wall-clock time, carried by every event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockQuality {
    /// What set the clock.
    pub source: ClockSource,
    /// How far the wall clock has moved against the monotonic clock since the node's program started, in
    /// milliseconds: a jump shows here.
    pub offset_ms: i64,
    /// The largest error that the time service claims, in milliseconds; absent where nobody claims one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uncertainty_ms: Option<u64>,
}

impl ClockQuality {
    /// The quality of a time that comes from a file.
    pub const MEDIA: Self = Self { source: ClockSource::Media, offset_ms: 0, uncertainty_ms: None };
}
