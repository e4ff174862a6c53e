//! Names of things. A name is a slug: 1 to 63 of `a-z`, `0-9` and `-`, beginning and ending with a letter or a
//! digit, so that it can stand in an MQTT topic, a URL and a file name without escaping.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Longest name, in bytes (the limit of a DNS label).
pub const SLUG_LEN_MAX: usize = 63;

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("\"{text}\" is not a valid {what}: use 1 to 63 of a-z, 0-9 and -, beginning and ending with a letter or digit")]
pub struct InvalidId {
    what: &'static str,
    text: String,
}

impl InvalidId {
    /// `text` is no `what`, such as "gate id".
    pub fn new(what: &'static str, text: impl Into<String>) -> Self {
        Self { what, text: text.into() }
    }
}

/// Whether a text is a slug; see the module documentation for the alphabet.
pub fn is_slug(text: &str) -> bool {
    let edge = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let bytes = text.as_bytes();
    bytes.len() <= SLUG_LEN_MAX
        && edge(bytes.first())
        && edge(bytes.last())
        && bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-')
}

/// Makes types of names that are slugs, each with what it is called in errors.
#[macro_export]
macro_rules! slug_ids {
    ($($(#[$doc:meta])* $name:ident = $what:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, ::serde::Serialize, ::serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Accepts a slug: 1 to 63 of `a-z`, `0-9` and `-`, beginning and ending with a letter or digit.
            pub fn new(text: impl Into<String>) -> Result<Self, $crate::id::InvalidId> {
                let text = text.into();
                if $crate::id::is_slug(&text) { Ok(Self(text)) } else { Err($crate::id::InvalidId::new($what, text)) }
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::id::InvalidId;
            fn try_from(text: String) -> Result<Self, $crate::id::InvalidId> {
                Self::new(text)
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::id::InvalidId;
            fn from_str(text: &str) -> Result<Self, $crate::id::InvalidId> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

slug_ids! {
    /// A guarded place: a tourist site, an industrial park, a station, a junction.
    SiteId = "site id";
    /// A computer at the edge, with its own signing key.
    NodeId = "node id";
    /// A way in or out of a site.
    GateId = "gate id";
    /// A camera of a node.
    CameraId = "camera id";
    /// A counting line of a gate.
    LineId = "line id";
    /// A zone of a gate in which stays are counted.
    ZoneId = "zone id";
}

/// An object followed by one tracker; unique for the run of one camera, never re-used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TrackId(pub u64);

impl std::fmt::Display for TrackId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_stand_in_topics_and_paths() {
        for good in ["a", "cong-chinh", "gate-1", "0"] {
            assert_eq!(GateId::new(good).expect("a slug").as_str(), good);
        }
        let long = "a".repeat(SLUG_LEN_MAX + 1);
        for bad in ["", "-a", "a-", "Gate", "a/b", "a#", "cổng", "a b", "..", long.as_str()] {
            assert!(GateId::new(bad).is_err(), "{bad:?} must be refused");
        }
    }

    #[test]
    fn a_bad_id_in_json_names_what_it_should_be() {
        let err = serde_json::from_str::<SiteId>("\"Hà Giang\"").expect_err("not a slug").to_string();
        assert!(err.contains("site id") && err.contains("a-z"), "{err}");
    }
}
