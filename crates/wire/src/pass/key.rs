//! The keys of passes: who may let visitors in.

use thiserror::Error;

use crate::hash::sha256;
use crate::key::{InvalidKey, NodeKey, NodePublicKey, Signature};

/// Most keys whose passes a node takes at the same time: the one in use, the one before as long as its passes last,
/// and a few of sites that are being merged.
pub const PASS_KEYS_MAX: usize = 8;

/// The secret key that signs passes. A type of its own, because the hub's server holds it to issue passes at any hour:
/// it must sign nothing else, and no other key must sign a pass. `Debug` does not show it.
#[derive(Clone)]
pub struct PassKey(NodeKey);

/// The public half, by which nodes know passes. Written as base64.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct PassPublicKey(NodePublicKey);

/// Which key signed: the first four bytes of the SHA-256 of the public key's text, as `printf KEY | sha256sum` shows
/// them. It finds the key among a few and proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PassKeyId([u8; 4]);

/// The keys whose passes are taken. To change keys, give nodes the new one beside the old, issue with the new one, and
/// take the old one away when its last pass has expired; taken away earlier, its passes are void at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassKeys(Vec<(PassKeyId, PassPublicKey)>);

/// Why a list of keys is not taken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PassKeysError {
    /// More than a node keeps.
    #[error("{0} pass keys are given, at most {PASS_KEYS_MAX} are accepted")]
    TooMany(usize),
    /// The same key again, or two that their passes could not tell apart.
    #[error("pass key {0} is given twice")]
    Twice(PassKeyId),
}

impl PassKey {
    /// From 32 bytes that came from a cryptographic source of randomness.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(NodeKey::from_seed(seed))
    }

    /// The public half.
    pub fn public(&self) -> PassPublicKey {
        PassPublicKey(self.0.public())
    }

    /// Its name.
    pub fn id(&self) -> PassKeyId {
        self.public().id()
    }

    pub(super) fn sign(&self, bytes: &[u8]) -> Signature {
        self.0.sign(bytes)
    }
}

impl std::fmt::Debug for PassKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PassKey(secret of {})", self.id())
    }
}

impl PassPublicKey {
    /// Its name.
    pub fn id(&self) -> PassKeyId {
        let hash = sha256(&[self.0.to_string().as_bytes()]);
        PassKeyId([hash[0], hash[1], hash[2], hash[3]])
    }

    pub(super) fn verify(&self, bytes: &[u8], sig: &Signature) -> bool {
        self.0.verify(bytes, sig)
    }
}

impl std::str::FromStr for PassPublicKey {
    type Err = InvalidKey;
    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        text.parse().map(Self)
    }
}

impl std::fmt::Display for PassPublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl PassKeyId {
    pub(super) const fn from_bytes(bytes: [u8; 4]) -> Self {
        Self(bytes)
    }

    pub(super) const fn as_bytes(&self) -> &[u8; 4] {
        &self.0
    }
}

impl std::fmt::Display for PassKeyId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl PassKeys {
    /// Takes the passes of `keys` and of nobody else; of none, no pass is taken.
    pub fn new(keys: Vec<PassPublicKey>) -> Result<Self, PassKeysError> {
        if keys.len() > PASS_KEYS_MAX {
            return Err(PassKeysError::TooMany(keys.len()));
        }
        let mut named: Vec<(PassKeyId, PassPublicKey)> = Vec::with_capacity(keys.len());
        for key in keys {
            let id = key.id();
            if named.iter().any(|(known, _)| *known == id) {
                return Err(PassKeysError::Twice(id));
            }
            named.push((id, key));
        }
        Ok(Self(named))
    }

    /// The keys, in the order given.
    pub fn iter(&self) -> impl Iterator<Item = &PassPublicKey> {
        self.0.iter().map(|(_, key)| key)
    }

    pub(super) fn find(&self, id: PassKeyId) -> Option<&PassPublicKey> {
        self.0.iter().find(|(known, _)| *known == id).map(|(_, key)| key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(seed: u8) -> PassPublicKey {
        PassKey::from_seed([seed; 32]).public()
    }

    #[test]
    fn a_list_of_too_many_keys_or_of_one_twice_is_refused() {
        assert_eq!(PassKeys::new((0..9).map(key).collect()), Err(PassKeysError::TooMany(9)));
        assert_eq!(PassKeys::new(vec![key(1), key(2), key(1)]), Err(PassKeysError::Twice(key(1).id())));
        assert_eq!(PassKeys::new(vec![key(1), key(2)]).map(|keys| keys.iter().count()), Ok(2));
    }

    #[test]
    fn a_key_survives_as_text_and_a_secret_is_not_shown() {
        assert_eq!(key(3).to_string().parse(), Ok(key(3)));
        assert_eq!(format!("{:?}", PassKey::from_seed([3; 32])), format!("PassKey(secret of {})", key(3).id()));
    }
}
