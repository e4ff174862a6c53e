//! A plate of a known kind: its key taken apart and written as people write it.

use std::fmt;

use crate::date::Date;
use crate::glyph::Glyph;
use crate::grammar::Form;
use crate::grammar::forms::{self, FormId};
use crate::key::Key;
use crate::kind::{DiplomaticVehicle, Kind, Mission};
use crate::province::{Issuer, issuing};

/// A plate: a key that a form of the grammar fits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Plate {
    key: Key,
    form: FormId,
}

/// Why a key, a kind and a row break make no plate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("plate key {key} is no {} with {top_len} signs in the top row", kind.slug())]
pub struct NotOfKind {
    key: Key,
    kind: Kind,
    top_len: u8,
}

impl Plate {
    /// For signs that were checked against the form.
    pub(crate) fn of_form(key: Key, form: FormId) -> Self {
        Self { key, form }
    }

    /// The plate with a key, a kind and so many signs in its top row: what [`Plate::key`], [`Plate::kind`] and
    /// [`Plate::top_len`] say of one plate is enough to have it back.
    ///
    /// # Errors
    /// When no form of the kind fits.
    pub fn new(key: Key, kind: Kind, top_len: u8) -> Result<Self, NotOfKind> {
        let glyphs: Vec<Glyph> = key.glyphs().collect();
        forms::of_len(key.len())
            .find(|(_, form)| form.kind == kind && form.top == top_len && form.check(&glyphs).is_ok())
            .map(|(id, _)| Self::of_form(key, id))
            .ok_or(NotOfKind { key, kind, top_len })
    }

    fn form(&self) -> &'static Form {
        forms::get(self.form)
    }

    /// The canonical key.
    #[must_use]
    pub const fn key(&self) -> Key {
        self.key
    }

    /// The kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.form().kind
    }

    /// How many signs the top row has when the plate has two rows.
    #[must_use]
    pub fn top_len(&self) -> u8 {
        self.form().top
    }

    /// The code of the issuing authority; military plates have none.
    #[must_use]
    pub fn code(&self) -> Option<u8> {
        self.form().code(self.key.glyphs())
    }

    /// Who issues plates with its code on a day; `None` for a military plate.
    #[must_use]
    pub fn issuer(&self, on: Date) -> Option<Issuer> {
        self.code().map(|code| issuing(code, on))
    }

    /// The series: the letters (and digit) that stand for a run of serials; of a temporary plate T, of a military one
    /// its unit, of a diplomatic one its group.
    #[must_use]
    pub fn series(&self) -> String {
        let (from, to): (u8, u8) = match self.kind() {
            Kind::Temporary => (0, 1),
            Kind::Military(_) => (0, 2),
            Kind::Diplomatic(..) if self.top_len() == 5 => (5, 7),
            Kind::Diplomatic(..) => (2, 4),
            Kind::Car
            | Kind::StateCar
            | Kind::MotorbikeNew
            | Kind::MotorbikeOld
            | Kind::ElectricMotorbike
            | Kind::StateMotorbike
            | Kind::Special(_)
            | Kind::EconomicZone(_) => (2, self.top_len()),
        };
        self.form().write(self.key.glyphs(), usize::from(from), usize::from(to))
    }

    /// The running number, digits only.
    #[must_use]
    pub fn serial(&self) -> &str {
        let key = self.key_str();
        match self.kind() {
            Kind::Diplomatic(_, DiplomaticVehicle::Car) => &key[7..9],
            Kind::Diplomatic(_, DiplomaticVehicle::Motorbike) => &key[7..10],
            Kind::Military(_) => {
                let serial = &key[2..];
                serial.trim_end_matches(|c: char| !c.is_ascii_digit())
            }
            Kind::Car
            | Kind::StateCar
            | Kind::MotorbikeNew
            | Kind::MotorbikeOld
            | Kind::ElectricMotorbike
            | Kind::StateMotorbike
            | Kind::Special(_)
            | Kind::EconomicZone(_)
            | Kind::Temporary => &key[usize::from(self.top_len())..],
        }
    }

    /// The country or organisation on a diplomatic plate.
    #[must_use]
    pub fn country(&self) -> Option<&str> {
        let key = self.key_str();
        match self.kind() {
            Kind::Diplomatic(..) if self.top_len() == 5 => Some(&key[2..5]),
            Kind::Diplomatic(..) => Some(&key[4..7]),
            Kind::Car
            | Kind::StateCar
            | Kind::MotorbikeNew
            | Kind::MotorbikeOld
            | Kind::ElectricMotorbike
            | Kind::StateMotorbike
            | Kind::Special(_)
            | Kind::EconomicZone(_)
            | Kind::Temporary
            | Kind::Military(_) => None,
        }
    }

    /// Whether it is the car of a head of mission: serial 01 of an NG or QT plate.
    #[must_use]
    pub fn is_head_of_mission(&self) -> bool {
        let of_mission = matches!(
            self.kind(),
            Kind::Diplomatic(Mission::Diplomatic | Mission::International, DiplomaticVehicle::Car)
        );
        of_mission && self.serial() == "01"
    }

    fn key_str(&self) -> &str {
        self.key.as_str()
    }

    /// On one line, as people write it: `30A-123.45`, `29-AA 123.45`, `T80-235.88`, `80-441-NG-45`, `AA-12-34`.
    #[must_use]
    pub fn display(&self) -> String {
        self.form().write(self.key.glyphs(), 0, self.key.len())
    }

    /// In the two rows of a short plate: `30A` and `123.45`. The bottom is `None` for a row too many: never, as every
    /// kind can be written in two rows.
    #[must_use]
    pub fn rows_display(&self) -> (String, Option<String>) {
        let top = usize::from(self.top_len());
        let form = self.form();
        let bottom = form.write(self.key.glyphs(), top, self.key.len());
        (form.write(self.key.glyphs(), 0, top), (!bottom.is_empty()).then_some(bottom))
    }

    /// The signs as they stand on the plate: with Đ where the kind has one.
    pub fn glyphs(&self) -> impl Iterator<Item = Glyph> + '_ {
        let dyet_at = self.form().dyet_at();
        self.key.glyphs().enumerate().map(move |(at, glyph)| if dyet_at == Some(at) { Glyph::D_STROKE } else { glyph })
    }

    /// Before which signs people write a separator, and which.
    pub(crate) fn breaks(&self) -> &'static [(u8, char)] {
        &self.form().breaks
    }
}

impl fmt::Display for Plate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.display())
    }
}

impl fmt::Debug for Plate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Plate({}, {})", self.display(), self.kind().slug())
    }
}

#[cfg(feature = "serde")]
mod as_value {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{Key, Kind, Plate};

    #[derive(Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Value {
        key: Key,
        kind: Kind,
        top_len: u8,
    }

    impl Serialize for Plate {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            Value { key: self.key(), kind: self.kind(), top_len: self.top_len() }.serialize(serializer)
        }
    }

    impl<'de> Deserialize<'de> for Plate {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let value = Value::deserialize(deserializer)?;
            Self::new(value.key, value.kind, value.top_len).map_err(serde::de::Error::custom)
        }
    }
}
