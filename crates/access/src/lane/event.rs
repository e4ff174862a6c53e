//! What a lane tells.

use serde::{Deserialize, Serialize};

use super::{Command, CommandNumber, Order, Position, Supply, Switch};
use crate::decision::DecisionNumber;

/// What happened at a lane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LaneEvent {
    /// A command was handed to the actuator.
    Commanded(Command),
    /// The actuator carried a command out.
    CarriedOut(CommandNumber),
    /// Something that would have opened did not.
    Ignored {
        /// The decision, if it was one.
        number: Option<DecisionNumber>,
        /// Why.
        why: Ignored,
    },
    /// A guard gave an order.
    Ordered {
        /// What.
        order: Order,
        /// Who.
        guard: String,
    },
    /// The manual button was pressed.
    ButtonPressed,
    /// The fire alarm went on or off.
    Fire(Switch),
    /// Lock-down went on or off.
    LockDown(Switch),
    /// The contact says something else than before.
    Moved(Position),
    /// Something is wrong.
    Alarm(Alarm),
    /// It is no longer wrong.
    AlarmEnded(Alarm),
    /// So many events were dropped because they were not polled.
    Dropped {
        /// How many.
        count: u32,
    },
}

/// What is wrong at a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Alarm {
    /// It was told to open, and the contact does not say that it did.
    NotOpened,
    /// It was told to close, and the contact does not say that it did.
    NotClosed,
    /// It has been open too long.
    OpenTooLong,
    /// It is open, and nothing told it to.
    ForcedOpen,
    /// The actuator could not carry a command out.
    ActuatorFailed,
    /// Something that supervises or feeds the lane is gone.
    Lost(Supply),
}

impl Alarm {
    /// The name in events, metrics and translations.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotOpened => "not-opened",
            Self::NotClosed => "not-closed",
            Self::OpenTooLong => "open-too-long",
            Self::ForcedOpen => "forced-open",
            Self::ActuatorFailed => "actuator-failed",
            Self::Lost(Supply::Power) => "power-lost",
            Self::Lost(Supply::Link) => "link-lost",
            Self::Lost(Supply::Camera) => "camera-lost",
        }
    }
}

/// Why something opened nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ignored {
    /// After its deadline.
    Late,
    /// Under lock-down.
    LockedDown,
    /// The lane stands open anyway.
    HeldOpen,
    /// The lane is not supervised and fails closed.
    Unsupervised,
    /// This decision, or a newer one, was here already.
    NotNew,
    /// The permit ended before it was carried out.
    Ended,
    /// It is for another lane.
    OtherLane,
    /// Something stronger came before the actuator took it.
    Overruled,
}

impl Ignored {
    /// The name in events, metrics and translations.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Late => "late",
            Self::LockedDown => "locked-down",
            Self::HeldOpen => "held-open",
            Self::Unsupervised => "unsupervised",
            Self::NotNew => "not-new",
            Self::Ended => "ended",
            Self::OtherLane => "other-lane",
            Self::Overruled => "overruled",
        }
    }
}
