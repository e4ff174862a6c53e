//! What reading a plate comes to.

use std::fmt;

use crate::glyph::{Glyph, GlyphSet};
use crate::key::{KEY_LEN_MAX, Key};
use crate::kind::Kind;
use crate::plate::Plate;

/// The result of one decoding.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Decoded {
    /// What was read, or why nothing was.
    pub outcome: Outcome,
    /// The likeliest sign of each place that is not blank, without any grammar.
    pub raw: Raw,
}

impl Decoded {
    /// The best reading, if there is one.
    #[must_use]
    pub fn best(&self) -> Option<&Reading> {
        match &self.outcome {
            Outcome::Read(readings) => readings.readings.first(),
            Outcome::UnknownKind { .. } | Outcome::Unreadable { .. } | Outcome::NotAPlate { .. } => None,
        }
    }

    /// Whether another key or another kind fits about as well as the best reading.
    #[must_use]
    pub fn ambiguous(&self) -> bool {
        match &self.outcome {
            Outcome::Read(readings) => readings.ambiguous,
            Outcome::UnknownKind { .. } | Outcome::Unreadable { .. } | Outcome::NotAPlate { .. } => false,
        }
    }
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
pub enum Outcome {
    /// A plate of a known kind.
    Read(Readings),
    /// Signs that are well seen and no plate of any known kind; [`Decoded::raw`] has them.
    UnknownKind {
        /// Why.
        reason: UnknownKind,
    },
    /// A plate, perhaps, and not to be read.
    Unreadable {
        /// Why.
        reason: Unreadable,
    },
    /// Something else with signs on it.
    NotAPlate {
        /// Why.
        reason: NotAPlate,
    },
}

impl Outcome {
    /// A short name that stays.
    #[must_use]
    pub const fn slug(&self) -> &'static str {
        match self {
            Self::Read(_) => "read",
            Self::UnknownKind { .. } => "unknown_kind",
            Self::Unreadable { .. } => "unreadable",
            Self::NotAPlate { .. } => "not_a_plate",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(readings) => match readings.readings.first() {
                Some(best) => write!(f, "{} ({})", best.plate, best.plate.kind().slug()),
                None => f.write_str("nothing"),
            },
            Self::UnknownKind { reason } => write!(f, "unknown kind: {reason}"),
            Self::Unreadable { reason } => write!(f, "unreadable: {reason}"),
            Self::NotAPlate { reason } => write!(f, "not a plate: {reason}"),
        }
    }
}

/// The readings, the likeliest first; never empty, at most [`super::READINGS_MAX`].
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Readings {
    /// The likeliest first.
    pub readings: Vec<Reading>,
    /// Whether a second key, or a second kind of the first key, fits about as well as the first.
    pub ambiguous: bool,
}

/// One way to read the plate.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Reading {
    /// Key, kind and layout.
    pub plate: Plate,
    /// The calibrated probability that the key is right, whatever kind it is of.
    pub confidence: f32,
    /// The probability that the kind is right if the key is.
    pub kind_confidence: f32,
    /// Sign by sign.
    pub signs: Vec<Sign>,
}

impl Reading {
    /// The canonical key.
    #[must_use]
    pub const fn key(&self) -> Key {
        self.plate.key()
    }

    /// The kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.plate.kind()
    }

    /// The places of the key, from 0, where the grammar chose another sign than the recogniser's likeliest.
    pub fn corrected(&self) -> impl Iterator<Item = usize> + '_ {
        self.signs.iter().enumerate().filter(|(_, sign)| sign.instead_of.is_some()).map(|(at, _)| at)
    }
}

/// One sign of a reading.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Sign {
    /// The sign, as it stands in the key.
    pub glyph: Glyph,
    /// The probability that it is right.
    pub confidence: f32,
    /// Which of the recogniser's places it is from, from 0.
    pub place: u8,
    /// The recogniser's likeliest, where the grammar chose another.
    pub instead_of: Option<RawSign>,
}

/// What a recogniser sees at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
pub enum RawSign {
    /// A sign.
    Glyph(Glyph),
    /// Nothing.
    Blank,
}

/// The likeliest signs without grammar.
#[derive(Debug, Clone, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Raw {
    /// The signs, blanks left out.
    pub glyphs: Vec<Glyph>,
    /// The probability of each.
    pub probabilities: Vec<f32>,
}

impl fmt::Display for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.glyphs.iter().try_for_each(|glyph| write!(f, "{glyph}"))
    }
}

/// Why well-seen signs are no plate of a known kind. Positions count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
pub enum UnknownKind {
    /// A sign that no kind has there, given the signs before.
    Glyph {
        /// Which sign.
        position: u8,
        /// What was seen.
        found: Glyph,
        /// What the kinds that come nearest accept.
        accepted: GlyphSet,
        /// The kind that comes nearest.
        nearest: Kind,
    },
    /// Nobody issues plates with this code.
    UnusedCode {
        /// The code.
        code: u8,
    },
    /// Digits only: a plate of a national event, or the lower row of another.
    DigitsOnly,
    /// The signs taken singly fit a kind, but they are seen too weakly, or too much else speaks against it.
    Unlikely,
}

impl fmt::Display for UnknownKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Glyph { position, found, accepted, nearest } => {
                write!(
                    f,
                    "sign {position} is {found}; the nearest kind, {nearest}, and its like accept {accepted} there"
                )
            }
            Self::UnusedCode { code } => write!(f, "no authority issues plates with code {code:02}"),
            Self::DigitsOnly => f.write_str("digits only: a plate of a national event, or one row of another plate"),
            Self::Unlikely => f.write_str("too much speaks against each kind"),
        }
    }
}

/// Why a plate cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
pub enum Unreadable {
    /// More signs are unsure than a reading may have.
    TooUnsure {
        /// How many.
        unsure: u8,
        /// How many a reading may have.
        accepted: u8,
    },
    /// No reading is likely enough to be called one.
    Doubtful,
    /// A side of the plate is outside the picture or hidden.
    CutOff,
    /// Fewer signs than any plate has.
    TooFewGlyphs {
        /// How many.
        found: u8,
    },
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooUnsure { unsure, accepted } => {
                write!(f, "{unsure} signs are unsure; a reading may have {accepted}")
            }
            Self::Doubtful => f.write_str("too many readings are about as likely"),
            Self::CutOff => f.write_str("a side of the plate seems to be missing"),
            Self::TooFewGlyphs { found } => {
                write!(f, "{found} signs; a plate has at least {}", crate::grammar::LEN_MIN)
            }
        }
    }
}

/// Why it is no plate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
pub enum NotAPlate {
    /// Nearly every place is blank.
    NearlyBlank,
    /// More signs than any plate has.
    TooLong {
        /// How many.
        found: u8,
    },
    /// A number that is longer than those of plates without letters: a telephone number, for example.
    Number,
    /// Letters only.
    Word,
    /// The recogniser sees something else, whatever its signs.
    Unlike,
}

impl fmt::Display for NotAPlate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NearlyBlank => f.write_str("nearly no signs"),
            Self::TooLong { found } => write!(f, "{found} signs; a plate has at most {KEY_LEN_MAX}"),
            Self::Number => f.write_str("a number without letters, longer than on plates"),
            Self::Word => f.write_str("letters only"),
            Self::Unlike => f.write_str("it does not look like a plate: a board, or a plate in a mirror"),
        }
    }
}
