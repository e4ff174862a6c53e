//! The key of guards' orders: whoever has it may move barriers, and say nothing else.

use crate::policy::{KeyId, PolicyKey, PolicyPublicKey};

/// The secret key that signs guards' orders. A type of its own, so that a hub which only gives orders holds nothing with
/// which a policy can be sealed; `Debug` does not show it. Nodes know the public half from `order_keys`.
#[derive(Debug, Clone)]
pub struct OrderKey(PolicyKey);

impl OrderKey {
    /// From 32 bytes that came from a cryptographic source of randomness.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(PolicyKey::from_seed(seed))
    }

    /// The public half.
    pub fn public(&self) -> PolicyPublicKey {
        self.0.public()
    }

    /// Its name.
    pub fn id(&self) -> KeyId {
        self.0.id()
    }

    pub(super) const fn signer(&self) -> &PolicyKey {
        &self.0
    }

    pub(crate) fn into_signer(self) -> PolicyKey {
        self.0
    }
}

/// A policy key gives orders as well: it may say who passes anyway. There is no way back.
impl From<PolicyKey> for OrderKey {
    fn from(key: PolicyKey) -> Self {
        Self(key)
    }
}
