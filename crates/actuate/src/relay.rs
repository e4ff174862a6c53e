//! What every relay can do, whatever carries the order.

use std::fmt;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::ActuateError;

/// A relay at a barrier or a door.
///
/// Each method has a deadline: what cannot begin before it is refused with [`ActuateError::TooLate`] and leaves no
/// trace outside, and an exchange gets only the time that is left. An implementation never tries anything twice;
/// [`Actuator`](crate::Actuator) does where that is safe.
pub trait Relay: Send + fmt::Debug {
    /// Who ends a pulse.
    fn pulse_by(&self) -> PulseBy;

    /// Whether it has this contact; every relay has [`Contact::Open`].
    fn has_contact(&self, contact: Contact) -> bool;

    /// Whether [`Relay::read`] asks anything at all.
    fn has_readings(&self) -> bool;

    /// Sets a contact's level. Setting it twice is the same as setting it once.
    fn switch(&mut self, contact: Contact, to: Level, deadline: Instant) -> Result<(), ActuateError>;

    /// Has the relay pulse its open contact by itself. Done twice this is two pulses: a second vehicle may pass.
    fn pulse(&mut self, length: Duration, deadline: Instant) -> Result<(), ActuateError>;

    /// Reads feedback and inputs.
    fn read(&mut self, deadline: Instant) -> Result<Reading, ActuateError>;
}

/// Who ends a pulse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PulseBy {
    /// The relay's own timer, which works on when this machine dies. To be preferred.
    Relay,
    /// We switch on, wait and switch off.
    Us,
}

/// A contact of the relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Contact {
    /// Opens as long as it is on.
    Open,
    /// Closes when it is pulsed: barriers with a contact for each direction.
    Close,
}

impl fmt::Display for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "open",
            Self::Close => "close",
        })
    }
}

/// The level of a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Level {
    /// The contact is made.
    On,
    /// The contact is not made.
    Off,
}

/// Where the barrier or door is, by its feedback.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Position {
    /// Open.
    Open,
    /// Closed.
    Closed,
    /// Between the two.
    Moving,
    /// There is no feedback, or it contradicts itself.
    #[default]
    Unknown,
}

/// The state of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// There is no such input.
    #[default]
    Absent,
    /// Not active.
    Idle,
    /// Active: fire, the button pressed, a vehicle on the loop.
    Active,
}

impl Signal {
    pub(crate) fn from_active(active: bool) -> Self {
        if active { Self::Active } else { Self::Idle }
    }
}

/// What a relay says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Reading {
    /// Where the barrier is.
    pub position: Position,
    /// The fire alarm's input.
    pub fire: Signal,
    /// The manual button.
    pub button: Signal,
    /// The induction loop under the barrier.
    pub vehicle: Signal,
}

impl Position {
    /// From two end switches. A lone "closed" switch is a door contact: not closed is open. A lone "open" switch does
    /// not tell closed from moving, so what is not open is unknown; nor are two switches that are both on believed.
    pub fn from_end_switches(open: Signal, closed: Signal) -> Self {
        match (open, closed) {
            (Signal::Active, Signal::Idle | Signal::Absent) => Self::Open,
            (Signal::Idle | Signal::Absent, Signal::Active) => Self::Closed,
            (Signal::Idle, Signal::Idle) => Self::Moving,
            (Signal::Absent, Signal::Idle) => Self::Open,
            (Signal::Idle | Signal::Absent, Signal::Absent) | (Signal::Active, Signal::Active) => Self::Unknown,
        }
    }
}

/// The time that is left, or that it is too late.
pub(crate) fn time_left(deadline: Instant) -> Result<Duration, ActuateError> {
    let now = Instant::now();
    match deadline.checked_duration_since(now) {
        Some(left) if !left.is_zero() => Ok(left),
        Some(_) | None => Err(ActuateError::TooLate { late_by: now.saturating_duration_since(deadline) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn end_switches_give_a_position_only_where_they_agree() {
        use Signal::{Absent, Active, Idle};
        for (open, closed, position) in [
            (Active, Idle, Position::Open),
            (Idle, Active, Position::Closed),
            (Idle, Idle, Position::Moving),
            (Active, Active, Position::Unknown),
            (Absent, Active, Position::Closed),
            (Absent, Idle, Position::Open),
            (Active, Absent, Position::Open),
            (Idle, Absent, Position::Unknown),
            (Absent, Absent, Position::Unknown),
        ] {
            assert_eq!(Position::from_end_switches(open, closed), position, "open {open:?}, closed {closed:?}");
        }
    }
}
