//! One document of a bundle: a text with a path.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::hash::{hash_values, sha256};

/// Longest text of one document in bytes: a list of some 40,000 holders.
pub const DOCUMENT_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Longest path in bytes.
pub const PATH_BYTES_MAX: usize = 120;

/// Most folders above a document, plus itself.
pub const PATH_DEPTH_MAX: usize = 4;

/// What documents may be.
pub const EXTENSIONS: [&str; 3] = ["toml", "csv", "json"];

hash_values! {
    /// The SHA-256 of a document's text.
    DocumentHash;
}

impl DocumentHash {
    /// The hash of `text`.
    pub fn of(text: &str) -> Self {
        Self::from_bytes(sha256(&[text.as_bytes()]))
    }
}

/// Where a document lies in its bundle, such as `profiles/main.toml`: relative, lower case, and harmless as the name of
/// a file on any system.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DocumentPath(String);

/// Why a text is not the path of a document.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "\"{0}\" is not the path of a document: up to {PATH_DEPTH_MAX} names of a-z, 0-9, \"-\", \"_\" and \".\" with \"/\" between \
     them are accepted, none beginning with \".\", {PATH_BYTES_MAX} bytes at most, ending in .toml, .csv or .json"
)]
pub struct InvalidDocumentPath(String);

/// Why a text cannot be a document.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DocumentError {
    /// Longer than [`DOCUMENT_BYTES_MAX`].
    #[error("document \"{path}\" has {bytes} bytes, at most {DOCUMENT_BYTES_MAX} are accepted")]
    TooLong {
        /// The document.
        path: DocumentPath,
        /// Its length.
        bytes: usize,
    },
    /// A character that no text has.
    #[error("document \"{path}\" has a control character (U+{code:04X}) in line {line}: only text is accepted")]
    ControlCharacter {
        /// The document.
        path: DocumentPath,
        /// The character.
        code: u32,
        /// The line, from 1.
        line: usize,
    },
    /// The length that stands beside the text is another.
    #[error("document \"{path}\" has {found} bytes, not the {named} that the bundle names")]
    OtherLength {
        /// The document.
        path: DocumentPath,
        /// What the bundle says.
        named: u64,
        /// What it is.
        found: u64,
    },
    /// The hash that stands beside the text is another.
    #[error("document \"{path}\" has the hash {found}, not the {named} that the bundle names")]
    OtherHash {
        /// The document.
        path: DocumentPath,
        /// What the bundle says.
        named: DocumentHash,
        /// What it is.
        found: DocumentHash,
    },
}

/// A document: a text with its path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    path: DocumentPath,
    text: String,
}

/// A document as it travels.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDocument {
    path: DocumentPath,
    sha256: DocumentHash,
    bytes: u64,
    text: String,
}

fn is_name(name: &str) -> bool {
    let fits = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.');
    !name.is_empty() && !name.starts_with('.') && !name.contains("..") && name.bytes().all(fits)
}

impl DocumentPath {
    /// Checks `text`.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidDocumentPath> {
        let text = text.into();
        let has_extension = text.rsplit_once('.').is_some_and(|(stem, extension)| {
            !stem.is_empty() && !stem.ends_with('/') && EXTENSIONS.contains(&extension)
        });
        let fits = text.len() <= PATH_BYTES_MAX
            && has_extension
            && text.split('/').count() <= PATH_DEPTH_MAX
            && text.split('/').all(is_name);
        if fits { Ok(Self(text)) } else { Err(InvalidDocumentPath(text.chars().take(PATH_BYTES_MAX).collect())) }
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What follows the last dot.
    pub fn extension(&self) -> &str {
        self.0.rsplit_once('.').map_or("", |(_, extension)| extension)
    }

    /// Whether `other` would have to lie in a folder with this one's name.
    pub(super) fn is_folder_of(&self, other: &Self) -> bool {
        other.0.strip_prefix(&self.0).is_some_and(|rest| rest.starts_with('/'))
    }
}

impl std::fmt::Display for DocumentPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for DocumentPath {
    type Err = InvalidDocumentPath;
    fn from_str(text: &str) -> Result<Self, InvalidDocumentPath> {
        Self::new(text)
    }
}

impl TryFrom<String> for DocumentPath {
    type Error = InvalidDocumentPath;
    fn try_from(text: String) -> Result<Self, InvalidDocumentPath> {
        Self::new(text)
    }
}

impl From<DocumentPath> for String {
    fn from(path: DocumentPath) -> String {
        path.0
    }
}

impl Document {
    /// A document, where `text` can be one.
    pub fn new(path: DocumentPath, text: impl Into<String>) -> Result<Self, DocumentError> {
        let text = text.into();
        if text.len() > DOCUMENT_BYTES_MAX {
            return Err(DocumentError::TooLong { path, bytes: text.len() });
        }
        let strange = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
        if let Some(at) = text.find(strange) {
            let code = text[at..].chars().next().map_or(0, u32::from);
            let line = text[..at].matches('\n').count() + 1;
            return Err(DocumentError::ControlCharacter { path, code, line });
        }
        Ok(Self { path, text })
    }

    /// Where it lies.
    pub fn path(&self) -> &DocumentPath {
        &self.path
    }

    /// What it says.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The hash of its text.
    pub fn sha256(&self) -> DocumentHash {
        DocumentHash::of(&self.text)
    }

    pub(super) fn to_raw(&self) -> RawDocument {
        let Self { path, text } = self;
        RawDocument { path: path.clone(), sha256: self.sha256(), bytes: text.len() as u64, text: text.clone() }
    }

    pub(super) fn from_raw(raw: RawDocument) -> Result<Self, DocumentError> {
        let RawDocument { path, sha256: named, bytes, text } = raw;
        if bytes != text.len() as u64 {
            return Err(DocumentError::OtherLength { path, named: bytes, found: text.len() as u64 });
        }
        let found = DocumentHash::of(&text);
        if found != named {
            return Err(DocumentError::OtherHash { path, named, found });
        }
        Self::new(path, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_harmless_relative_paths_of_known_kinds_are_taken() {
        for good in ["access.toml", "profiles/main.toml", "lists/a-b_c.csv", "a/b/c/d.json", "v1.2.toml"] {
            assert_eq!(DocumentPath::new(good).map(String::from), Ok(good.to_owned()));
        }
        let long = format!("{}.toml", "a".repeat(PATH_BYTES_MAX));
        for bad in [
            "",
            ".",
            "..",
            "/a.toml",
            "a/../b.toml",
            "../a.toml",
            "a//b.toml",
            "a/",
            "a.toml/",
            "./a.toml",
            ".a.toml",
            "a/.b.toml",
            "A.toml",
            "a.TOML",
            "a b.toml",
            "a\\b.toml",
            "a.exe",
            "a",
            ".toml",
            "a/.toml",
            "a..toml",
            "danh-sách.csv",
            "a/b/c/d/e.toml",
            "c:a.toml",
            "a\n.toml",
            &long,
        ] {
            assert!(DocumentPath::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_document_is_text_of_bounded_length() {
        let path = DocumentPath::new("a.csv").expect("a path");
        let vietnamese = Document::new(path.clone(), "\u{feff}họ tên,biển số\r\n\tNguyễn,30A\n").expect("text");
        assert_eq!(Document::from_raw(vietnamese.to_raw()), Ok(vietnamese));
        let error = Document::new(path.clone(), "a\nb\u{0}c").expect_err("no text").to_string();
        assert!(error.contains("U+0000") && error.contains("line 2"), "{error}");
        let error = Document::new(path, "x".repeat(DOCUMENT_BYTES_MAX + 1)).expect_err("too long");
        assert!(matches!(error, DocumentError::TooLong { .. }), "{error}");
    }

    #[test]
    fn a_text_that_is_not_the_one_that_is_named_is_refused() {
        let document = Document::new(DocumentPath::new("a.csv").expect("a path"), "one").expect("text");
        let raw = || document.to_raw();
        let longer = RawDocument { text: "ones".to_owned(), ..raw() };
        assert!(matches!(Document::from_raw(longer), Err(DocumentError::OtherLength { named: 3, found: 4, .. })));
        let other = RawDocument { text: "two".to_owned(), ..raw() };
        assert!(matches!(Document::from_raw(other), Err(DocumentError::OtherHash { .. })));
    }
}
