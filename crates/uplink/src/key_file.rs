//! The file that holds a node's signing key: 32 secret bytes that only their owner may read.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use thiserror::Error;
use wire::NodeKey;

use crate::durable;

/// Length of the file in bytes.
const SEED_BYTES: usize = 32;

/// Reads and creates key files.
#[derive(Debug)]
pub struct NodeKeyFile;

/// Why there is no key.
#[derive(Debug, Error)]
pub enum KeyFileError {
    /// It cannot be read.
    #[error("cannot read the node key \"{path}\"")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It cannot be created.
    #[error("cannot create the node key \"{path}\"")]
    Create {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others may read it.
    #[error(
        "the node key \"{path}\" may be used by others than its owner (mode {mode:04o}, 0600 is accepted): run chmod \
         600 on it, and replace the key if somebody may have copied it"
    )]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It is not a key.
    #[error(
        "the node key \"{path}\" is damaged: it has {bytes} bytes, exactly {SEED_BYTES} are accepted; restore it from a \
         backup, or move it away to start as a new node"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Its length, or one more than accepted where it is longer.
        bytes: usize,
    },
    /// The system has no randomness to give.
    #[error("cannot draw a random node key")]
    NoRandomness(#[source] getrandom::Error),
}

impl NodeKeyFile {
    /// The key in the file at `path`; where there is no file, a new one, on disk before this returns. A file that is
    /// there is never written to, however damaged.
    pub fn load_or_create(path: &Path) -> Result<NodeKey, KeyFileError> {
        match File::open(path) {
            Ok(file) => Self::read(path, file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::create(path),
            Err(source) => Err(KeyFileError::Read { path: path.to_owned(), source }),
        }
    }

    fn read(path: &Path, file: File) -> Result<NodeKey, KeyFileError> {
        let failed = |source| KeyFileError::Read { path: path.to_owned(), source };
        let mode = file.metadata().map_err(failed)?.mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(KeyFileError::Exposed { path: path.to_owned(), mode });
        }
        let mut bytes = Vec::with_capacity(SEED_BYTES + 1);
        file.take(SEED_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
        let seed = <[u8; SEED_BYTES]>::try_from(bytes.as_slice())
            .map_err(|_| KeyFileError::Damaged { path: path.to_owned(), bytes: bytes.len() })?;
        Ok(NodeKey::from_seed(seed))
    }

    fn create(path: &Path) -> Result<NodeKey, KeyFileError> {
        let mut seed = [0; SEED_BYTES];
        getrandom::fill(&mut seed).map_err(KeyFileError::NoRandomness)?;
        match durable::create(path, &durable::beside(path, ".new"), &seed, 0o600) {
            Ok(()) => Ok(NodeKey::from_seed(seed)),
            // Another process was faster: its key is the node's key.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let file =
                    fs::File::open(path).map_err(|source| KeyFileError::Read { path: path.to_owned(), source })?;
                Self::read(path, file)
            }
            Err(source) => Err(KeyFileError::Create { path: path.to_owned(), source }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_key_is_created_once_and_read_back_ever_after() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("node.key");
        let created = NodeKeyFile::load_or_create(&path).expect("created");
        let read = NodeKeyFile::load_or_create(&path).expect("read");
        assert_eq!(created.to_seed(), read.to_seed());
        assert_ne!(created.to_seed(), [0; 32]);
        assert_eq!(fs::metadata(&path).expect("it is there").permissions().mode() & 0o777, 0o600);
        let names: Vec<_> = fs::read_dir(folder.path()).expect("a folder").collect();
        assert_eq!(names.len(), 1, "nothing is left beside the key: {names:?}");
        let other = NodeKeyFile::load_or_create(&folder.path().join("other.key")).expect("created");
        assert_ne!(other.to_seed(), created.to_seed());
    }

    #[test]
    fn a_key_that_others_may_read_is_refused_with_the_remedy() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("node.key");
        NodeKeyFile::load_or_create(&path).expect("created");
        for mode in [0o640, 0o604, 0o660, 0o644] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("chmod");
            let error = NodeKeyFile::load_or_create(&path).expect_err("exposed").to_string();
            assert!(error.contains("chmod 600") && error.contains(&format!("{mode:04o}")), "{error}");
        }
    }

    #[test]
    fn a_damaged_key_is_named_and_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("node.key");
        for bytes in [vec![], vec![1; 31], vec![1; 33], vec![1; 4096]] {
            durable::replace(&path, &durable::beside(&path, ".t"), &bytes, 0o600).expect("written");
            let error = NodeKeyFile::load_or_create(&path).expect_err("damaged");
            assert!(matches!(error, KeyFileError::Damaged { .. }) && error.to_string().contains("32"), "{error}");
            assert_eq!(fs::read(&path).expect("still there"), bytes);
        }
    }

    #[test]
    fn a_missing_folder_is_named() {
        let error = NodeKeyFile::load_or_create(Path::new("/nonexistent/node.key")).expect_err("no folder");
        assert!(matches!(&error, KeyFileError::Create { path, .. } if path.ends_with("node.key")), "{error}");
    }
}
