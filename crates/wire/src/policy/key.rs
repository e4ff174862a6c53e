//! The hub's policy keys: who may tell a node what to work by.

use thiserror::Error;

use crate::hash::sha256;
use crate::key::{InvalidKey, NodeKey, NodePublicKey, Signature};

/// Most keys that a node trusts at the same time: the one in use, the next one, and a few of sites that are being
/// merged.
pub const TRUSTED_KEYS_MAX: usize = 8;

/// The secret key that signs policies, and guards' orders where there is no [`OrderKey`](crate::OrderKey) for them. A type of its own, so that no node's key ever signs one by
/// mistake; `Debug` does not show it.
#[derive(Clone)]
pub struct PolicyKey(NodeKey);

/// The public half, by which nodes know the hub. Written as base64.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct PolicyPublicKey(NodePublicKey);

/// Which key signed: the first 16 digits of the SHA-256 of the public key's text, as `printf KEY | sha256sum` shows them.
/// A help to find the key and to speak of it, not a proof of anything.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KeyId(String);

/// The keys whose policies a node follows. To change keys, give nodes the new one beside the old, sign with the new
/// one, then take the old one away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedKeys(Vec<PolicyPublicKey>);

/// Why a list of keys is not taken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TrustedKeysError {
    /// Nobody could sign anything.
    #[error("no policy key is given: at least one is needed, as `gatehouse-hub policy keygen` shows it")]
    None,
    /// More than a node keeps.
    #[error("{0} policy keys are given, at most {TRUSTED_KEYS_MAX} are accepted")]
    TooMany(usize),
    /// The same key again.
    #[error("policy key {0} is given twice")]
    Twice(KeyId),
}

impl PolicyKey {
    /// From 32 bytes that came from a cryptographic source of randomness.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(NodeKey::from_seed(seed))
    }

    /// The public half.
    pub fn public(&self) -> PolicyPublicKey {
        PolicyPublicKey(self.0.public())
    }

    /// Its name.
    pub fn id(&self) -> KeyId {
        self.public().id()
    }

    pub(super) fn sign(&self, bytes: &[u8]) -> Signature {
        self.0.sign(bytes)
    }
}

impl std::fmt::Debug for PolicyKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PolicyKey(secret of {})", self.id())
    }
}

impl PolicyPublicKey {
    /// Its name.
    pub fn id(&self) -> KeyId {
        KeyId(hex::encode(&sha256(&[self.0.to_string().as_bytes()])[..8]))
    }

    pub(super) fn verify(&self, bytes: &[u8], sig: &Signature) -> bool {
        self.0.verify(bytes, sig)
    }
}

impl std::str::FromStr for PolicyPublicKey {
    type Err = InvalidKey;
    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        text.parse().map(Self)
    }
}

impl std::fmt::Display for PolicyPublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::fmt::Display for KeyId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text is not the name of a key.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("\"{0}\" is not the name of a policy key: 16 digits 0-9 a-f are accepted")]
pub struct InvalidKeyId(String);

impl TryFrom<String> for KeyId {
    type Error = InvalidKeyId;
    fn try_from(text: String) -> Result<Self, InvalidKeyId> {
        let fits = text.len() == 16 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if fits { Ok(Self(text)) } else { Err(InvalidKeyId(text.chars().take(80).collect())) }
    }
}

impl std::str::FromStr for KeyId {
    type Err = InvalidKeyId;
    fn from_str(text: &str) -> Result<Self, InvalidKeyId> {
        text.to_owned().try_into()
    }
}

impl From<KeyId> for String {
    fn from(id: KeyId) -> String {
        id.0
    }
}

impl TrustedKeys {
    /// Trusts `keys` and nobody else.
    pub fn new(keys: Vec<PolicyPublicKey>) -> Result<Self, TrustedKeysError> {
        match keys.len() {
            0 => return Err(TrustedKeysError::None),
            1..=TRUSTED_KEYS_MAX => {}
            count => return Err(TrustedKeysError::TooMany(count)),
        }
        let twice = keys.iter().enumerate().find(|(index, key)| keys[..*index].contains(key));
        match twice {
            Some((_, key)) => Err(TrustedKeysError::Twice(key.id())),
            None => Ok(Self(keys)),
        }
    }

    /// These and `more` besides: who is believed in something that others may say as well.
    ///
    /// # Errors
    /// As for [`TrustedKeys::new`].
    pub fn and(&self, more: &[PolicyPublicKey]) -> Result<Self, TrustedKeysError> {
        Self::new(self.0.iter().chain(more).cloned().collect())
    }

    /// The keys, in the order given.
    pub fn as_slice(&self) -> &[PolicyPublicKey] {
        &self.0
    }

    pub(super) fn find(&self, id: &KeyId) -> Option<&PolicyPublicKey> {
        self.0.iter().find(|key| key.id() == *id)
    }

    /// The names of all, for people.
    pub(super) fn names(&self) -> String {
        self.0.iter().map(|key| key.id().to_string()).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(seed: u8) -> PolicyKey {
        PolicyKey::from_seed([seed; 32])
    }

    #[test]
    fn a_key_is_known_by_the_start_of_its_hash_and_never_shown() {
        let id = key(1).id();
        assert_eq!(id.to_string().parse(), Ok(id.clone()));
        assert_ne!(id, key(2).id());
        assert_eq!(format!("{:?}", key(1)), format!("PolicyKey(secret of {id})"));
        for bad in ["", "0123456789abcde", "0123456789ABCDEF", "0123456789abcdef0"] {
            assert!(bad.parse::<KeyId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_list_of_no_key_of_too_many_or_of_one_twice_is_refused() {
        assert_eq!(TrustedKeys::new(Vec::new()), Err(TrustedKeysError::None));
        let many: Vec<_> = (0..9).map(|seed| key(seed).public()).collect();
        assert_eq!(TrustedKeys::new(many), Err(TrustedKeysError::TooMany(9)));
        let twice = vec![key(1).public(), key(2).public(), key(1).public()];
        assert_eq!(TrustedKeys::new(twice), Err(TrustedKeysError::Twice(key(1).id())));
        assert!(TrustedKeys::new(vec![key(1).public(), key(2).public()]).is_ok());
    }
}
