//! The kinds of Vietnamese plates, and what a kind says about the vehicle and the plate itself.

use std::fmt;

use crate::surface::{Colour, Ink, Rows};

/// The two-letter (or one-letter) series that stand for a use of their own (Circular 79/2024/TT-BCA).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SpecialSeries {
    /// LD: company with foreign capital.
    ForeignInvested,
    /// DA: project with foreign capital.
    ForeignProject,
    /// HC: vehicle of restricted range, four-wheeled.
    Restricted,
    /// KT: company of the army.
    ArmyCompany,
    /// TĐ: vehicle on trial.
    Trial,
    /// MK: tractor.
    Tractor,
    /// CD: special-purpose machine; on blue, of the police.
    SpecialMachine,
    /// R: trailer or semi-trailer.
    Trailer,
    /// RM: trailer or semi-trailer.
    SemiTrailer,
}

/// A special economic zone whose vehicles have yellow plates with red signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Zone {
    /// CT: Cầu Treo, Hà Tĩnh.
    CauTreo,
    /// LB: Lao Bảo, Quảng Trị.
    LaoBao,
}

/// Whose plate a plate of foreigners is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mission {
    /// NG: diplomatic mission and its members with immunity.
    Diplomatic,
    /// QT: international organisation and its members with immunity.
    International,
    /// CV: administrative and technical staff of a mission.
    Staff,
    /// NN: other foreign organisation or person.
    Foreign,
}

/// What carries a diplomatic plate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DiplomaticVehicle {
    /// Two digits of serial.
    Car,
    /// Three digits of serial.
    Motorbike,
}

/// What carries a military plate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MilitaryVehicle {
    /// Car, lorry or bus: four digits.
    Vehicle,
    /// Motorbike: three digits.
    Motorbike,
    /// Trailer: three digits and RM or BM.
    Trailer,
}

/// The kind of a plate. Closed: what fits none of them is of an unknown kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A car; the colour says private (white) or transport business (yellow).
    Car,
    /// A car of the state: blue.
    StateCar,
    /// A motorbike with two series letters (since 15 August 2023, and small ones before).
    MotorbikeNew,
    /// A motorbike with a series letter and digit.
    MotorbikeOld,
    /// An electric motorbike: MĐ.
    ElectricMotorbike,
    /// A motorbike of the state: blue, with a series letter and digit.
    StateMotorbike,
    /// A series of its own.
    Special(SpecialSeries),
    /// A car of a special economic zone.
    EconomicZone(Zone),
    /// A temporary plate: T before the code.
    Temporary,
    /// A plate of a foreign mission, organisation or person.
    Diplomatic(Mission, DiplomaticVehicle),
    /// A plate of the army (Circular 169/2021/TT-BQP).
    Military(MilitaryVehicle),
}

impl SpecialSeries {
    /// The letters on the plate.
    #[must_use]
    pub const fn letters(self) -> &'static str {
        match self {
            Self::ForeignInvested => "LD",
            Self::ForeignProject => "DA",
            Self::Restricted => "HC",
            Self::ArmyCompany => "KT",
            Self::Trial => "TĐ",
            Self::Tractor => "MK",
            Self::SpecialMachine => "CD",
            Self::Trailer => "R",
            Self::SemiTrailer => "RM",
        }
    }
}

impl Zone {
    /// The letters on the plate.
    #[must_use]
    pub const fn letters(self) -> &'static str {
        match self {
            Self::CauTreo => "CT",
            Self::LaoBao => "LB",
        }
    }
}

impl Mission {
    /// The letters on the plate.
    #[must_use]
    pub const fn letters(self) -> &'static str {
        match self {
            Self::Diplomatic => "NG",
            Self::International => "QT",
            Self::Staff => "CV",
            Self::Foreign => "NN",
        }
    }
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 29] = [
        Self::Car,
        Self::StateCar,
        Self::MotorbikeNew,
        Self::MotorbikeOld,
        Self::ElectricMotorbike,
        Self::StateMotorbike,
        Self::Special(SpecialSeries::ForeignInvested),
        Self::Special(SpecialSeries::ForeignProject),
        Self::Special(SpecialSeries::Restricted),
        Self::Special(SpecialSeries::ArmyCompany),
        Self::Special(SpecialSeries::Trial),
        Self::Special(SpecialSeries::Tractor),
        Self::Special(SpecialSeries::SpecialMachine),
        Self::Special(SpecialSeries::Trailer),
        Self::Special(SpecialSeries::SemiTrailer),
        Self::EconomicZone(Zone::CauTreo),
        Self::EconomicZone(Zone::LaoBao),
        Self::Temporary,
        Self::Diplomatic(Mission::Diplomatic, DiplomaticVehicle::Car),
        Self::Diplomatic(Mission::Diplomatic, DiplomaticVehicle::Motorbike),
        Self::Diplomatic(Mission::International, DiplomaticVehicle::Car),
        Self::Diplomatic(Mission::International, DiplomaticVehicle::Motorbike),
        Self::Diplomatic(Mission::Staff, DiplomaticVehicle::Car),
        Self::Diplomatic(Mission::Staff, DiplomaticVehicle::Motorbike),
        Self::Diplomatic(Mission::Foreign, DiplomaticVehicle::Car),
        Self::Diplomatic(Mission::Foreign, DiplomaticVehicle::Motorbike),
        Self::Military(MilitaryVehicle::Vehicle),
        Self::Military(MilitaryVehicle::Motorbike),
        Self::Military(MilitaryVehicle::Trailer),
    ];

    /// A short name that stays: for files, messages and addresses.
    #[must_use]
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Car => "car",
            Self::StateCar => "state_car",
            Self::MotorbikeNew => "motorbike_new",
            Self::MotorbikeOld => "motorbike_old",
            Self::ElectricMotorbike => "electric_motorbike",
            Self::StateMotorbike => "state_motorbike",
            Self::Special(SpecialSeries::ForeignInvested) => "special_ld",
            Self::Special(SpecialSeries::ForeignProject) => "special_da",
            Self::Special(SpecialSeries::Restricted) => "special_hc",
            Self::Special(SpecialSeries::ArmyCompany) => "special_kt",
            Self::Special(SpecialSeries::Trial) => "special_td",
            Self::Special(SpecialSeries::Tractor) => "special_mk",
            Self::Special(SpecialSeries::SpecialMachine) => "special_cd",
            Self::Special(SpecialSeries::Trailer) => "trailer_r",
            Self::Special(SpecialSeries::SemiTrailer) => "trailer_rm",
            Self::EconomicZone(Zone::CauTreo) => "zone_ct",
            Self::EconomicZone(Zone::LaoBao) => "zone_lb",
            Self::Temporary => "temporary",
            Self::Diplomatic(Mission::Diplomatic, DiplomaticVehicle::Car) => "diplomatic_ng_car",
            Self::Diplomatic(Mission::Diplomatic, DiplomaticVehicle::Motorbike) => "diplomatic_ng_motorbike",
            Self::Diplomatic(Mission::International, DiplomaticVehicle::Car) => "diplomatic_qt_car",
            Self::Diplomatic(Mission::International, DiplomaticVehicle::Motorbike) => "diplomatic_qt_motorbike",
            Self::Diplomatic(Mission::Staff, DiplomaticVehicle::Car) => "diplomatic_cv_car",
            Self::Diplomatic(Mission::Staff, DiplomaticVehicle::Motorbike) => "diplomatic_cv_motorbike",
            Self::Diplomatic(Mission::Foreign, DiplomaticVehicle::Car) => "diplomatic_nn_car",
            Self::Diplomatic(Mission::Foreign, DiplomaticVehicle::Motorbike) => "diplomatic_nn_motorbike",
            Self::Military(MilitaryVehicle::Vehicle) => "military_vehicle",
            Self::Military(MilitaryVehicle::Motorbike) => "military_motorbike",
            Self::Military(MilitaryVehicle::Trailer) => "military_trailer",
        }
    }

    /// The kind of a slug.
    #[must_use]
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.slug() == slug)
    }

    /// What it is, for people.
    #[must_use]
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Car => "car (white: private, yellow: transport business)",
            Self::StateCar => "car of the state",
            Self::MotorbikeNew => "motorbike, two-letter series",
            Self::MotorbikeOld => "motorbike, letter-and-digit series",
            Self::ElectricMotorbike => "electric motorbike",
            Self::StateMotorbike => "motorbike of the state",
            Self::Special(SpecialSeries::ForeignInvested) => "vehicle of a company with foreign capital (LD)",
            Self::Special(SpecialSeries::ForeignProject) => "vehicle of a foreign-funded project (DA)",
            Self::Special(SpecialSeries::Restricted) => "vehicle of restricted range, four-wheeled (HC)",
            Self::Special(SpecialSeries::ArmyCompany) => "vehicle of an army company (KT)",
            Self::Special(SpecialSeries::Trial) => "vehicle on trial (TĐ)",
            Self::Special(SpecialSeries::Tractor) => "tractor (MK)",
            Self::Special(SpecialSeries::SpecialMachine) => "special-purpose machine (CD; on blue: police)",
            Self::Special(SpecialSeries::Trailer) => "trailer (R)",
            Self::Special(SpecialSeries::SemiTrailer) => "trailer (RM)",
            Self::EconomicZone(Zone::CauTreo) => "vehicle of the Cầu Treo economic zone (CT)",
            Self::EconomicZone(Zone::LaoBao) => "vehicle of the Lao Bảo economic zone (LB)",
            Self::Temporary => "temporary plate",
            Self::Diplomatic(Mission::Diplomatic, DiplomaticVehicle::Car) => "car of a diplomatic mission (NG)",
            Self::Diplomatic(Mission::Diplomatic, DiplomaticVehicle::Motorbike) => {
                "motorbike of a diplomatic mission (NG)"
            }
            Self::Diplomatic(Mission::International, DiplomaticVehicle::Car) => {
                "car of an international organisation (QT)"
            }
            Self::Diplomatic(Mission::International, DiplomaticVehicle::Motorbike) => {
                "motorbike of an international organisation (QT)"
            }
            Self::Diplomatic(Mission::Staff, DiplomaticVehicle::Car) => "car of a mission's staff (CV)",
            Self::Diplomatic(Mission::Staff, DiplomaticVehicle::Motorbike) => "motorbike of a mission's staff (CV)",
            Self::Diplomatic(Mission::Foreign, DiplomaticVehicle::Car) => {
                "car of a foreign organisation or person (NN)"
            }
            Self::Diplomatic(Mission::Foreign, DiplomaticVehicle::Motorbike) => {
                "motorbike of a foreign organisation or person (NN)"
            }
            Self::Military(MilitaryVehicle::Vehicle) => "military vehicle",
            Self::Military(MilitaryVehicle::Motorbike) => "military motorbike",
            Self::Military(MilitaryVehicle::Trailer) => "military trailer",
        }
    }

    /// The colours that the law gives it; the usual one first.
    #[must_use]
    pub const fn colours(self) -> &'static [Colour] {
        match self {
            Self::Car => &[Colour::White, Colour::Yellow],
            Self::StateCar | Self::StateMotorbike => &[Colour::Blue],
            Self::Special(SpecialSeries::SpecialMachine) => &[Colour::White, Colour::Blue],
            Self::Special(
                SpecialSeries::ForeignInvested
                | SpecialSeries::ForeignProject
                | SpecialSeries::ArmyCompany
                | SpecialSeries::Trailer
                | SpecialSeries::SemiTrailer,
            ) => &[Colour::White, Colour::Yellow],
            Self::EconomicZone(Zone::CauTreo | Zone::LaoBao) => &[Colour::Yellow],
            Self::Military(_) => &[Colour::Red],
            Self::MotorbikeNew
            | Self::MotorbikeOld
            | Self::ElectricMotorbike
            | Self::Special(SpecialSeries::Restricted | SpecialSeries::Trial | SpecialSeries::Tractor)
            | Self::Temporary
            | Self::Diplomatic(..) => &[Colour::White],
        }
    }

    /// The colour of the signs; of NG and QT plates the two letters are red.
    #[must_use]
    pub const fn ink(self, ground: Colour) -> Ink {
        match (self, ground) {
            (Self::EconomicZone(_), _) => Ink::Red,
            (_, Colour::Blue | Colour::Red) => Ink::White,
            (_, Colour::White | Colour::Yellow) => Ink::Black,
        }
    }

    /// Whether a plate of this kind may be written in so many rows. Motorbikes and civil trailers have two, always.
    #[must_use]
    pub const fn allows(self, rows: Rows) -> bool {
        match rows {
            Rows::Two => true,
            Rows::One => {
                !self.is_motorbike()
                    && !matches!(self, Self::Special(SpecialSeries::Trailer | SpecialSeries::SemiTrailer))
            }
        }
    }

    /// Whether a motorbike carries it.
    #[must_use]
    pub const fn is_motorbike(self) -> bool {
        match self {
            Self::MotorbikeNew
            | Self::MotorbikeOld
            | Self::ElectricMotorbike
            | Self::StateMotorbike
            | Self::Diplomatic(_, DiplomaticVehicle::Motorbike)
            | Self::Military(MilitaryVehicle::Motorbike) => true,
            Self::Car
            | Self::StateCar
            | Self::Special(_)
            | Self::EconomicZone(_)
            | Self::Temporary
            | Self::Diplomatic(_, DiplomaticVehicle::Car)
            | Self::Military(MilitaryVehicle::Vehicle | MilitaryVehicle::Trailer) => false,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.describe())
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Kind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.slug())
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Kind {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let slug = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::from_slug(&slug).ok_or_else(|| {
            let slugs: Vec<_> = Self::ALL.iter().map(|kind| kind.slug()).collect();
            serde::de::Error::custom(format!("unknown plate kind {slug:?}: accepted are {}", slugs.join(", ")))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_slug_of_its_own_and_is_found_by_it() {
        for kind in Kind::ALL {
            assert_eq!(Kind::from_slug(kind.slug()), Some(kind));
        }
        assert_eq!(Kind::from_slug("lorry"), None);
    }

    #[test]
    fn motorbikes_and_civil_trailers_never_have_one_row() {
        let one_row: Vec<_> = Kind::ALL.into_iter().filter(|kind| kind.allows(Rows::One)).collect();
        assert!(one_row.iter().all(|kind| !kind.is_motorbike()));
        assert_eq!(one_row.len(), 29 - 9 - 2);
        assert!(!Kind::Special(SpecialSeries::Trailer).allows(Rows::One));
    }

    #[test]
    fn economic_zones_write_red_on_yellow_and_the_army_white_on_red() {
        assert_eq!(Kind::EconomicZone(Zone::LaoBao).ink(Colour::Yellow), Ink::Red);
        assert_eq!(Kind::Military(MilitaryVehicle::Vehicle).ink(Colour::Red), Ink::White);
        assert_eq!(Kind::Car.ink(Colour::Yellow), Ink::Black);
    }
}
