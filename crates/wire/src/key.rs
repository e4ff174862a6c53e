//! Ed25519 keys of nodes.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use thiserror::Error;

/// Why a text is not a key or signature.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("not a valid {0}: unpadded URL-safe base64 of {1} bytes is accepted")]
pub struct InvalidKey(&'static str, usize);

/// A node's secret signing key. Its seed never leaves the node; `Debug` does not show it.
#[derive(Clone)]
pub struct NodeKey(SigningKey);

/// The public half, by which a hub knows a node. Written as base64.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NodePublicKey(VerifyingKey);

/// An Ed25519 signature. Written as base64.
#[derive(Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Signature([u8; 64]);

impl NodeKey {
    /// From 32 bytes that came from a cryptographic source of randomness.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(SigningKey::from_bytes(&seed))
    }

    /// The secret bytes, for the node's own key file.
    pub fn to_seed(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// The public half.
    pub fn public(&self) -> NodePublicKey {
        NodePublicKey(self.0.verifying_key())
    }

    /// Signs `bytes`; the same bytes always give the same signature.
    pub fn sign(&self, bytes: &[u8]) -> Signature {
        Signature(self.0.sign(bytes).to_bytes())
    }
}

impl std::fmt::Debug for NodeKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NodeKey(secret of {})", self.public())
    }
}

impl NodePublicKey {
    /// Whether the owner of this key signed `bytes`; weak keys and malleable signatures are refused.
    pub fn verify(&self, bytes: &[u8], sig: &Signature) -> bool {
        self.0.verify_strict(bytes, &ed25519_dalek::Signature::from_bytes(&sig.0)).is_ok()
    }
}

/// Whether all of these (bytes, key, signature) were signed by the owners of their keys; at a third of what one after the
/// other costs. Nobody but a key's owner can make a signature that passes; he himself can make one that passes here by
/// luck and not by [`NodePublicKey::verify`], which refuses points that are not of the group's prime order.
pub(crate) fn verify_together(signed: &[(&[u8], &NodePublicKey, &Signature)]) -> bool {
    let messages: Vec<&[u8]> = signed.iter().map(|(bytes, ..)| *bytes).collect();
    let keys: Vec<VerifyingKey> = signed.iter().map(|(_, key, _)| key.0).collect();
    let signatures: Vec<_> = signed.iter().map(|(.., sig)| ed25519_dalek::Signature::from_bytes(&sig.0)).collect();
    ed25519_dalek::verify_batch(&messages, &signatures, &keys).is_ok()
}

impl Signature {
    /// From its 64 bytes; whether they are a signature of anything shows when it is verified.
    pub const fn from_bytes(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }

    /// Its 64 bytes.
    pub const fn to_bytes(self) -> [u8; 64] {
        self.0
    }
}

fn decode<const N: usize>(text: &str, what: &'static str) -> Result<[u8; N], InvalidKey> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| InvalidKey(what, N))?;
    bytes.try_into().map_err(|_| InvalidKey(what, N))
}

impl std::str::FromStr for NodePublicKey {
    type Err = InvalidKey;
    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        let key = VerifyingKey::from_bytes(&decode(text, "public key")?).map_err(|_| InvalidKey("public key", 32))?;
        if key.is_weak() { Err(InvalidKey("public key", 32)) } else { Ok(Self(key)) }
    }
}

impl std::fmt::Display for NodePublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0.as_bytes()))
    }
}

impl std::str::FromStr for Signature {
    type Err = InvalidKey;
    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        decode(text, "signature").map(Self)
    }
}

impl std::fmt::Display for Signature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl std::fmt::Debug for Signature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signature({self})")
    }
}

macro_rules! as_text {
    ($($name:ident)*) => {$(
        impl TryFrom<String> for $name {
            type Error = InvalidKey;
            fn try_from(text: String) -> Result<Self, InvalidKey> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.to_string()
            }
        }
    )*};
}

as_text! { NodePublicKey Signature }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_signatures_survive_as_text() {
        let key = NodeKey::from_seed([3; 32]);
        let sig = key.sign(b"x");
        let (public, sig): (NodePublicKey, Signature) =
            (key.public().to_string().parse().expect("a key"), sig.to_string().parse().expect("a signature"));
        assert!(public.verify(b"x", &sig) && !public.verify(b"y", &sig));
    }

    #[test]
    fn a_secret_is_not_shown() {
        let key = NodeKey::from_seed([3; 32]);
        let shown = format!("{key:?}");
        assert!(!shown.contains(&URL_SAFE_NO_PAD.encode([3; 32])) && shown.contains(&key.public().to_string()));
    }

    #[test]
    fn weak_and_damaged_keys_are_refused() {
        let weak = URL_SAFE_NO_PAD.encode({
            let mut identity = [0; 32];
            identity[0] = 1;
            identity
        });
        for bad in [weak.as_str(), "", "abc", "!!!"] {
            assert!(bad.parse::<NodePublicKey>().is_err(), "{bad}");
        }
    }
}
