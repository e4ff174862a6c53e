//! What was decided, and everything that led to it: what the guard reads now and the auditor in a year.

mod reason;

use std::fmt;

use domain::{MonoTime, UtcTime};
use serde::{Deserialize, Serialize};

use crate::id::{LaneId, RuleId, Subject};
use crate::policy::Lookalike;

pub use reason::{DenyReason, ReferReason};

/// Names a decision of one node, also across restarts, provided that every change was kept. It rises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DecisionNumber(u64);

impl DecisionNumber {
    /// Most decisions of one run; more than 40 a second for three years.
    const RUN_BITS: u32 = 32;

    pub(crate) const fn new(run: u32, count: u32) -> Self {
        Self(((run as u64) << Self::RUN_BITS) | count as u64)
    }

    /// The number as such: the run in the upper half, the count within the run in the lower.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for DecisionNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0 >> Self::RUN_BITS, self.0 & u64::from(u32::MAX))
    }
}

/// A decision of one lane.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// Its number.
    pub number: DecisionNumber,
    /// The lane.
    pub lane: LaneId,
    /// What was decided.
    pub verdict: Verdict,
    /// Whom it is about, as far as known: who came first is first.
    pub subjects: Vec<Subject>,
    /// When, for people.
    pub at: UtcTime,
    /// After this moment it must not open anything.
    pub deadline: MonoTime,
    /// Every check in its order, with what it found.
    pub trail: Vec<Step>,
}

/// What was decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "is", content = "because")]
pub enum Verdict {
    /// May pass.
    Permit(Grant),
    /// May not pass.
    Deny(DenyReason),
    /// The guard decides.
    Refer(ReferReason),
}

impl Verdict {
    /// The name of the verdict: `permit`, `deny` or `refer`.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Permit(_) => "permit",
            Self::Deny(_) => "deny",
            Self::Refer(_) => "refer",
        }
    }

    /// The name of the reason; of a permit, of what granted it.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Permit(Grant::Rule(_)) => "rule",
            Self::Permit(Grant::Override { .. }) => "override",
            Self::Deny(reason) => reason.as_str(),
            Self::Refer(reason) => reason.as_str(),
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Permit(Grant::Rule(rule)) => write!(f, "permit: rule {rule}"),
            Self::Permit(Grant::Override { guard, reason }) => write!(f, "permit: {guard} decided: {reason}"),
            Self::Deny(reason) => write!(f, "deny: {reason}"),
            Self::Refer(reason) => write!(f, "refer: {reason}"),
        }
    }
}

/// What grants a permit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grant {
    /// A rule of the lane.
    Rule(RuleId),
    /// A guard, who says why.
    Override {
        /// Who.
        guard: String,
        /// Why.
        reason: String,
    },
}

/// One check and what it found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// About whom, where that is known and matters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Subject>,
    /// What was looked at.
    pub check: Check,
    /// What was found.
    pub finding: Finding,
}

/// What is looked at, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// The policy knows the lane.
    Lane,
    /// It is known who is inside.
    State,
    /// The lane takes this kind of credential.
    Method,
    /// The plate was read surely enough.
    Confidence,
    /// Somebody on the lists has it, or the pass says who.
    Credential,
    /// Nothing about it is on the deny list.
    DenyList,
    /// The moment lies in the validity window.
    Validity,
    /// A rule of the lane takes the category at this time.
    Rule,
    /// The zone behind the lane may be entered.
    Zone,
    /// A pass for one entry was not used yet.
    PassUse,
    /// No other permit waits for its passage.
    Outstanding,
    /// The subject is where it comes from.
    AntiPassback,
    /// There is room in the zone.
    Occupancy,
    /// A citizen card identifies and proves nothing.
    Proof,
    /// A second, different credential.
    SecondFactor,
    /// A second person.
    TwoPerson,
    /// An escort.
    Escort,
}

impl Check {
    /// The name in events and translations.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lane => "lane",
            Self::State => "state",
            Self::Method => "method",
            Self::Confidence => "confidence",
            Self::Credential => "credential",
            Self::DenyList => "deny-list",
            Self::Validity => "validity",
            Self::Rule => "rule",
            Self::Zone => "zone",
            Self::PassUse => "pass-use",
            Self::Outstanding => "outstanding",
            Self::AntiPassback => "anti-passback",
            Self::Occupancy => "occupancy",
            Self::Proof => "proof",
            Self::SecondFactor => "second-factor",
            Self::TwoPerson => "two-person",
            Self::Escort => "escort",
        }
    }
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "is", content = "because")]
pub enum Finding {
    /// As it should be.
    Held,
    /// The policy does not ask for it here.
    NotAsked,
    /// Not as it should be, but the policy lets it pass.
    Noted(DenyReason),
    /// It resembles something denied, but is another one.
    Resembles(Lookalike),
    /// Reason enough to deny.
    Denied(DenyReason),
    /// Reason enough to refer.
    Referred(ReferReason),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.check.as_str())?;
        match &self.finding {
            Finding::Held => f.write_str("held"),
            Finding::NotAsked => f.write_str("not asked"),
            Finding::Noted(reason) => write!(f, "noted: {reason}"),
            Finding::Resembles(plate) => write!(f, "resembles the denied {plate}"),
            Finding::Denied(reason) => write!(f, "denied: {reason}"),
            Finding::Referred(reason) => write!(f, "referred: {reason}"),
        }
    }
}

/// The verdict of a trail: the first denial; without one the first referral; without one `granted`; and where nothing
/// grants, nobody knows it.
pub(crate) fn verdict(trail: &[Step], granted: Option<Grant>) -> Verdict {
    let denied = trail.iter().find_map(|step| match &step.finding {
        Finding::Denied(reason) => Some(reason.clone()),
        Finding::Held | Finding::NotAsked | Finding::Noted(_) | Finding::Resembles(_) | Finding::Referred(_) => None,
    });
    let referred = trail.iter().find_map(|step| match &step.finding {
        Finding::Referred(reason) => Some(reason.clone()),
        Finding::Held | Finding::NotAsked | Finding::Noted(_) | Finding::Resembles(_) | Finding::Denied(_) => None,
    });
    match (denied, referred, granted) {
        (Some(reason), _, _) => Verdict::Deny(reason),
        (None, Some(reason), _) => Verdict::Refer(reason),
        (None, None, Some(grant)) => Verdict::Permit(grant),
        (None, None, None) => Verdict::Refer(ReferReason::UnknownCredential),
    }
}
