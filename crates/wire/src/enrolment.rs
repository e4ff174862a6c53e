//! How a machine becomes a node: the code that somebody at the hub gives, what the machine asks for with it, and what it
//! gets.
//!
//! The code holds a secret that is good once and for a short time, and the fingerprint of the authority that signed the
//! hub's certificate, so that the machine's first contact is with that hub and nobody else. The hub keeps the hash of
//! the secret only. What the machine sends is signed by the key that will sign its events, and holds a request that is
//! signed by the key of its certificate: it owns both.

mod code;

use std::str::FromStr;

use domain::{NodeId, SiteId, UtcTime};
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use code::{CODE_SECRET_BYTES, CodeHash, EnrolmentCode, InvalidCode};

use crate::hash::sha256;
use crate::key::{NodeKey, NodePublicKey, Signature};

/// Furthest that a machine's clock may be from the hub's, in seconds: certificates and grants need it to be right.
pub const CLOCK_APART_MAX_S: u64 = 600;

/// Longest request for a certificate in bytes, as PEM: an ECDSA P-256 one has 400.
pub const CSR_BYTES_MAX: usize = 4 * 1024;

/// Length of a fingerprint in bytes.
const PRINT_BYTES: usize = 16;

const SIGNED_PREFIX: &[u8] = b"gatehouse-enrolment-v1\n";

/// The first 16 bytes of the SHA-256 of an authority's certificate. Written as 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AuthorityPrint([u8; PRINT_BYTES]);

/// Why a text is not a fingerprint.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "\"{0}\" is not the fingerprint of an authority: 32 hexadecimal digits, or the 64 of a whole SHA-256, are accepted, \
     with or without colons"
)]
pub struct InvalidPrint(String);

/// What a machine asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnrolmentRequest {
    /// The code, as it was given.
    pub code: String,
    /// The key that will sign the node's events.
    pub key: NodePublicKey,
    /// A request for a certificate (PKCS #10) as PEM; its names are not looked at.
    pub csr: String,
    /// The machine's clock.
    pub at: UtcTime,
    /// By `key`, over all of this and the authority that the machine trusts.
    pub proof: Signature,
}

/// What it gets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolmentAnswer {
    /// The site that the node speaks for.
    pub site: SiteId,
    /// Its name.
    pub node: NodeId,
    /// Its certificate as PEM, with those between it and the authority, if any.
    pub certificate: String,
    /// Until when that is good; it is renewed before.
    pub not_after: UtcTime,
    /// The authority of broker and hub as PEM.
    pub authority: String,
    /// Where the broker is.
    pub broker: BrokerPlace,
    /// The hub's address, such as `https://hub.example.vn:8443`.
    pub hub: String,
}

/// Where a broker is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrokerPlace {
    /// Name or address, as its certificate says it.
    pub host: String,
    /// Port.
    pub port: u16,
}

/// What a node asks for over the certificate that it has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RenewalRequest {
    /// A request for a certificate (PKCS #10) as PEM; its names are not looked at.
    pub csr: String,
}

/// What it gets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenewalAnswer {
    /// The certificate as PEM, as in [`EnrolmentAnswer`].
    pub certificate: String,
    /// Until when it is good.
    pub not_after: UtcTime,
    /// The authority of broker and hub as PEM, which may be another than before.
    pub authority: String,
}

impl AuthorityPrint {
    /// Of a certificate in DER.
    pub fn of(certificate: &[u8]) -> Self {
        let hash = sha256(&[certificate]);
        let (first, _) = hash.split_first_chunk().expect("a SHA-256 has 32 bytes");
        Self(*first)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; PRINT_BYTES] {
        &self.0
    }
}

impl std::fmt::Display for AuthorityPrint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl FromStr for AuthorityPrint {
    type Err = InvalidPrint;
    fn from_str(text: &str) -> Result<Self, InvalidPrint> {
        let invalid = || InvalidPrint(text.chars().take(100).collect());
        let digits: String = text.trim().chars().filter(|c| *c != ':').collect();
        if digits.len() != 2 * PRINT_BYTES && digits.len() != 64 {
            return Err(invalid());
        }
        let bytes = hex::decode(digits.to_ascii_lowercase()).map_err(|_| invalid())?;
        bytes.first_chunk().map(|print| Self(*print)).ok_or_else(invalid)
    }
}

impl EnrolmentRequest {
    /// Signs a request with the key of which it speaks.
    pub fn sign(code: &EnrolmentCode, key: &NodeKey, csr: String, at: UtcTime) -> Self {
        let proof = key.sign(&signed(code, &csr, at));
        Self { code: code.to_string(), key: key.public(), csr, at, proof }
    }

    /// Whether the owner of `key` signed it, for the authority of `code`.
    pub fn is_proven(&self, code: &EnrolmentCode) -> bool {
        self.key.verify(&signed(code, &self.csr, self.at), &self.proof)
    }
}

fn signed(code: &EnrolmentCode, csr: &str, at: UtcTime) -> Vec<u8> {
    let at = at.as_unix_micros().to_be_bytes();
    [SIGNED_PREFIX, code.hash().as_bytes(), code.authority().as_bytes(), &at, &sha256(&[csr.as_bytes()])].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(seed: u8) -> EnrolmentCode {
        EnrolmentCode::new([seed; CODE_SECRET_BYTES], AuthorityPrint::of(&[seed]))
    }

    #[test]
    fn a_fingerprint_is_read_as_openssl_writes_it_and_as_we_do() {
        let print = AuthorityPrint::of(b"certificate");
        let whole = hex::encode(sha256(&[b"certificate"]));
        let colons: Vec<_> =
            whole.as_bytes().chunks(2).map(|pair| String::from_utf8_lossy(pair).to_uppercase()).collect();
        for text in [print.to_string(), whole, colons.join(":"), format!(" {print}\n")] {
            assert_eq!(text.parse(), Ok(print), "{text}");
        }
        for bad in ["", "abc", "zz", &"0".repeat(40), &"g".repeat(32)] {
            assert!(bad.parse::<AuthorityPrint>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_request_proves_the_key_for_this_code_authority_and_certificate_only() {
        let key = NodeKey::from_seed([1; 32]);
        let request = EnrolmentRequest::sign(&code(1), &key, "csr".to_owned(), UtcTime::UNIX_EPOCH);
        assert!(request.is_proven(&code(1)));
        assert!(!request.is_proven(&code(2)));
        let elsewhere = EnrolmentCode::new([1; CODE_SECRET_BYTES], AuthorityPrint::of(&[2]));
        assert!(!request.is_proven(&elsewhere), "a proof for another authority");
        assert!(!EnrolmentRequest { csr: "other".to_owned(), ..request.clone() }.is_proven(&code(1)));
        let later = UtcTime::from_unix_micros(1).expect("a moment");
        assert!(!EnrolmentRequest { at: later, ..request.clone() }.is_proven(&code(1)));
        let stranger = NodeKey::from_seed([2; 32]).public();
        assert!(!EnrolmentRequest { key: stranger, ..request }.is_proven(&code(1)));
    }
}
