//! Ed25519 keys of nodes.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use curve25519_dalek::constants::ED25519_BASEPOINT_POINT;
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::{IsIdentity, VartimeMultiscalarMul};
use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use sha2::{Digest, Sha512};
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

/// Whether all of these (bytes, key, signature) were signed by the owners of their keys; at a fraction of what one after
/// the other costs: their equations, each multiplied by a number that nobody can foresee, are added up (Bernstein and others,
/// "High-speed high-security signatures", section 5), and what goes with the same key becomes one term. Nobody but a key's
/// owner can make a signature that passes; he himself can make one that passes here by luck and not by
/// [`NodePublicKey::verify`], which refuses points that are not of the group's prime order.
pub(crate) fn verify_together(signed: &[(&[u8], &NodePublicKey, &Signature)]) -> bool {
    let challenges: Vec<[u8; 64]> = signed.iter().map(|(bytes, key, sig)| challenge(bytes, key, sig)).collect();
    // Known only when everything is: the challenges hold commitments, keys and messages.
    let mut all = Sha512::new();
    for (challenge, (.., sig)) in std::iter::zip(&challenges, signed) {
        all.update(challenge);
        all.update(sig.response());
    }
    let mut factors = Factors::new(all.finalize().into());
    let mut of_base = Scalar::ZERO;
    let mut of_keys: HashMap<&[u8; 32], (EdwardsPoint, Scalar)> = HashMap::new();
    let (mut scalars, mut points) = (Vec::with_capacity(signed.len() + 2), Vec::with_capacity(signed.len() + 2));
    for (challenge, (_, key, sig)) in std::iter::zip(&challenges, signed) {
        let response: Option<Scalar> = Scalar::from_canonical_bytes(*sig.response()).into();
        let (Some(response), Some(commitment)) = (response, CompressedEdwardsY(*sig.commitment()).decompress()) else {
            return false;
        };
        let factor = factors.next();
        of_base -= factor * response;
        let (_, of_key) = of_keys.entry(key.0.as_bytes()).or_insert_with(|| (EdwardsPoint::from(key.0), Scalar::ZERO));
        *of_key += factor * Scalar::from_bytes_mod_order_wide(challenge);
        scalars.push(factor);
        points.push(commitment);
    }
    scalars.push(of_base);
    points.push(ED25519_BASEPOINT_POINT);
    for (key, of_key) in of_keys.into_values() {
        scalars.push(of_key);
        points.push(key);
    }
    EdwardsPoint::vartime_multiscalar_mul(scalars, points).is_identity()
}

/// What a signer answers to: hash of his commitment, his key and the message.
fn challenge(bytes: &[u8], key: &NodePublicKey, sig: &Signature) -> [u8; 64] {
    let mut hash = Sha512::new();
    hash.update(sig.commitment());
    hash.update(key.0.as_bytes());
    hash.update(bytes);
    hash.finalize().into()
}

/// Numbers of 128 bits that follow from a seed and from nothing less.
struct Factors {
    seed: [u8; 64],
    drawn: u64,
    block: [u8; 64],
}

impl Factors {
    const PER_BLOCK: usize = 4;

    const fn new(seed: [u8; 64]) -> Self {
        Self { seed, drawn: 0, block: [0; 64] }
    }

    fn next(&mut self) -> Scalar {
        let place = (self.drawn % Self::PER_BLOCK as u64) as usize;
        if place == 0 {
            let mut hash = Sha512::new();
            hash.update(self.seed);
            hash.update(self.drawn.to_le_bytes());
            self.block = hash.finalize().into();
        }
        self.drawn += 1;
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&self.block[place * 16..][..16]);
        Scalar::from(u128::from_le_bytes(bytes))
    }
}

impl Signature {
    /// The point that it commits to.
    fn commitment(&self) -> &[u8; 32] {
        self.0.first_chunk().expect("64 bytes")
    }

    /// The number that only the key's owner could give.
    fn response(&self) -> &[u8; 32] {
        self.0.last_chunk().expect("64 bytes")
    }

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
    fn signatures_that_make_up_for_each_other_are_not_taken_together() {
        let key = NodeKey::from_seed([3; 32]);
        let messages: Vec<Vec<u8>> = (0..8).map(|number| vec![number; 40]).collect();
        let whole: Vec<Signature> = messages.iter().map(|message| key.sign(message)).collect();
        let are_taken = |signatures: &[Signature]| {
            let public = key.public();
            let parts = std::iter::zip(&messages, signatures).map(|(message, sig)| (message.as_slice(), &public, sig));
            verify_together(&parts.collect::<Vec<_>>())
        };
        assert!(are_taken(&whole));
        let moved = |sig: &Signature, by: Scalar| {
            let response: Option<Scalar> = Scalar::from_canonical_bytes(*sig.response()).into();
            let mut bytes = sig.to_bytes();
            bytes[32..].copy_from_slice((response.expect("a response") + by).as_bytes());
            Signature::from_bytes(bytes)
        };
        // Their sum is right.
        let mut shifted = whole.clone();
        shifted[2] = moved(&whole[2], Scalar::ONE);
        shifted[5] = moved(&whole[5], -Scalar::ONE);
        assert!(!are_taken(&shifted));
        let mut swapped = whole.clone();
        swapped.swap(0, 7);
        assert!(!are_taken(&swapped));
        // The same number, written as one that is too large.
        let order_minus_one = (-Scalar::ONE).to_bytes();
        let mut large = whole[1].to_bytes();
        let mut carry = 1u16;
        for (byte, order) in large[32..].iter_mut().zip(order_minus_one) {
            carry += u16::from(*byte) + u16::from(order);
            *byte = carry as u8;
            carry >>= 8;
        }
        let mut malleable = whole;
        malleable[1] = Signature::from_bytes(large);
        assert!(!are_taken(&malleable));
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
