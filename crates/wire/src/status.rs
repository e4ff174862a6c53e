//! What a node says of itself, retained by the broker, with a last will for when it cannot.

use domain::{ClockQuality, UtcTime};
use serde::{Deserialize, Serialize};

use crate::health::NodeHealth;
use crate::policy::PolicyStatus;

/// Whether the node is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeState {
    /// Connected.
    Online,
    /// It said good-bye, or the broker published its last will.
    Offline,
}

/// A node's status.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// Whether it is there.
    pub state: NodeState,
    /// Version of its program.
    pub version: String,
    /// When it said so; absent in a last will, which is written before its time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<UtcTime>,
    /// Events that the hub has not confirmed yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backlog: Option<u64>,
    /// Trust in its clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<ClockQuality>,
    /// What it works by; absent where it follows no hub's policy, and in a last will.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyStatus>,
    /// How it and its cameras are; absent in a last will, and before it has looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health: Option<NodeHealth>,
}
