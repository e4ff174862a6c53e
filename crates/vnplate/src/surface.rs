//! What a plate looks like apart from its signs, and what somebody knows of that when he reads one.

/// The ground colour of a plate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum Colour {
    /// Private persons and companies.
    White,
    /// Transport business; economic zones.
    Yellow,
    /// The state.
    Blue,
    /// The army.
    Red,
}

impl Colour {
    /// Every colour, in the order of [`SoftEvidence::colours`].
    pub const ALL: [Self; 4] = [Self::White, Self::Yellow, Self::Blue, Self::Red];

    /// A short name that stays.
    #[must_use]
    pub const fn slug(self) -> &'static str {
        match self {
            Self::White => "white",
            Self::Yellow => "yellow",
            Self::Blue => "blue",
            Self::Red => "red",
        }
    }

    /// The colour of a slug.
    #[must_use]
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|colour| colour.slug() == slug)
    }

    /// The place in [`Colour::ALL`].
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }
}

/// The colour of the signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum Ink {
    /// On white and yellow.
    Black,
    /// On blue and red.
    White,
    /// On the yellow of an economic zone.
    Red,
}

/// In how many rows a plate is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum Rows {
    /// One row: the long plate of cars.
    One,
    /// Two rows: the short plate of cars, and every motorbike.
    Two,
}

/// What carries the plate, as far as somebody saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum VehicleHint {
    /// Four wheels or more.
    Car,
    /// Two or three wheels.
    Motorbike,
}

/// What somebody knows who types a plate in. Nothing is known by default; what contradicts a kind lowers it and is
/// named, and never forbids it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct Evidence {
    /// How many rows.
    pub rows: Option<Rows>,
    /// How many signs the top row has. Decides car (3) against old motorbike (4).
    pub top_len: Option<u8>,
    /// The ground colour.
    pub colour: Option<Colour>,
    /// What carries it.
    pub vehicle: Option<VehicleHint>,
}

/// What a recogniser knows of a plate apart from its signs, as probabilities. Nothing is known by default.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct SoftEvidence {
    /// The probability of two rows against one.
    pub two_rows: Option<f32>,
    /// How many signs the top row has, where the recogniser keeps the rows apart.
    pub top_len: Option<u8>,
    /// The probabilities of white, yellow, blue, red and any other ground.
    pub colours: Option<[f32; 5]>,
    /// The probability that a motorbike carries it.
    pub motorbike: Option<f32>,
    /// The probability that the picture or something in front cuts the plate off. When it is high (see
    /// [`Options::cut_off_above`](crate::decode::Options::cut_off_above)) nothing is read.
    pub cut_off: Option<f32>,
    /// The probability that the recogniser sees no plate at all: a sign, a mirrored plate. Above one half nothing is
    /// read.
    pub not_a_plate: Option<f32>,
}

/// How sure a statement by a person is taken to be: people mistake colours and layouts too.
const SAID: f32 = 0.98;

impl From<Evidence> for SoftEvidence {
    fn from(said: Evidence) -> Self {
        let sure = |yes: bool| if yes { SAID } else { 1.0 - SAID };
        Self {
            two_rows: said.rows.map(|rows| sure(rows == Rows::Two)),
            top_len: said.top_len,
            colours: said.colour.map(|colour| {
                let mut colours = [(1.0 - SAID) / 4.0; 5];
                colours[colour.index()] = SAID;
                colours
            }),
            motorbike: said.vehicle.map(|vehicle| sure(vehicle == VehicleHint::Motorbike)),
            cut_off: None,
            not_a_plate: None,
        }
    }
}
