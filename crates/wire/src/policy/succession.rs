//! Which version may follow which.
//!
//! Versions of a site only rise, so a node refuses everything that is not above the highest version it ever took: what
//! was once signed stays signed, and an old permission replayed must not bring a revoked plate back. A hub whose
//! database was restored from a backup counts on from an older number; it then marks a bundle with `rollback_from`, the
//! highest version that it may replace, under the same signature. The mark lifts the limit to that number, so it works
//! once: neither the same bundle nor what it replaced can come back after the next version.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::bundle::BundleHash;

/// One bundle among those of a site: its number and its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PolicyName {
    /// Its number.
    pub version: u64,
    /// Hash of its bytes.
    pub sha256: BundleHash,
}

/// What a node has taken so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Succession {
    /// What it works by.
    pub running: Option<PolicyName>,
    /// What it took last. Another than `running` where that one was damaged later and the one before stands in.
    pub taken: Option<PolicyName>,
    /// The highest number that any bundle taken so far had or claimed to replace.
    pub floor: u64,
}

/// What to do with a policy that the hub wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It runs already.
    Nothing,
    /// It may be taken.
    Take,
}

/// Why a policy may not follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SuccessionError {
    /// Its number is not above those that were taken.
    #[error("version {version} is not above {floor}, the highest taken so far, and is not marked as a rollback")]
    Older {
        /// The version.
        version: u64,
        /// The highest so far.
        floor: u64,
    },
    /// It is marked as a rollback, but not of what was taken here.
    #[error(
        "version {version} may roll back from {from} at most, and {floor} has been taken: it was meant for an earlier time"
    )]
    StaleRollback {
        /// The version.
        version: u64,
        /// What it may replace.
        from: u64,
        /// The highest so far.
        floor: u64,
    },
    /// The number that runs, with other bytes: two hubs sign with one key, or a database was restored.
    #[error(
        "version {version} was taken with the hash {taken}, and now has {wanted}: two hubs number independently; publish a \
         higher version"
    )]
    OtherContent {
        /// The version.
        version: u64,
        /// The hash of what was taken.
        taken: BundleHash,
        /// The hash that is wanted.
        wanted: BundleHash,
    },
}

/// The highest number that a bundle has or claims to replace. A hub's next one is above it.
pub fn reach(version: u64, rollback_from: Option<u64>) -> u64 {
    rollback_from.map_or(version, |from| from.max(version))
}

impl Succession {
    /// Whether the bundle called `wanted` may follow.
    pub fn judge(&self, wanted: PolicyName, rollback_from: Option<u64>) -> Result<Step, SuccessionError> {
        let PolicyName { version, sha256 } = wanted;
        if self.running == Some(wanted) {
            return Ok(Step::Nothing);
        }
        // The very bytes that were taken may come again: they are what a damaged copy is mended with.
        if self.taken == Some(wanted) || version > self.floor {
            return Ok(Step::Take);
        }
        match rollback_from {
            Some(from) if from >= self.floor => Ok(Step::Take),
            Some(from) => Err(SuccessionError::StaleRollback { version, from, floor: self.floor }),
            None => Err(match self.taken {
                Some(taken) if taken.version == version => {
                    SuccessionError::OtherContent { version, taken: taken.sha256, wanted: sha256 }
                }
                Some(_) | None => SuccessionError::Older { version, floor: self.floor },
            }),
        }
    }

    /// After `name` was taken.
    #[must_use]
    pub fn after(&self, name: PolicyName, rollback_from: Option<u64>) -> Self {
        let floor = self.floor.max(reach(name.version, rollback_from));
        Self { running: Some(name), taken: Some(name), floor }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(version: u64, content: u8) -> PolicyName {
        PolicyName { version, sha256: BundleHash::from_bytes([content; 32]) }
    }

    #[test]
    fn only_a_higher_version_follows() {
        let nothing = Succession::default();
        assert_eq!(nothing.judge(name(1, 1), None), Ok(Step::Take));
        let seven = nothing.after(name(7, 7), None);
        assert_eq!(seven.judge(name(7, 7), None), Ok(Step::Nothing));
        assert_eq!(seven.judge(name(8, 8), None), Ok(Step::Take));
        assert_eq!(seven.judge(name(6, 6), None), Err(SuccessionError::Older { version: 6, floor: 7 }));
        assert!(matches!(seven.judge(name(7, 8), None), Err(SuccessionError::OtherContent { version: 7, .. })));
    }

    #[test]
    fn a_rollback_works_once_and_what_it_replaced_stays_away() {
        let nine = Succession::default().after(name(9, 9), None);
        assert!(matches!(nine.judge(name(5, 5), Some(8)), Err(SuccessionError::StaleRollback { .. })));
        assert_eq!(nine.judge(name(5, 5), Some(9)), Ok(Step::Take));
        let back = nine.after(name(5, 5), Some(9));
        assert_eq!(back.judge(name(9, 9), None), Err(SuccessionError::Older { version: 9, floor: 9 }));
        assert_eq!(back.judge(name(6, 6), None), Err(SuccessionError::Older { version: 6, floor: 9 }));
        let ten = back.after(name(10, 10), None);
        assert!(matches!(ten.judge(name(5, 5), Some(9)), Err(SuccessionError::StaleRollback { .. })));
    }

    #[test]
    fn what_was_taken_last_may_come_again_when_its_copy_is_damaged() {
        let seven = Succession::default().after(name(6, 6), None).after(name(7, 7), None);
        let fallen_back = Succession { running: Some(name(6, 6)), ..seven };
        assert_eq!(fallen_back.judge(name(7, 7), None), Ok(Step::Take));
        assert!(fallen_back.judge(name(7, 8), None).is_err());
        assert_eq!(fallen_back.judge(name(6, 6), None), Ok(Step::Nothing));
    }
}
