//! How much a piece of evidence matters.

use serde::{Deserialize, Serialize};

/// What evidence shows, the least first: the order in which it is given up when there is no room, and against which it is
/// uploaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceClass {
    /// Somebody was let in as a rule says.
    Permit,
    /// Somebody passed a counting line or stayed in a zone. What was stored before there were classes counts as this.
    #[default]
    Passage,
    /// A plate was read, or could not be.
    Plate,
    /// Somebody should look: a refusal, a match with a watch list, a door forced open.
    Alert,
    /// An offence: the record is worth nothing without it.
    Violation,
}

impl EvidenceClass {
    /// All classes, the least first.
    pub const ALL: [Self; 5] = [Self::Permit, Self::Passage, Self::Plate, Self::Alert, Self::Violation];

    /// Its name in files, metrics and the status.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Permit => "permit",
            Self::Passage => "passage",
            Self::Plate => "plate",
            Self::Alert => "alert",
            Self::Violation => "violation",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.as_str() == name)
    }
}

/// What waits of one class, and what went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ClassState {
    /// Files that wait.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Files that went, since the spool was opened, because there was no room.
    pub dropped_files: u64,
    /// Their bytes.
    pub dropped_bytes: u64,
}
