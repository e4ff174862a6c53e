//! What a node says about its policy: in its status, and as an event.

use domain::UtcTime;
use serde::{Deserialize, Serialize};

use super::succession::PolicyName;

/// Longest reason in characters; the rest is cut off. Reasons travel unencrypted, so whoever writes one leaves names
/// and plates out.
pub const REASON_CHARS_MAX: usize = 400;

/// What a node works by.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PolicyStatus {
    /// The policy in force; nothing where the node works by its own configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running: Option<PolicyName>,
    /// Why the last one that the hub wanted is not in force; nothing once one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<PolicyRefusal>,
    /// A policy that is here and waits for its time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<PolicyWaiting>,
}

/// A policy that is not in force, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyRefusal {
    /// Its number; nothing where the message could not be believed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// Why, for people: at most [`REASON_CHARS_MAX`] characters.
    pub reason: String,
    /// Since when.
    pub at: UtcTime,
}

/// A policy whose time has not come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyWaiting {
    /// Its number.
    pub version: u64,
    /// When it comes into force.
    pub not_before: UtcTime,
}

/// Another policy came into force, or one that was wanted did not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyChange {
    /// What came of it.
    pub outcome: PolicyOutcome,
    /// The policy that it is about; nothing where the message could not be believed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyName>,
    /// What is in force now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running: Option<PolicyName>,
    /// Why it was refused or had to be given up, for people; empty where it was applied. At most [`REASON_CHARS_MAX`]
    /// characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// What came of a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PolicyOutcome {
    /// It is in force.
    Applied,
    /// It is not, and what was in force before still is.
    Refused,
    /// It was in force, and its copy here turned out damaged: the one before stands in.
    Lost,
}

/// `reason`, cut off where it is too long.
pub fn short_reason(reason: &str) -> String {
    reason.chars().take(REASON_CHARS_MAX).collect()
}
