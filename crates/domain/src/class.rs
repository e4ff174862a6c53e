//! What an object is.

use serde::{Deserialize, Serialize};

/// What a detector says an object is. Detectors differ in how finely they tell vehicles apart, so the coarse classes
/// `vehicle` (any four wheels or more) and `bike` (any two-wheeler) stand beside the fine ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObjectClass {
    /// A person on foot.
    Person,
    /// A two-wheeler of unknown kind, with or without its rider.
    Bike,
    /// A bicycle.
    Bicycle,
    /// A motorbike or moped.
    Motorbike,
    /// A motor vehicle of unknown kind on four or more wheels.
    Vehicle,
    /// A car.
    Car,
    /// A bus or coach.
    Bus,
    /// A lorry.
    Truck,
}

/// The two groups that people count by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CountGroup {
    /// Persons on foot.
    Person,
    /// Vehicles of every class; a rider and his motorbike are one vehicle.
    Vehicle,
}

impl ObjectClass {
    /// Every class, in a fixed order.
    pub const ALL: [Self; 8] =
        [Self::Person, Self::Bike, Self::Bicycle, Self::Motorbike, Self::Vehicle, Self::Car, Self::Bus, Self::Truck];

    /// The group it is counted in.
    pub const fn group(self) -> CountGroup {
        match self {
            Self::Person => CountGroup::Person,
            Self::Bike | Self::Bicycle | Self::Motorbike | Self::Vehicle | Self::Car | Self::Bus | Self::Truck => {
                CountGroup::Vehicle
            }
        }
    }

    /// Whether it is ridden: a person upon it belongs to it.
    pub const fn is_two_wheeler(self) -> bool {
        match self {
            Self::Bike | Self::Bicycle | Self::Motorbike => true,
            Self::Person | Self::Vehicle | Self::Car | Self::Bus | Self::Truck => false,
        }
    }

    /// The name used in configuration, events and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Bike => "bike",
            Self::Bicycle => "bicycle",
            Self::Motorbike => "motorbike",
            Self::Vehicle => "vehicle",
            Self::Car => "car",
            Self::Bus => "bus",
            Self::Truck => "truck",
        }
    }
}

impl CountGroup {
    /// Both groups.
    pub const ALL: [Self; 2] = [Self::Person, Self::Vehicle];

    /// The name used in configuration, events and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Vehicle => "vehicle",
        }
    }
}

impl std::fmt::Display for ObjectClass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::fmt::Display for CountGroup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
