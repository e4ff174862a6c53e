//! Proof that a node may read a policy: bundles carry names and plates, so not everybody may.

use domain::{NodeId, SiteId, UtcTime};

use crate::blob::{UPLOAD_GRANT_AGE_MAX_S, UPLOAD_GRANT_HEADER, UploadGrant};
use crate::key::{NodeKey, NodePublicKey};

/// Name of the HTTP header that carries a [`ReadGrant`]: the same as for uploads.
pub const READ_GRANT_HEADER: &str = UPLOAD_GRANT_HEADER;

/// How far the clocks may lie apart: as for uploads, and for the same reason.
pub const READ_GRANT_AGE_MAX_S: u64 = UPLOAD_GRANT_AGE_MAX_S;

/// Proof that a node wants to read one policy: `node;at;signature`, the signature over the node, the time, the site and
/// the version.
#[derive(Debug, Clone, PartialEq, Eq)]
// The header has the form of an upload's; what is signed has not, so that neither passes for the other.
pub struct ReadGrant(UploadGrant);

impl ReadGrant {
    /// A grant for one version.
    pub fn sign(key: &NodeKey, node: &NodeId, at: UtcTime, site: &SiteId, version: u64) -> Self {
        let sig = key.sign(&signed_bytes(node, at, site, version));
        Self(UploadGrant { node: node.clone(), at, sig })
    }

    /// Whether the node that owns `key` made this grant for that version.
    pub fn is_valid(&self, key: &NodePublicKey, site: &SiteId, version: u64) -> bool {
        key.verify(&signed_bytes(&self.0.node, self.0.at, site, version), &self.0.sig)
    }

    /// Who reads.
    pub fn node(&self) -> &NodeId {
        &self.0.node
    }

    /// When, by the node's clock.
    pub fn at(&self) -> UtcTime {
        self.0.at
    }

    /// The header's value.
    pub fn to_header(&self) -> String {
        self.0.to_header()
    }

    /// Reads the header's value; nothing where it is not one.
    pub fn from_header(text: &str) -> Option<Self> {
        UploadGrant::from_header(text).map(Self)
    }
}

fn signed_bytes(node: &NodeId, at: UtcTime, site: &SiteId, version: u64) -> Vec<u8> {
    format!("gatehouse-policy-read-v1\n{node}\n{at}\n{site}\n{version}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_holds_for_its_site_and_version_only() {
        let key = NodeKey::from_seed([7; 32]);
        let (node, site) = (NodeId::new("n1").expect("a slug"), SiteId::new("s1").expect("a slug"));
        let grant = ReadGrant::sign(&key, &node, UtcTime::UNIX_EPOCH, &site, 7);
        let read = ReadGrant::from_header(&grant.to_header()).expect("its own header");
        assert!(read == grant && read.is_valid(&key.public(), &site, 7));
        assert!(!read.is_valid(&key.public(), &site, 8));
        assert!(!read.is_valid(&key.public(), &SiteId::new("s2").expect("a slug"), 7));
        assert!(!read.is_valid(&NodeKey::from_seed([8; 32]).public(), &site, 7));
    }
}
