//! Why somebody may not pass, and why the guard decides: each with a name for machines and a text for people.

use domain::{UtcTime, ZoneId};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::policy::Lookalike;

/// Why somebody may not pass.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Error)]
#[serde(rename_all = "kebab-case")]
pub enum DenyReason {
    /// On the list of those who must not pass.
    #[error("on the deny list: {reason}")]
    Listed {
        /// Why, as the list says.
        reason: String,
    },
    /// The lane does not take this kind of credential.
    #[error("this lane does not take this kind of credential")]
    MethodNotAccepted,
    /// Before the first day.
    #[error("not valid before {from}")]
    NotYetValid {
        /// From when.
        from: UtcTime,
    },
    /// After the last day.
    #[error("not valid since {since}")]
    Expired {
        /// Since when.
        since: UtcTime,
    },
    /// No rule of the lane speaks of the category.
    #[error("this lane does not take this category")]
    CategoryNotAccepted,
    /// A rule speaks of the category, but not at this time.
    #[error("not at this time")]
    OutsideSchedule,
    /// The zone behind the lane is not among those that may be entered.
    #[error("may not enter {zone}")]
    ZoneNotAllowed {
        /// Which.
        zone: ZoneId,
    },
    /// The pass is for other lanes.
    #[error("the pass is not for this lane")]
    LaneNotAllowed,
    /// The pass was good for one entry, which is over.
    #[error("the pass was used already")]
    PassUsed,
    /// Permitted a moment ago and not through yet.
    #[error("permitted a moment ago and not through yet")]
    PermitOutstanding,
    /// Went in and did not come out.
    #[error("is in {zone} already")]
    AlreadyInside {
        /// Where.
        zone: ZoneId,
    },
    /// Never went into the zone that it would leave.
    #[error("is not in {zone}")]
    NotInside {
        /// Which.
        zone: ZoneId,
    },
    /// Came in too short a time ago.
    #[error("came in a short time ago: again from {until}")]
    TooSoon {
        /// From when on again.
        until: UtcTime,
    },
    /// As many as may be are in the zone.
    #[error("{zone} is full with {max}")]
    ZoneFull {
        /// Which.
        zone: ZoneId,
        /// How many may be in it.
        max: u32,
    },
}

impl DenyReason {
    /// The name in events, metrics and translations.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Listed { .. } => "listed",
            Self::MethodNotAccepted => "method-not-accepted",
            Self::NotYetValid { .. } => "not-yet-valid",
            Self::Expired { .. } => "expired",
            Self::CategoryNotAccepted => "category-not-accepted",
            Self::OutsideSchedule => "outside-schedule",
            Self::ZoneNotAllowed { .. } => "zone-not-allowed",
            Self::LaneNotAllowed => "lane-not-allowed",
            Self::PassUsed => "pass-used",
            Self::PermitOutstanding => "permit-outstanding",
            Self::AlreadyInside { .. } => "already-inside",
            Self::NotInside { .. } => "not-inside",
            Self::TooSoon { .. } => "too-soon",
            Self::ZoneFull { .. } => "zone-full",
        }
    }
}

/// Why the guard decides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Error)]
#[serde(rename_all = "kebab-case")]
pub enum ReferReason {
    /// There is no such lane in the policy.
    #[error("the policy does not know this lane")]
    UnknownLane,
    /// Nobody on the lists has it.
    #[error("nobody on the lists has this")]
    UnknownCredential,
    /// Something was shown and could not be read, or proved false.
    #[error("cannot be read: {why}")]
    Unread {
        /// Why, for the guard.
        why: String,
    },
    /// Nobody knows who is inside: the record of it is damaged or cannot be written.
    #[error("nobody knows who is inside: the record of it cannot be used")]
    StateLost,
    /// It is on no list, but resembles a plate that is.
    #[error("resembles {plate}")]
    LooksLike {
        /// Which, and where it differs.
        plate: Lookalike,
    },
    /// The plate was not read surely enough.
    #[error("read with confidence {confidence:.2}, {min:.2} is needed")]
    PlateUnsure {
        /// How surely.
        confidence: f32,
        /// What the lane asks for.
        min: f32,
    },
    /// It depends on the time, and nobody vouches for the clock.
    #[error("depends on the time, and the clock cannot be trusted")]
    ClockUntrusted,
    /// Wants out after the last day.
    #[error("should have left by {since}")]
    Overstayed {
        /// Since when it should be gone.
        since: UtcTime,
    },
    /// Permitted before a restart; whether it went through, nobody saw.
    #[error("permitted before a restart, and nobody saw whether it went through")]
    PassageUnsettled,
    /// A citizen card's code can be printed by anybody.
    #[error("the citizen card's code identifies and proves nothing")]
    IdentificationOnly,
    /// The second credential did not come in time.
    #[error("the second credential did not come in time")]
    SecondFactorMissing,
    /// The second person did not come in time.
    #[error("the second person did not come in time")]
    SecondPersonMissing,
    /// The escort did not come in time.
    #[error("the escort did not come in time")]
    EscortMissing,
    /// The lane waits for somebody else's second credential, person or escort.
    #[error("the lane waits for what completes another one")]
    AwaitsAnother,
    /// The machine keeps as many permits or passes as it may.
    #[error("too many permits or used passes are kept")]
    Overloaded,
}

impl ReferReason {
    /// The name in events, metrics and translations.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::UnknownLane => "unknown-lane",
            Self::UnknownCredential => "unknown-credential",
            Self::Unread { .. } => "unread",
            Self::StateLost => "state-lost",
            Self::LooksLike { .. } => "looks-like",
            Self::PlateUnsure { .. } => "plate-unsure",
            Self::ClockUntrusted => "clock-untrusted",
            Self::Overstayed { .. } => "overstayed",
            Self::PassageUnsettled => "passage-unsettled",
            Self::IdentificationOnly => "identification-only",
            Self::SecondFactorMissing => "second-factor-missing",
            Self::SecondPersonMissing => "second-person-missing",
            Self::EscortMissing => "escort-missing",
            Self::AwaitsAnother => "awaits-another",
            Self::Overloaded => "overloaded",
        }
    }
}
