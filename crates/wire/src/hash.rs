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
                f.write_str(&hex::encode(self.0))
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
                let lower = text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
                let mut bytes = [0; 32];
                match hex::decode_to_slice(text, &mut bytes) {
                    Ok(()) if lower => Ok(Self(bytes)),
                    Ok(()) | Err(_) => Err($crate::hash::InvalidHash(text.chars().take(80).collect())),
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
