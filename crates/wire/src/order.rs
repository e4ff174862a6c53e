//! A guard's order to a lane: signed at the hub, believed by the node only as long as it is fresh, answered under the
//! node's own signature.
//!
//! An order is a JSON object in the canonical form of RFC 8785, signed like a policy under a prefix of its own, so that
//! neither passes for the other: by an [`OrderKey`], which nodes believe in orders alone, or by a policy key, whose owner
//! may say who passes anyway. It names its node, because what one barrier may do says nothing
//! about another; it lives for [`LIFE_MAX`] at most, because a barrier that opens when nobody stands there any more lets
//! in whoever comes by; and it has an id, so that a node carries it out once.
//!
//! Orders are never retained: a node that is away when one is given never hears of it, and whoever gave it is told that
//! nobody answered.

mod answer;
mod key;

use std::time::Duration;

use domain::{NodeId, SiteId, UtcTime};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

use crate::access::{LaneName, TEXT_CHARS_MAX};
use crate::policy::sealed;
use crate::policy::{SealError, TrustedKeys};

pub use answer::{AnswerError, OrderAnswer, OrderOutcome};
pub use key::OrderKey;

/// Longest message in bytes.
pub const ORDER_BYTES_MAX: usize = 16 * 1024;

/// Longest time for which an order may be good.
pub const LIFE_MAX: Duration = Duration::from_secs(300);

/// How far the hub's clock may be ahead of the node's. Where it is further, one of them is wrong, and nobody can say how
/// old an order is.
pub const AHEAD_MAX: Duration = Duration::from_secs(30);

/// Longest number of a decision, in bytes.
const DECISION_BYTES_MAX: usize = 50;

const SIGNED_PREFIX: &[u8] = b"gatehouse-lane-order-v1\n";

/// Identity of an order: a random UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OrderId(Uuid);

impl OrderId {
    /// From 16 bytes that came from a source of randomness.
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self(uuid::Builder::from_random_bytes(bytes).into_uuid())
    }
}

impl std::fmt::Display for OrderId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// What is ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderAction {
    /// Open once.
    Open,
    /// Let somebody pass whatever the policy says: a decision of its own. With
    /// [`answers`](LaneOrder::answers) it is the answer to a referral.
    Permit,
    /// Let somebody not pass: the other answer to a referral, which it closes. Nothing moves.
    Refuse,
    /// Open and stay so.
    Hold,
    /// End a hold and close.
    Close,
    /// Close and stay closed, whatever is permitted.
    LockDown,
    /// Back to normal: no hold, no lock-down, no fire whose input is not active any more.
    Release,
}

impl OrderAction {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Open, Self::Permit, Self::Refuse, Self::Hold, Self::Close, Self::LockDown, Self::Release];

    /// Its name on the wire and in events.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Permit => "permit",
            Self::Refuse => "refuse",
            Self::Hold => "hold",
            Self::Close => "close",
            Self::LockDown => "lock_down",
            Self::Release => "release",
        }
    }

    /// Whether it leaves a lane less closed than it was.
    pub const fn loosens(self) -> bool {
        match self {
            Self::Open | Self::Permit | Self::Hold | Self::Release => true,
            Self::Refuse | Self::Close | Self::LockDown => false,
        }
    }

    /// Whether it may be for all lanes of a node at once.
    pub const fn fits_all_lanes(self) -> bool {
        match self {
            Self::LockDown | Self::Release => true,
            Self::Open | Self::Permit | Self::Refuse | Self::Hold | Self::Close => false,
        }
    }

    /// Whether it answers a decision that referred somebody to the guard.
    pub const fn answers(self) -> Answering {
        match self {
            Self::Permit => Answering::May,
            Self::Refuse => Answering::Must,
            Self::Open | Self::Hold | Self::Close | Self::LockDown | Self::Release => Answering::Never,
        }
    }
}

/// Whether an order names the decision that it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answering {
    /// It does not.
    Never,
    /// It may.
    May,
    /// It is nothing without one.
    Must,
}

/// A guard's order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LaneOrder {
    /// Its identity; a node carries an order out once.
    pub id: OrderId,
    /// The site.
    pub site: SiteId,
    /// The node that it is for.
    pub node: NodeId,
    /// The lane; nothing for all of the node's, where [`OrderAction::fits_all_lanes`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lane: Option<LaneName>,
    /// What.
    pub action: OrderAction,
    /// The number of the referred decision that a permit or a refusal answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<String>,
    /// Who orders it.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When it was signed, by the hub's clock.
    pub issued_at: UtcTime,
    /// After this moment it must not be carried out; at most [`LIFE_MAX`] after `issued_at`.
    pub not_after: UtcTime,
}

/// Why a message is no order for this node.
#[derive(Debug, Error)]
pub enum OrderError {
    /// Longer than [`ORDER_BYTES_MAX`].
    #[error("the order has {0} bytes, at most {ORDER_BYTES_MAX} are accepted")]
    TooLong(usize),
    /// No trusted key signed it.
    #[error("the order is not believed")]
    NotBelieved(#[source] SealError),
    /// A trusted key signed it, but it is something else.
    #[error("the order cannot be read")]
    NotAnOrder(#[source] serde_json::Error),
    /// Something in it is missing or too long.
    #[error("the order has no usable {member}: {accepted} is accepted")]
    BadMember {
        /// Which.
        member: &'static str,
        /// What would be right.
        accepted: &'static str,
    },
    /// It is for somebody else.
    #[error("the order is for node \"{node}\" of site \"{site}\"")]
    NotForUs {
        /// Its site.
        site: SiteId,
        /// Its node.
        node: NodeId,
    },
}

/// Why an order is not carried out now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Untimely {
    /// Too late.
    #[error("it was good until {not_after}, and the node's clock says {now}")]
    Late {
        /// Until when it was good.
        not_after: UtcTime,
        /// The node's time.
        now: UtcTime,
    },
    /// It comes from the node's future: one of the two clocks is wrong.
    #[error("it was given at {issued_at}, and the node's clock says {now}: one of the two clocks is wrong")]
    Ahead {
        /// When it was given.
        issued_at: UtcTime,
        /// The node's time.
        now: UtcTime,
    },
}

impl LaneOrder {
    /// The message in its wire form.
    pub fn seal(&self, key: &OrderKey) -> Result<Vec<u8>, OrderError> {
        self.check()?;
        let value = serde_json::to_value(self).map_err(OrderError::NotAnOrder)?;
        let bytes = sealed::seal(SIGNED_PREFIX, key.signer(), value).map_err(OrderError::NotAnOrder)?;
        if bytes.len() > ORDER_BYTES_MAX { Err(OrderError::TooLong(bytes.len())) } else { Ok(bytes) }
    }

    /// Reads an order that a trusted key signed for `node` of `site`, whether or not its time is over. Never panics,
    /// whatever the bytes.
    pub fn open(bytes: &[u8], trusted: &TrustedKeys, site: &SiteId, node: &NodeId) -> Result<Self, OrderError> {
        if bytes.len() > ORDER_BYTES_MAX {
            return Err(OrderError::TooLong(bytes.len()));
        }
        let value = sealed::open(SIGNED_PREFIX, bytes, trusted).map_err(OrderError::NotBelieved)?;
        let order: Self = serde_json::from_value(value).map_err(OrderError::NotAnOrder)?;
        order.check()?;
        if order.site != *site || order.node != *node {
            return Err(OrderError::NotForUs { site: order.site, node: order.node });
        }
        Ok(order)
    }

    /// For how long it is still good where the node's clock says `now`.
    pub fn time_left(&self, now: UtcTime) -> Result<Duration, Untimely> {
        let Self { issued_at, not_after, .. } = *self;
        if now > not_after {
            return Err(Untimely::Late { not_after, now });
        }
        if issued_at > now.saturating_add(AHEAD_MAX) {
            return Err(Untimely::Ahead { issued_at, now });
        }
        Ok(not_after.since(now))
    }

    /// That everything in it is there and fits.
    ///
    /// # Errors
    /// [`OrderError::BadMember`] names what does not.
    pub fn check(&self) -> Result<(), OrderError> {
        let bad = |member, accepted| Err(OrderError::BadMember { member, accepted });
        let is_said = |text: &str| !text.trim().is_empty() && text.chars().count() <= TEXT_CHARS_MAX;
        if !is_said(&self.by) {
            return bad("by", "the guard's name, of at most 500 characters,");
        }
        if !is_said(&self.reason) {
            return bad("reason", "why, in at most 500 characters,");
        }
        if self.not_after <= self.issued_at || self.not_after.since(self.issued_at) > LIFE_MAX {
            return bad("not_after", "a moment after issued_at, by at most 300 s,");
        }
        if self.lane.is_none() && !self.action.fits_all_lanes() {
            return bad("lane", "a lane's name; only lock_down and release may go without");
        }
        match (&self.answers, self.action.answers()) {
            (Some(_), Answering::Never) => bad("answers", "a decision's number with permit or refuse alone"),
            (None, Answering::Must) => bad("answers", "the number of the decision that is refused"),
            (Some(number), _) if number.is_empty() || number.len() > DECISION_BYTES_MAX => {
                bad("answers", "the number of a decision")
            }
            (Some(_), Answering::May | Answering::Must) | (None, Answering::Never | Answering::May) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
