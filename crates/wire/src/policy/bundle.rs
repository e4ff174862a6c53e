//! The bundle itself.

use std::collections::BTreeSet;

use domain::{NodeId, SiteId, UtcTime};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::document::{Document, DocumentError, DocumentPath, RawDocument};
use super::key::{PolicyKey, TrustedKeys};
use super::sealed::{self, SealError};
use super::succession::PolicyName;
use super::{NODES_MAX, VERSION_MAX};
use crate::hash::{hash_values, sha256};

/// Most documents of a bundle.
pub const DOCUMENTS_MAX: usize = 64;

/// Longest texts of all documents together, in bytes.
pub const TEXT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Longest bundle on the wire in bytes: every character of text may have to be written as two, and paths, hashes and
/// names come on top.
pub const BUNDLE_BYTES_MAX: usize = 2 * TEXT_BYTES_MAX + 1024 * 1024;

/// Longest name of who issued a bundle, in characters.
pub const ISSUED_BY_CHARS_MAX: usize = 80;

const SIGNED_PREFIX: &[u8] = b"gatehouse-policy-v1\n";

hash_values! {
    /// The SHA-256 of a sealed bundle's bytes.
    BundleHash;
}

impl BundleHash {
    /// The hash of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self::from_bytes(sha256(&[bytes]))
    }
}

/// Whom a policy is for. On the wire `null` or a list of names in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Option<BTreeSet<NodeId>>", into = "Option<BTreeSet<NodeId>>")]
pub enum Addressees {
    /// Every node of the site, those that come later too.
    All,
    /// These nodes only.
    Named(BTreeSet<NodeId>),
}

impl Addressees {
    /// Whether `node` is meant.
    pub fn include(&self, node: &NodeId) -> bool {
        match self {
            Self::All => true,
            Self::Named(nodes) => nodes.contains(node),
        }
    }

    /// How many are named, where that is not a number that any policy may name.
    pub(super) fn fault(&self) -> Option<usize> {
        match self {
            Self::All => None,
            Self::Named(nodes) => Some(nodes.len()).filter(|count| !(1..=NODES_MAX).contains(count)),
        }
    }
}

impl From<Option<BTreeSet<NodeId>>> for Addressees {
    fn from(nodes: Option<BTreeSet<NodeId>>) -> Self {
        nodes.map_or(Self::All, Self::Named)
    }
}

impl From<Addressees> for Option<BTreeSet<NodeId>> {
    fn from(nodes: Addressees) -> Self {
        match nodes {
            Addressees::All => None,
            Addressees::Named(nodes) => Some(nodes),
        }
    }
}

/// What a node shall work by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// Its number, 1 to [`VERSION_MAX`]; the site's next one is higher.
    pub version: u64,
    /// The site that it is for.
    pub site: SiteId,
    /// The nodes that it is for.
    pub nodes: Addressees,
    /// When it was issued, by the hub's clock.
    pub issued_at: UtcTime,
    /// Who issued it: 1 to [`ISSUED_BY_CHARS_MAX`] characters.
    pub issued_by: String,
    /// Until then nodes keep it and go on with what they have.
    pub not_before: UtcTime,
    /// The highest version that this one may replace although its own number is lower; see
    /// [`succession`](super::succession). Not below `version`.
    pub rollback_from: Option<u64>,
    /// The documents, in the order of their paths, each path once.
    pub documents: Vec<Document>,
}

/// A bundle in its wire form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedBundle {
    bytes: Vec<u8>,
    hash: BundleHash,
}

/// Why something is not a bundle.
#[derive(Debug, Error)]
pub enum BundleError {
    /// Longer than [`BUNDLE_BYTES_MAX`].
    #[error("the policy bundle has {0} bytes, at most {BUNDLE_BYTES_MAX} are accepted")]
    TooLong(usize),
    /// No trusted key signed it.
    #[error("the policy bundle is not believed")]
    NotBelieved(#[source] SealError),
    /// A trusted key signed it, but it is not a bundle.
    #[error("the policy bundle cannot be read")]
    NotABundle(#[source] serde_json::Error),
    /// No number of a bundle.
    #[error("version: {0} is out of range: 1 to {VERSION_MAX} is accepted")]
    BadVersion(u64),
    /// A list of nobody, or of too many.
    #[error("nodes: {0} are named: 1 to {NODES_MAX}, or all, are accepted")]
    BadNodes(usize),
    /// No name.
    #[error("issued_by: 1 to {ISSUED_BY_CHARS_MAX} characters of text are accepted, not \"{0}\"")]
    BadIssuer(String),
    /// It would roll back nothing.
    #[error("rollback_from: {from} is out of range: {version}, the bundle's own version, to {VERSION_MAX} is accepted")]
    BadRollback {
        /// The bundle's version.
        version: u64,
        /// What it claims to replace.
        from: u64,
    },
    /// None, or too many.
    #[error("documents: there are {0}: 1 to {DOCUMENTS_MAX} are accepted")]
    DocumentCount(usize),
    /// Too much text in all.
    #[error("documents: together they have {0} bytes, at most {TEXT_BYTES_MAX} are accepted")]
    TextTooLong(usize),
    /// Two documents in one place, or not in order.
    #[error("documents: \"{0}\" comes twice, or stands after \"{1}\": each path once and in order is accepted")]
    NotInOrder(DocumentPath, DocumentPath),
    /// A file that is a folder too.
    #[error("documents: \"{0}\" cannot be a document and the folder of \"{1}\"")]
    FileAndFolder(DocumentPath, DocumentPath),
    /// One of them is no document.
    #[error("documents: one of them cannot be taken")]
    BadDocument(#[from] DocumentError),
    /// A number that the canonical form cannot hold.
    #[error("the policy bundle has no canonical form")]
    NotCanonical(#[source] serde_json::Error),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawBundle {
    version: u64,
    site: SiteId,
    nodes: Addressees,
    issued_at: UtcTime,
    issued_by: String,
    not_before: UtcTime,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rollback_from: Option<u64>,
    documents: Vec<RawDocument>,
}

impl Bundle {
    /// Reads a bundle that a trusted key signed. Never panics, whatever the bytes.
    pub fn open(bytes: &[u8], trusted: &TrustedKeys) -> Result<Self, BundleError> {
        if bytes.len() > BUNDLE_BYTES_MAX {
            return Err(BundleError::TooLong(bytes.len()));
        }
        let value = sealed::open(SIGNED_PREFIX, bytes, trusted).map_err(BundleError::NotBelieved)?;
        let raw: RawBundle = serde_json::from_value(value).map_err(BundleError::NotABundle)?;
        let documents = raw.documents.into_iter().map(Document::from_raw).collect::<Result<_, _>>()?;
        let RawBundle { version, site, nodes, issued_at, issued_by, not_before, rollback_from, .. } = raw;
        let bundle = Self { version, site, nodes, issued_at, issued_by, not_before, rollback_from, documents };
        bundle.check()?;
        Ok(bundle)
    }

    /// The documents of a sealed bundle, whoever signed it. For whoever kept the bytes and looks at what they say; whoever works
    /// by a policy opens it by [`Bundle::open`].
    pub fn documents_unproved(bytes: &[u8]) -> Result<Vec<Document>, BundleError> {
        #[derive(Deserialize)]
        struct Said {
            documents: Vec<RawDocument>,
        }
        if bytes.len() > BUNDLE_BYTES_MAX {
            return Err(BundleError::TooLong(bytes.len()));
        }
        let said: Said = serde_json::from_slice(bytes).map_err(BundleError::NotABundle)?;
        Ok(said.documents.into_iter().map(Document::from_raw).collect::<Result<_, _>>()?)
    }

    /// What is wrong with it, the first thing.
    pub fn check(&self) -> Result<(), BundleError> {
        if !(1..=VERSION_MAX).contains(&self.version) {
            return Err(BundleError::BadVersion(self.version));
        }
        if let Some(count) = self.nodes.fault() {
            return Err(BundleError::BadNodes(count));
        }
        let characters = self.issued_by.chars().count();
        if !(1..=ISSUED_BY_CHARS_MAX).contains(&characters) || self.issued_by.chars().any(char::is_control) {
            return Err(BundleError::BadIssuer(self.issued_by.chars().take(ISSUED_BY_CHARS_MAX).collect()));
        }
        if let Some(from) = self.rollback_from.filter(|from| !(self.version..=VERSION_MAX).contains(from)) {
            return Err(BundleError::BadRollback { version: self.version, from });
        }
        if !(1..=DOCUMENTS_MAX).contains(&self.documents.len()) {
            return Err(BundleError::DocumentCount(self.documents.len()));
        }
        let text: usize = self.documents.iter().map(|document| document.text().len()).sum();
        if text > TEXT_BYTES_MAX {
            return Err(BundleError::TextTooLong(text));
        }
        for pair in self.documents.windows(2) {
            let (one, next) = (pair[0].path(), pair[1].path());
            if one >= next {
                return Err(BundleError::NotInOrder(next.clone(), one.clone()));
            }
        }
        let paths = || self.documents.iter().map(Document::path);
        let clash = paths().find_map(|one| paths().find(|other| one.is_folder_of(other)).map(|other| (one, other)));
        match clash {
            Some((one, other)) => Err(BundleError::FileAndFolder(one.clone(), other.clone())),
            None => Ok(()),
        }
    }

    /// The text at `path`; nothing where there is none.
    pub fn text(&self, path: &str) -> Option<&str> {
        let at = self.documents.binary_search_by(|document| document.path().as_str().cmp(path)).ok()?;
        Some(self.documents[at].text())
    }

    /// The documents of a folder such as `lists`, in the order of their paths.
    pub fn folder<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a Document> {
        self.documents.iter().filter(move |document| {
            document.path().as_str().strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
        })
    }
}

impl SealedBundle {
    /// Checks and signs `bundle`.
    pub fn seal(key: &PolicyKey, bundle: &Bundle) -> Result<Self, BundleError> {
        bundle.check()?;
        let raw = RawBundle {
            version: bundle.version,
            site: bundle.site.clone(),
            nodes: bundle.nodes.clone(),
            issued_at: bundle.issued_at,
            issued_by: bundle.issued_by.clone(),
            not_before: bundle.not_before,
            rollback_from: bundle.rollback_from,
            documents: bundle.documents.iter().map(Document::to_raw).collect(),
        };
        let value = serde_json::to_value(&raw).map_err(BundleError::NotCanonical)?;
        let bytes = sealed::seal(SIGNED_PREFIX, key, value).map_err(BundleError::NotCanonical)?;
        if bytes.len() > BUNDLE_BYTES_MAX {
            return Err(BundleError::TooLong(bytes.len()));
        }
        let hash = BundleHash::of(&bytes);
        Ok(Self { bytes, hash })
    }

    /// The bytes to keep and to send.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Their hash.
    pub fn hash(&self) -> BundleHash {
        self.hash
    }

    /// What a node calls the bundle.
    pub fn name(&self, bundle: &Bundle) -> PolicyName {
        PolicyName { version: bundle.version, sha256: self.hash }
    }
}

#[cfg(test)]
mod tests;
