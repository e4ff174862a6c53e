//! The file that holds the policy key: 32 secret bytes that only their owner may read.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use thiserror::Error;
use wire::policy::PolicyKey;

/// Length of the file in bytes.
const SEED_BYTES: usize = 32;

/// Makes and reads key files.
#[derive(Debug)]
pub struct PolicyKeyFile;

/// Why there is no key.
#[derive(Debug, Error)]
pub enum PolicyKeyError {
    /// It cannot be read.
    #[error("cannot read the policy key \"{}\": make one with `gatehouse-hub policy keygen`, or name another with --key", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It cannot be made.
    #[error("cannot make the policy key \"{}\"", path.display())]
    Create {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// One is there already.
    #[error(
        "there is a policy key at \"{}\" already: a new one would cut off all nodes that know it; give another --key for the \
         next key", path.display()
    )]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// Others may read it.
    #[error(
        "the policy key \"{}\" may be used by others than its owner (mode {mode:04o}, 0600 is accepted): run chmod 600 on it, \
         and make a new key if somebody may have copied it", path.display()
    )]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It is not a key.
    #[error("the policy key \"{}\" is damaged: exactly {SEED_BYTES} bytes are accepted; restore it from a backup", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// The system has no randomness to give.
    #[error("cannot draw a random policy key")]
    NoRandomness(#[source] getrandom::Error),
}

impl PolicyKeyFile {
    /// Makes a new key; on disk before this returns. Never replaces one.
    pub fn create(path: &Path) -> Result<PolicyKey, PolicyKeyError> {
        let failed = |source: io::Error| {
            let path = path.to_owned();
            if source.kind() == io::ErrorKind::AlreadyExists {
                PolicyKeyError::Exists { path }
            } else {
                PolicyKeyError::Create { path, source }
            }
        };
        let mut seed = [0; SEED_BYTES];
        getrandom::fill(&mut seed).map_err(PolicyKeyError::NoRandomness)?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(failed)?;
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
        let written = file.write_all(&seed).and_then(|()| file.sync_all());
        if let Err(error) = written.and_then(|()| File::open(folder)?.sync_all()) {
            // Half a key is none, and would be in the way of the next attempt.
            let _ = fs::remove_file(path);
            return Err(failed(error));
        }
        Ok(PolicyKey::from_seed(seed))
    }

    /// Reads a key.
    pub fn read(path: &Path) -> Result<PolicyKey, PolicyKeyError> {
        let failed = |source| PolicyKeyError::Read { path: path.to_owned(), source };
        let file = File::open(path).map_err(failed)?;
        let mode = file.metadata().map_err(failed)?.mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(PolicyKeyError::Exposed { path: path.to_owned(), mode });
        }
        let mut bytes = Vec::with_capacity(SEED_BYTES + 1);
        file.take(SEED_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
        let seed = bytes.try_into().map_err(|_| PolicyKeyError::Damaged { path: path.to_owned() })?;
        Ok(PolicyKey::from_seed(seed))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_key_is_made_once_kept_from_others_and_read_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("keys/policy.key");
        let made = PolicyKeyFile::create(&path).expect("made");
        assert_eq!(PolicyKeyFile::read(&path).expect("read").public(), made.public());
        let error = PolicyKeyFile::create(&path).expect_err("there is one");
        assert!(matches!(error, PolicyKeyError::Exists { .. }), "{error}");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("chmod");
        let error = PolicyKeyFile::read(&path).expect_err("exposed").to_string();
        assert!(error.contains("chmod 600") && error.contains("0640"), "{error}");
    }

    #[test]
    fn a_damaged_or_missing_key_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("policy.key");
        let error = PolicyKeyFile::read(&path).expect_err("missing").to_string();
        assert!(error.contains("policy.key") && error.contains("keygen"), "{error}");
        PolicyKeyFile::create(&path).expect("made");
        fs::write(&path, [1; 33]).expect("written");
        assert!(matches!(PolicyKeyFile::read(&path), Err(PolicyKeyError::Damaged { .. })));
    }
}
