//! The key of those who look through cameras: whoever has it may ask nodes for pictures, and say nothing else.

use crate::order::OrderKey;
use crate::policy::{KeyId, PolicyKey, PolicyPublicKey};

/// The secret key that signs requests for pictures. A type of its own, so that a hub which only looks holds nothing with
/// which a barrier can be opened or a policy sealed; `Debug` does not show it. Nodes know the public half from
/// `[view] keys`.
#[derive(Debug, Clone)]
pub struct ViewKey(PolicyKey);

impl ViewKey {
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
}

/// An order key asks for pictures as well: whoever may open a barrier may see who stands there. There is no way back.
impl From<OrderKey> for ViewKey {
    fn from(key: OrderKey) -> Self {
        Self(key.into_signer())
    }
}
