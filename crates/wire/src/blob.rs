//! Pictures and clips: named by their content, uploaded after the event that names them.

use domain::{NodeId, UtcTime};
use sha2::{Digest, Sha256};

use crate::hash::{hash_values, sha256};
use crate::key::{NodeKey, NodePublicKey, Signature};

/// Largest blob in bytes that a hub takes in one upload: a clip of half a minute at 16 Mbit/s.
pub const BLOB_BYTES_MAX: usize = 64 * 1024 * 1024;

/// How far the clocks of an uploading node and the hub may lie apart before a grant counts as replayed, in seconds.
/// Wide, because a node that was off the network for weeks may have drifted; a replay can only store bytes that
/// match the hash anyway.
pub const UPLOAD_GRANT_AGE_MAX_S: u64 = 24 * 3600;

/// Name of the HTTP header that carries an [`UploadGrant`].
pub const UPLOAD_GRANT_HEADER: &str = "x-gatehouse-node";

hash_values! {
    /// The SHA-256 of a blob's bytes, which is its name.
    BlobHash;
}

impl BlobHash {
    /// The name of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha256(&[bytes]))
    }
}

/// Names a blob whose bytes come one part after the other.
#[derive(Debug, Clone, Default)]
pub struct BlobHasher(Sha256);

impl BlobHasher {
    /// Takes the next part.
    pub fn update(&mut self, part: &[u8]) {
        self.0.update(part);
    }

    /// The name of all parts together.
    pub fn finish(self) -> BlobHash {
        BlobHash(self.0.finalize().into())
    }
}

/// Proof that a node wants one blob stored: `node;at;signature`, the signature over the node, the time and the hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadGrant {
    /// Who uploads.
    pub node: NodeId,
    /// When, by the node's clock.
    pub at: UtcTime,
    /// Over [`UploadGrant::signed_bytes`].
    pub sig: Signature,
}

impl UploadGrant {
    /// A grant for one blob.
    pub fn sign(key: &NodeKey, node: &NodeId, at: UtcTime, blob: &BlobHash) -> Self {
        Self { node: node.clone(), at, sig: key.sign(&Self::signed_bytes(node, at, blob)) }
    }

    /// Whether the node that owns `key` made this grant for `blob`.
    pub fn is_valid(&self, key: &NodePublicKey, blob: &BlobHash) -> bool {
        key.verify(&Self::signed_bytes(&self.node, self.at, blob), &self.sig)
    }

    fn signed_bytes(node: &NodeId, at: UtcTime, blob: &BlobHash) -> Vec<u8> {
        format!("gatehouse-blob-v1\n{node}\n{at}\n{blob}").into_bytes()
    }

    /// The header's value.
    pub fn to_header(&self) -> String {
        format!("{};{};{}", self.node, self.at, self.sig)
    }

    /// Reads the header's value; nothing where it is not one.
    pub fn from_header(text: &str) -> Option<Self> {
        let mut parts = text.split(';');
        let grant = Self {
            node: parts.next()?.parse().ok()?,
            at: parts.next()?.parse().ok()?,
            sig: parts.next()?.parse().ok()?,
        };
        parts.next().is_none().then_some(grant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blob_has_the_same_name_in_parts_and_whole() {
        let mut hasher = BlobHasher::default();
        [&b"pic"[..], b"", b"ture"].into_iter().for_each(|part| hasher.update(part));
        assert_eq!(hasher.finish(), BlobHash::of(b"picture"));
    }

    #[test]
    fn a_grant_holds_for_its_blob_and_node_only() {
        let key = NodeKey::from_seed([7; 32]);
        let node = NodeId::new("n1").expect("a slug");
        let blob = BlobHash::of(b"picture");
        let grant = UploadGrant::sign(&key, &node, UtcTime::UNIX_EPOCH, &blob);
        let read = UploadGrant::from_header(&grant.to_header()).expect("its own header");
        assert!(read == grant && read.is_valid(&key.public(), &blob));
        assert!(!read.is_valid(&key.public(), &BlobHash::of(b"other")));
        assert!(!read.is_valid(&NodeKey::from_seed([8; 32]).public(), &blob));
        assert_eq!(UploadGrant::from_header(&format!("{};x", grant.to_header())), None);
    }
}
