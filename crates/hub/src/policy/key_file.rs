//! The files that hold the policy key, the order key, the pass key and the view key: 32 secret bytes each that only their owner may read.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use thiserror::Error;
use wire::pass::PassKey;
use wire::policy::PolicyKey;
use wire::{OrderKey, ViewKey};

/// Length of the file in bytes.
const SEED_BYTES: usize = 32;

/// What a key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// Policies, and guards' orders where there is no key of their own.
    Policy,
    /// Guards' orders and nothing else.
    Order,
    /// Visitors' passes.
    Pass,
    /// Requests for pictures and nothing else.
    View,
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Policy => "policy",
            Self::Order => "order",
            Self::Pass => "pass",
            Self::View => "view",
        })
    }
}

impl KeyKind {
    /// The command that makes one.
    const fn keygen(self) -> &'static str {
        match self {
            Self::Policy => "policy keygen",
            Self::Order => "order-key keygen",
            Self::Pass => "pass keygen",
            Self::View => "view-key keygen",
        }
    }
}

/// Makes and reads files of policy keys.
#[derive(Debug)]
pub struct PolicyKeyFile;

/// Makes and reads files of order keys. A policy key's file is read as well: whoever has that one gives orders anyway.
#[derive(Debug)]
pub struct OrderKeyFile;

/// Makes and reads files of pass keys.
#[derive(Debug)]
pub struct PassKeyFile;

/// Makes and reads files of view keys. An order key's file is read as well: whoever has that one looks through cameras
/// anyway.
#[derive(Debug)]
pub struct ViewKeyFile;

/// Why there is no key.
#[derive(Debug, Error)]
pub enum KeyFileError {
    /// It cannot be read.
    #[error("cannot read the {kind} key \"{}\": make one with `gatehouse-hub {}`, or name another", path.display(), kind.keygen())]
    Read {
        /// What it signs.
        kind: KeyKind,
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It cannot be made.
    #[error("cannot make the {kind} key \"{}\"", path.display())]
    Create {
        /// What it signs.
        kind: KeyKind,
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// One is there already.
    #[error(
        "there is a {kind} key at \"{}\" already: a new one would cut off all nodes that know it; give another --key for the \
         next key", path.display()
    )]
    Exists {
        /// What it signs.
        kind: KeyKind,
        /// The file.
        path: PathBuf,
    },
    /// Others may read it.
    #[error(
        "the {kind} key \"{}\" may be used by others than its owner (mode {mode:04o}, 0600 is accepted): run chmod 600 on it, \
         and make a new key if somebody may have copied it", path.display()
    )]
    Exposed {
        /// What it signs.
        kind: KeyKind,
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It is not a key.
    #[error("the {kind} key \"{}\" is damaged: exactly {SEED_BYTES} bytes are accepted; restore it from a backup", path.display())]
    Damaged {
        /// What it signs.
        kind: KeyKind,
        /// The file.
        path: PathBuf,
    },
    /// The system has no randomness to give.
    #[error("cannot draw a random key")]
    NoRandomness(#[source] getrandom::Error),
}

impl PolicyKeyFile {
    /// Makes a new key; on disk before this returns. Never replaces one.
    pub fn create(path: &Path) -> Result<PolicyKey, KeyFileError> {
        create(KeyKind::Policy, path).map(PolicyKey::from_seed)
    }

    /// Reads a key.
    pub fn read(path: &Path) -> Result<PolicyKey, KeyFileError> {
        read(KeyKind::Policy, path).map(PolicyKey::from_seed)
    }
}

impl OrderKeyFile {
    /// Makes a new key; on disk before this returns. Never replaces one.
    pub fn create(path: &Path) -> Result<OrderKey, KeyFileError> {
        create(KeyKind::Order, path).map(OrderKey::from_seed)
    }

    /// Reads a key.
    pub fn read(path: &Path) -> Result<OrderKey, KeyFileError> {
        read(KeyKind::Order, path).map(OrderKey::from_seed)
    }
}

impl PassKeyFile {
    /// Makes a new key; on disk before this returns. Never replaces one.
    pub fn create(path: &Path) -> Result<PassKey, KeyFileError> {
        create(KeyKind::Pass, path).map(PassKey::from_seed)
    }

    /// Reads a key.
    pub fn read(path: &Path) -> Result<PassKey, KeyFileError> {
        read(KeyKind::Pass, path).map(PassKey::from_seed)
    }
}

impl ViewKeyFile {
    /// Makes a new key; on disk before this returns. Never replaces one.
    pub fn create(path: &Path) -> Result<ViewKey, KeyFileError> {
        create(KeyKind::View, path).map(ViewKey::from_seed)
    }

    /// Reads a key.
    pub fn read(path: &Path) -> Result<ViewKey, KeyFileError> {
        read(KeyKind::View, path).map(ViewKey::from_seed)
    }
}

fn create(kind: KeyKind, path: &Path) -> Result<[u8; SEED_BYTES], KeyFileError> {
    let failed = |source: io::Error| {
        let path = path.to_owned();
        if source.kind() == io::ErrorKind::AlreadyExists {
            KeyFileError::Exists { kind, path }
        } else {
            KeyFileError::Create { kind, path, source }
        }
    };
    let mut seed = [0; SEED_BYTES];
    getrandom::fill(&mut seed).map_err(KeyFileError::NoRandomness)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(failed)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
    let written = file.write_all(&seed).and_then(|()| file.sync_all());
    if let Err(error) = written.and_then(|()| File::open(folder)?.sync_all()) {
        // Half a key is none, and would be in the way of the next attempt.
        let _ = fs::remove_file(path);
        return Err(failed(error));
    }
    Ok(seed)
}

fn read(kind: KeyKind, path: &Path) -> Result<[u8; SEED_BYTES], KeyFileError> {
    let failed = |source| KeyFileError::Read { kind, path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    let mode = file.metadata().map_err(failed)?.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(KeyFileError::Exposed { kind, path: path.to_owned(), mode });
    }
    let mut bytes = Vec::with_capacity(SEED_BYTES + 1);
    file.take(SEED_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    bytes.try_into().map_err(|_| KeyFileError::Damaged { kind, path: path.to_owned() })
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
        assert!(matches!(error, KeyFileError::Exists { .. }), "{error}");
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
        let order = OrderKeyFile::read(&path).expect_err("missing").to_string();
        assert!(order.contains("order-key keygen"), "{order}");
        PolicyKeyFile::create(&path).expect("made");
        fs::write(&path, [1; 33]).expect("written");
        assert!(matches!(PolicyKeyFile::read(&path), Err(KeyFileError::Damaged { .. })));
    }
}
