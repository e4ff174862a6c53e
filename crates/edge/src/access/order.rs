//! What a guard orders at a lane, and what is answered.

use std::time::Instant;

use access::{DecisionNumber, GuardError, LaneId, Subject};
use thiserror::Error;

/// What a guard orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuardOrder {
    /// At which lane; nothing for all of them, which a lock-down and its end may be for.
    pub lane: Option<LaneId>,
    /// What.
    pub kind: OrderKind,
    /// Who orders it.
    pub by: String,
    /// Why.
    pub reason: String,
    /// After this moment it is refused.
    pub until: Instant,
}

/// What a guard may order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderKind {
    /// Open once.
    Open,
    /// Open and stay so.
    Hold,
    /// End a hold and close.
    Close,
    /// Close and stay closed, whatever is permitted.
    LockDown,
    /// Back to normal: no hold, no lock-down, and no fire whose input is not active any more.
    Release,
    /// Let somebody pass whatever the policy says: a decision of its own.
    Override {
        /// Whom, as far as known.
        subjects: Vec<Subject>,
    },
    /// Let pass whom a decision referred to the guard: a decision of its own.
    Answer {
        /// The number of the decision that referred; it must be the lane's last referral, and fresh.
        decision: String,
    },
    /// Let not pass whom a decision referred to the guard. Nothing moves, and nobody else answers it any more.
    Refuse {
        /// As for [`OrderKind::Answer`].
        decision: String,
    },
}

impl OrderKind {
    /// Its name in events.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Hold => "hold",
            Self::Close => "close",
            Self::LockDown => "lock-down",
            Self::Release => "release",
            Self::Override { .. } | Self::Answer { .. } => "permit",
            Self::Refuse { .. } => "refuse",
        }
    }
}

/// An order was given to the lane. What became of it is told as events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderDone {
    /// The decision, where it is one.
    pub decision: Option<DecisionNumber>,
}

/// Why an order was not given to a lane.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OrderRefused {
    /// Too late.
    #[error("the order came after its time")]
    Expired,
    /// The guard's name or reason is missing, or somebody is not known.
    #[error(transparent)]
    Guard(#[from] GuardError),
    /// This node has no such lane.
    #[error("this node has no lane \"{0}\"")]
    UnknownLane(LaneId),
    /// Only a lock-down and its end may be for all lanes.
    #[error("at which lane? Only a lock-down and its end may be for all lanes")]
    WhichLane,
    /// There is no actuator.
    #[error("nothing that this node drives opens there")]
    NothingOpens,
    /// The fire input is active.
    #[error("the fire input of lane \"{0}\" is still active")]
    StillBurning(LaneId),
    /// Nothing is permitted because nobody knows who is inside.
    #[error("nobody knows who is inside, so nobody can be permitted: order the lane to open instead")]
    StateLost,
    /// That decision is not what the lane waits with.
    #[error("decision {0} does not wait for a guard at this lane, or no longer")]
    NotWaiting(String),
    /// Whoever took the order refused it.
    #[error("{why}")]
    NotTaken {
        /// The reason's name in events.
        name: &'static str,
        /// The reason in words.
        why: String,
    },
    /// The node ends, or does not answer.
    #[error("the node does not answer")]
    Silent,
}

impl OrderRefused {
    /// Its name in events.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Expired => "late",
            Self::Guard(_) => "guard",
            Self::UnknownLane(_) => "unknown-lane",
            Self::WhichLane => "which-lane",
            Self::NothingOpens => "nothing-opens",
            Self::StillBurning(_) => "still-burning",
            Self::StateLost => "state-lost",
            Self::NotWaiting(_) => "not-waiting",
            Self::NotTaken { name, .. } => name,
            Self::Silent => "silent",
        }
    }
}
