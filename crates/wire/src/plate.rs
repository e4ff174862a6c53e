//! A plate that was read over one visit: the result, and everything that led to it.
//!
//! Names of kinds, colours and reasons are those of the crate `vnplate`; they travel as text, so that a hub of an older
//! version can still keep and show what a newer node reads.

use domain::{CameraId, GateId, MediaTime, ObjectClass, Point, TrackId, UtcTime};
use serde::{Deserialize, Serialize};

/// Most readings that an event carries; the ranking goes on below them, but nobody looks there.
pub const READINGS_MAX: usize = 5;
/// Most votes that an event carries; a visit looks at a plate no more often.
pub const VOTES_MAX: usize = 24;

/// A plate was in front of a camera, and this is what came of reading it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlateRead {
    /// The gates of the camera: whoever passes them may have carried the plate.
    pub gates: Vec<GateId>,
    /// The camera.
    pub camera: CameraId,
    /// Number of the visit, counted per camera and run.
    pub visit: u64,
    /// The track of the vehicle that carried it most of the time, where one was followed.
    pub vehicle: Option<TrackId>,
    /// What that vehicle was taken for, where one was followed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vehicle_class: Option<ObjectClass>,
    /// When the plate was first seen.
    pub from: UtcTime,
    /// When it was last seen before the result was settled.
    pub to: UtcTime,
    /// What came of it.
    pub outcome: PlateOutcome,
    /// Why there is no reading, or why a person should look; empty where all is clear.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// What it may say, best first; empty unless the outcome is `read`. At most [`READINGS_MAX`].
    pub readings: Vec<PlateReading>,
    /// The glyphs as they were seen, without any grammar.
    pub raw: String,
    /// Colour of the ground.
    pub colour: PlateColour,
    /// Rows of glyphs, 1 or 2.
    pub rows: u8,
    /// Every look that went into the result, in the order of time. At most [`VOTES_MAX`].
    pub votes: Vec<PlateVote>,
    /// The look that the picture shows: one of those that were read.
    pub shot: PlateShot,
    /// Entries of lists that it resembles, best first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub matches: Vec<PlateMatch>,
}

/// What came of reading a plate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlateOutcome {
    /// It reads as a Vietnamese plate.
    Read,
    /// Its glyphs are clear, but fit no kind of Vietnamese plate.
    UnknownKind,
    /// Too little of it can be seen.
    Unreadable,
    /// It is no plate.
    NotAPlate,
}

impl PlateOutcome {
    /// Its name in events and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::UnknownKind => "unknown_kind",
            Self::Unreadable => "unreadable",
            Self::NotAPlate => "not_a_plate",
        }
    }
}

/// Colour of a plate's ground.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlateColour {
    /// White: private vehicles.
    White,
    /// Yellow: transport business.
    Yellow,
    /// Blue: state bodies.
    Blue,
    /// Red: the army.
    Red,
    /// It cannot be told, by infra-red light for instance.
    Unknown,
}

impl PlateColour {
    /// Its name in events and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::White => "white",
            Self::Yellow => "yellow",
            Self::Blue => "blue",
            Self::Red => "red",
            Self::Unknown => "unknown",
        }
    }
}

/// One way to read the plate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlateReading {
    /// The key by which plates are compared: upper case, no separators, Đ as D.
    pub key: String,
    /// As it is written for people, such as `30A-123.45`.
    pub display: String,
    /// The kind of plate, by `vnplate`'s name.
    pub kind: String,
    /// The province or body that issued it, as it is called today; nothing where the plate does not say.
    pub issuer: Option<String>,
    /// Probability that this is what the plate says, 0 to 1.
    pub confidence: f32,
    /// Probability of each glyph, 0 to 1.
    pub glyph_confidence: Vec<f32>,
    /// Positions, from 0, where the rules of plates decided against the glyph that looked likeliest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub corrected: Vec<u8>,
    /// Whether another kind or another key fits about as well.
    #[serde(default)]
    pub ambiguous: bool,
}

/// One look at the plate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlateVote {
    /// The frame.
    pub media: MediaTime,
    /// What this look alone reads, without grammar.
    pub raw: String,
    /// Mean probability of its glyphs, 0 to 1.
    pub confidence: f32,
    /// How much it counts among the looks.
    pub weight: f32,
}

/// Where a plate was in a frame.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PlateShot {
    /// The frame.
    pub media: MediaTime,
    /// The plate's own top left, top right, bottom right and bottom left corner, in shares of the frame.
    pub corners: [Point; 4],
}

/// A plate resembles an entry of a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlateMatch {
    /// The list's name.
    pub list: String,
    /// What the list is for.
    pub purpose: ListPurpose,
    /// The entry's key.
    pub key: String,
    /// How alike the two are: 1 is equal.
    pub score: f32,
    /// Where they differ: position from 0 in the entry, what the entry has, what was read; `-` where one has no glyph.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differing: Vec<PlateDifference>,
    /// What the list says of the entry.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// What a list of plates is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListPurpose {
    /// Somebody must be told when such a plate comes.
    Watch,
    /// Such a plate may pass.
    Allow,
}

/// A glyph in which a plate and a list's entry differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlateDifference {
    /// Position from 0.
    pub position: u8,
    /// What the entry has.
    pub listed: char,
    /// What was read.
    pub read: char,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_plate_keeps_its_form_on_the_wire() {
        let text = r#"{"gates":["g"],"camera":"c","visit":1,"vehicle":null,"from":"2026-11-21T00:00:00Z","to":"2026-11-21T00:00:01Z",
            "outcome":"unknown_kind","reason":"nine digits","readings":[],"raw":"123456789","colour":"white","rows":1,
            "votes":[{"media":0,"raw":"123456789","confidence":0.5,"weight":1.0}],
            "shot":{"media":0,"corners":[[0.1,0.1],[0.2,0.1],[0.2,0.2],[0.1,0.2]]}}"#;
        let read: Result<PlateRead, _> = serde_json::from_str(text);
        let read = read.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!((read.outcome, read.colour), (PlateOutcome::UnknownKind, PlateColour::White));
        let again: PlateRead = serde_json::from_value(serde_json::to_value(&read).expect("JSON")).expect("the same");
        assert_eq!(again, read);
    }
}
