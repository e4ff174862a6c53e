//! SHA-256 hashes as values.

use sha2::{Digest, Sha256};
use thiserror::Error;

/// Why a text is not a hash.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("\"{0}\" is not a SHA-256 hash: 64 digits 0-9 a-f are accepted")]
pub struct InvalidHash(pub(crate) String);

pub(crate) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part);
    }
    digest.finalize().into()
}

/// The bytes that 64 digits 0-9 a-f stand for. Every event has some, and this takes a fraction of what a general decoder does.
pub(crate) fn bytes_of(text: &str) -> Option<[u8; 32]> {
    const NONE: u8 = 16;
    let value = |digit: u8| match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => NONE,
    };
    let digits: &[u8; 64] = text.as_bytes().try_into().ok()?;
    let mut bytes = [0; 32];
    let mut all = 0;
    for (byte, pair) in std::iter::zip(&mut bytes, digits.as_chunks::<2>().0) {
        let [high, low] = pair.map(value);
        all |= high | low;
        *byte = high << 4 | low;
    }
    (all < NONE).then_some(bytes)
}

macro_rules! hash_values {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name([u8; 32]);

        impl $name {
            /// From its 32 bytes.
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// Its 32 bytes.
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let mut digits = [0; 64];
                hex::encode_to_slice(self.0, &mut digits).expect("two digits a byte");
                f.write_str(std::str::from_utf8(&digits).expect("digits are ASCII"))
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::hash::InvalidHash;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match $crate::hash::bytes_of(text) {
                    Some(bytes) => Ok(Self(bytes)),
                    None => Err($crate::hash::InvalidHash(text.chars().take(80).collect())),
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::hash::InvalidHash;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(hash: $name) -> String {
                hash.to_string()
            }
        }
    )*};
}
pub(crate) use hash_values;

hash_values! {
    /// The hash of a sealed event's signed bytes: the next event of the node names it as its `prev`.
    EventHash;
}

impl EventHash {
    /// The `prev` of a node's first event.
    pub const GENESIS: Self = Self([0; 32]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_64_lower_case_hex_digits_are_a_hash() {
        let text = "ab".repeat(32);
        assert_eq!(text.parse::<EventHash>().map(|h| h.to_string()), Ok(text.clone()));
        for bad in [text.to_uppercase(), text[2..].to_owned(), format!("{text}00"), "zz".repeat(32)] {
            assert!(bad.parse::<EventHash>().is_err(), "{bad}");
        }
    }
}
