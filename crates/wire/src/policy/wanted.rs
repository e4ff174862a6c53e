//! The retained message that says which policy the hub wants nodes to work by, and where to get it.

use domain::{NodeId, SiteId, UtcTime};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::bundle::{Addressees, BUNDLE_BYTES_MAX, Bundle, SealedBundle};
use super::key::{PolicyKey, TrustedKeys};
use super::sealed::{self, SealError};
use super::succession::PolicyName;
use super::{BundleHash, VERSION_MAX};

/// Longest message in bytes, with room for [`NODES_MAX`](super::NODES_MAX) names.
pub const WANTED_BYTES_MAX: usize = 96 * 1024;

/// Longest address in bytes.
const URL_BYTES_MAX: usize = 500;

const SIGNED_PREFIX: &[u8] = b"gatehouse-wanted-policy-v1\n";

/// What the hub wants. It carries its addressees and not one node's name, so that one signature, made when the policy
/// was issued, serves all of them and those that come later; the hub's server needs no secret to pass it on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WantedPolicy {
    /// The site that it is for.
    pub site: SiteId,
    /// The nodes that it is for.
    pub nodes: Addressees,
    /// The bundle's number.
    pub version: u64,
    /// The hash of its bytes.
    pub sha256: BundleHash,
    /// Its length.
    pub bytes: u64,
    /// As in the bundle, so that a node need not fetch what it must refuse.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback_from: Option<u64>,
    /// Where the bundle is: a path at the node's own hub, or a whole address.
    pub url: String,
    /// When the bundle was issued.
    pub issued_at: UtcTime,
}

/// Why a message is not one that says what is wanted.
#[derive(Debug, Error)]
pub enum WantedError {
    /// Longer than [`WANTED_BYTES_MAX`].
    #[error("the wanted policy has {0} bytes, at most {WANTED_BYTES_MAX} are accepted")]
    TooLong(usize),
    /// No trusted key signed it.
    #[error("the wanted policy is not believed")]
    NotBelieved(#[source] SealError),
    /// A trusted key signed it, but it is something else.
    #[error("the wanted policy cannot be read")]
    NotWanted(#[source] serde_json::Error),
    /// A number out of range, or an address of another form.
    #[error("the wanted policy has no usable {member}: {accepted} is accepted")]
    BadMember {
        /// Which.
        member: &'static str,
        /// What would be right.
        accepted: &'static str,
    },
    /// It is for somebody else.
    #[error("the wanted policy is for {whom}, not for node \"{node}\" of site \"{site}\"")]
    NotForUs {
        /// Whom.
        whom: String,
        /// The site that reads it.
        site: SiteId,
        /// The node that reads it.
        node: NodeId,
    },
}

impl WantedPolicy {
    /// What asks for `bundle`, which is at `url`.
    pub fn of(bundle: &Bundle, sealed: &SealedBundle, url: impl Into<String>) -> Self {
        Self {
            site: bundle.site.clone(),
            nodes: bundle.nodes.clone(),
            version: bundle.version,
            sha256: sealed.hash(),
            bytes: sealed.as_bytes().len() as u64,
            rollback_from: bundle.rollback_from,
            url: url.into(),
            issued_at: bundle.issued_at,
        }
    }

    /// Where a hub serves a bundle, as a path.
    pub fn path(site: &SiteId, version: u64) -> String {
        format!("/api/v1/sites/{site}/policy/{version}")
    }

    /// The message in its wire form.
    pub fn seal(&self, key: &PolicyKey) -> Result<Vec<u8>, WantedError> {
        self.check()?;
        let value = serde_json::to_value(self).map_err(WantedError::NotWanted)?;
        let bytes = sealed::seal(SIGNED_PREFIX, key, value).map_err(WantedError::NotWanted)?;
        if bytes.len() > WANTED_BYTES_MAX { Err(WantedError::TooLong(bytes.len())) } else { Ok(bytes) }
    }

    /// Reads a message that a trusted key signed for `node` of `site`. Never panics, whatever the bytes.
    pub fn open(bytes: &[u8], trusted: &TrustedKeys, site: &SiteId, node: &NodeId) -> Result<Self, WantedError> {
        if bytes.len() > WANTED_BYTES_MAX {
            return Err(WantedError::TooLong(bytes.len()));
        }
        let value = sealed::open(SIGNED_PREFIX, bytes, trusted).map_err(WantedError::NotBelieved)?;
        let wanted: Self = serde_json::from_value(value).map_err(WantedError::NotWanted)?;
        wanted.check()?;
        let whom = if wanted.site != *site {
            format!("site \"{}\"", wanted.site)
        } else if !wanted.nodes.include(node) {
            format!("other nodes of site \"{site}\"")
        } else {
            return Ok(wanted);
        };
        Err(WantedError::NotForUs { whom, site: site.clone(), node: node.clone() })
    }

    /// What it names.
    pub fn name(&self) -> PolicyName {
        PolicyName { version: self.version, sha256: self.sha256 }
    }

    fn check(&self) -> Result<(), WantedError> {
        let bad = |member, accepted| Err(WantedError::BadMember { member, accepted });
        if !(1..=VERSION_MAX).contains(&self.version) {
            return bad("version", "a number from 1");
        }
        if self.nodes.fault().is_some() {
            return bad("nodes", "null or a list of 1 to 1000 names");
        }
        if !(1..=BUNDLE_BYTES_MAX as u64).contains(&self.bytes) {
            return bad("bytes", "the length of a bundle");
        }
        let starts = ["/", "http://", "https://"].iter().any(|start| self.url.starts_with(start));
        let is_plain = self.url.bytes().all(|b| matches!(b, b'!'..=b'~'));
        // Two slashes would name another host.
        if !starts || !is_plain || self.url.starts_with("//") || self.url.len() > URL_BYTES_MAX {
            return bad("url", "a path, or an address that begins with http:// or https://,");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
