//! What somebody shows at a lane, and when.

use domain::{ClockQuality, ClockSource, MonoTime, UtcTime, ZoneId};
use serde::{Deserialize, Serialize};
use vnplate::Key;

use crate::cccd::IdDigest;
use crate::id::{CardKey, CategoryId, LaneId, PassId};
use crate::policy::Demand;

/// Ways to show who one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// A number plate that a camera read.
    Plate,
    /// A visitor's pass as a QR code.
    Pass,
    /// A card of the site.
    Card,
    /// The citizen card's QR code. It is not signed, so it names somebody to the guard and never opens by itself.
    CitizenCard,
}

impl Method {
    /// The name in policies and events.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Plate => "plate",
            Self::Pass => "pass",
            Self::Card => "card",
            Self::CitizenCard => "citizen-card",
        }
    }
}

/// What was shown.
#[derive(Debug, Clone, PartialEq)]
pub enum Credential {
    /// A plate as read.
    Plate {
        /// Its key.
        key: Key,
        /// How sure the reading is, 0 to 1.
        confidence: f32,
    },
    /// A pass whose signature the caller has checked: one with a bad signature is no credential.
    Pass(VerifiedPass),
    /// A card as read.
    Card(CardKey),
    /// A citizen card, by the digest of its number.
    CitizenCard(IdDigest),
}

impl Credential {
    /// How it was shown.
    #[must_use]
    pub const fn method(&self) -> Method {
        match self {
            Self::Plate { .. } => Method::Plate,
            Self::Pass(_) => Method::Pass,
            Self::Card(_) => Method::Card,
            Self::CitizenCard(_) => Method::CitizenCard,
        }
    }
}

/// How often a pass is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PassUses {
    /// For one entry; leaving does not use it up.
    Once,
    /// For any number.
    Many,
}

/// What a pass says of itself, under the hub's signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedPass {
    /// Its number.
    pub id: PassId,
    /// How often it is good.
    pub uses: PassUses,
    /// The category of whoever carries it; of no effect for a pass that the lists give to a holder.
    pub category: CategoryId,
    /// From when.
    pub valid_from: UtcTime,
    /// Until when; this moment is not in it.
    pub valid_to: UtcTime,
    /// Into which zones; empty for those of the category. Where the lists give the pass to a holder, only into those of
    /// them that are his as well.
    pub zones: Vec<ZoneId>,
    /// At which lanes, those for leaving included; empty for all of them.
    pub lanes: Vec<LaneId>,
    /// Whether somebody must come along whom the lane takes for an escort. A lane that names no escorts takes nobody, so
    /// there the guard decides.
    pub escort: Demand,
}

/// Whether the wall clock can be believed. What depends on a schedule or a validity window is referred where it cannot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClockTrust {
    /// It is set.
    Trusted,
    /// Nobody vouches for it.
    Untrusted,
}

impl From<ClockQuality> for ClockTrust {
    /// A clock that a time service disciplines is believed, and so is a medium's, which cannot be wrong about itself.
    fn from(quality: ClockQuality) -> Self {
        match quality.source {
            ClockSource::Synchronised | ClockSource::Media => Self::Trusted,
            ClockSource::Unsynchronised | ClockSource::Unknown => Self::Untrusted,
        }
    }
}

/// A moment on this machine and for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// For people.
    pub at: UtcTime,
    /// For deadlines.
    pub now: MonoTime,
    /// Whether `at` can be believed.
    pub clock: ClockTrust,
}

impl Moment {
    /// The same clock at a later `now`; the same moment where it is not later.
    #[must_use]
    pub(crate) fn advanced_to(self, now: MonoTime) -> Self {
        let by = now.since(self.now);
        Self { at: self.at.saturating_add(by), now: self.now + by, clock: self.clock }
    }
}

/// Somebody shows something at a lane.
#[derive(Debug, Clone, PartialEq)]
pub struct Presented {
    /// Where.
    pub lane: LaneId,
    /// What.
    pub credential: Credential,
    /// When it was seen: deadlines count from here.
    pub moment: Moment,
}
