//! The shapes of policies: what was published, and what a node says it works by.

use serde::Serialize;
use store::{NodeRow, PolicyRow};
use utoipa::ToSchema;
use wire::policy::Addressees;

/// A document of a policy, without its text.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PolicyDocument {
    /// Where it lies.
    path: String,
    /// Hash of its text.
    sha256: String,
    /// Its length.
    bytes: u64,
}

/// A published policy.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Policy {
    /// The site that it is for.
    site: String,
    /// Its number.
    version: u64,
    /// Hash of the bundle.
    sha256: String,
    /// The nodes that it is for; nothing where it is for all of the site.
    nodes: Option<Vec<String>>,
    /// When it was issued.
    issued_at: String,
    /// Who issued it.
    issued_by: String,
    /// When nodes put it in force.
    not_before: String,
    /// The highest version that it may replace although its own number is lower.
    rollback_from: Option<u64>,
    /// Name of the key that signed it.
    key: String,
    /// Its documents.
    documents: Vec<PolicyDocument>,
    /// When it was stored here.
    published_at: String,
}

impl From<&PolicyRow> for Policy {
    fn from(row: &PolicyRow) -> Self {
        let document = |document: &store::PolicyDocument| PolicyDocument {
            path: document.path.to_string(),
            sha256: document.sha256.to_string(),
            bytes: document.bytes,
        };
        Self {
            site: row.site.to_string(),
            version: row.version,
            sha256: row.sha256.to_string(),
            nodes: match &row.nodes {
                Addressees::All => None,
                Addressees::Named(nodes) => Some(nodes.iter().map(ToString::to_string).collect()),
            },
            issued_at: row.issued_at.to_string(),
            issued_by: row.issued_by.clone(),
            not_before: row.not_before.to_string(),
            rollback_from: row.rollback_from,
            key: row.key.to_string(),
            documents: row.documents.iter().map(document).collect(),
            published_at: row.published_at.to_string(),
        }
    }
}

/// A policy that a node does not work by, and why.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PolicyRefused {
    /// Its number; nothing where the node could not believe the message.
    version: Option<u64>,
    /// Why.
    reason: String,
    /// Since when, by the node's clock.
    at: String,
}

/// What a node works by.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NodePolicy {
    /// The version in force; nothing where the node works by its own configuration.
    version: Option<u64>,
    /// Hash of its bundle.
    sha256: Option<String>,
    /// The version that is wanted; nothing where none was published for it.
    wanted_version: Option<u64>,
    /// A version that is there and waits for its time.
    waiting_version: Option<u64>,
    /// What it refused last, until it has what is wanted.
    refused: Option<PolicyRefused>,
    /// When the hub heard it; nothing where the node has said nothing yet.
    received_at: Option<String>,
}

impl From<&NodeRow> for NodePolicy {
    fn from(row: &NodeRow) -> Self {
        let status = row.policy.as_ref().map(|policy| &policy.status);
        let running = status.and_then(|status| status.running);
        let refused = status.and_then(|status| status.refused.as_ref()).map(|refused| PolicyRefused {
            version: refused.version,
            reason: refused.reason.clone(),
            at: refused.at.to_string(),
        });
        Self {
            version: running.map(|running| running.version),
            sha256: running.map(|running| running.sha256.to_string()),
            wanted_version: row.policy_wanted,
            waiting_version: status.and_then(|status| status.waiting).map(|waiting| waiting.version),
            refused,
            received_at: row.policy.as_ref().map(|policy| policy.received_at.to_string()),
        }
    }
}
