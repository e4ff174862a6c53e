//! Vietnamese number plates: what may stand on one, how people write it, who issues it, and what a recogniser's numbers
//! most likely say.
//!
//! Owns the grammar of every kind of plate and everything that follows from it. Takes data and returns data: no files,
//! no clock, no pictures. Stands by itself, for any program that meets these plates.
//!
//! Start reading at [`parse()`] for text; `grammar/forms.rs` holds the rules themselves.

pub mod calibration;
pub mod confusion;
pub mod date;
pub mod decode;
pub mod explain;
pub mod fuse;
pub mod glyph;
mod grammar;
pub mod key;
pub mod kind;
pub mod neighbours;
pub mod parse;
pub mod plate;
pub mod province;
pub mod similarity;
pub mod surface;
mod weigh;

pub use calibration::Calibration;
pub use confusion::Confusion;
pub use date::Date;
pub use decode::{Decoded, Outcome, Reading, decode};
pub use explain::{Explanation, explain};
pub use fuse::{Fusion, Look, Settled, Vote};
pub use glyph::{Glyph, GlyphSet};
pub use key::{InvalidKey, Key};
pub use kind::{DiplomaticVehicle, Kind, MilitaryVehicle, Mission, SpecialSeries, Zone};
pub use parse::{Fit, ParseError, Parsed, parse, parse_with};
pub use plate::Plate;
pub use province::{Issuer, Province, issuing};
pub use similarity::{Likeness, compare};
pub use surface::{Colour, Evidence, Ink, Rows, SoftEvidence, VehicleHint};

/// The examples of the README are tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
