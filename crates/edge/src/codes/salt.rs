//! The site's secret under which citizens' numbers are matched: a file in the node's data folder that only its owner may
//! read. There are few enough numbers to try them all, so whoever has the file and a list has the numbers.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use access::cccd::Salt;
use thiserror::Error;

/// Length of the secret in bytes.
const SALT_BYTES: usize = 32;

/// Why there is no salt.
#[derive(Debug, Error)]
pub enum SaltError {
    /// It cannot be read.
    #[error("cannot read the salt of citizen cards \"{}\"", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It cannot be made.
    #[error("cannot make the salt of citizen cards \"{}\"", path.display())]
    Create {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others may read it.
    #[error(
        "the salt of citizen cards \"{}\" may be read by others than its owner (mode {mode:04o}, 0600 is accepted): run \
         chmod 600 on it; if somebody may have copied it, take it away and make all digests of the lists anew",
        path.display()
    )]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It is something else.
    #[error(
        "the salt of citizen cards \"{}\" is damaged: {SALT_BYTES} bytes as hexadecimal digits are accepted; copy it from \
         another node of the site", path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// The system has no randomness to give.
    #[error("cannot draw a random salt")]
    NoRandomness(#[source] getrandom::Error),
}

/// Where it is in a node's data folder.
pub fn path(data: &Path) -> PathBuf {
    data.join("citizen.salt")
}

/// The salt in the file at `path`; where there is none, a new one, on disk before this returns. Every node of a site
/// needs the same, and whoever makes its lists: copy the file of the first. A file that is there is never written to.
///
/// # Errors
/// When it cannot be read or made, others may read it, or it is damaged.
pub fn load_or_create(path: &Path) -> Result<Salt, SaltError> {
    match File::open(path) {
        Ok(file) => read(path, file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => create(path),
        Err(source) => Err(SaltError::Read { path: path.to_owned(), source }),
    }
}

fn read(path: &Path, file: File) -> Result<Salt, SaltError> {
    let failed = |source| SaltError::Read { path: path.to_owned(), source };
    let mode = file.metadata().map_err(failed)?.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(SaltError::Exposed { path: path.to_owned(), mode });
    }
    let damaged = || SaltError::Damaged { path: path.to_owned() };
    let mut text = Vec::new();
    file.take(4 * SALT_BYTES as u64).read_to_end(&mut text).map_err(failed)?;
    let mut bytes = [0; SALT_BYTES];
    hex::decode_to_slice(text.trim_ascii(), &mut bytes).map_err(|_| damaged())?;
    Salt::new(bytes).map_err(|_| damaged())
}

fn create(path: &Path) -> Result<Salt, SaltError> {
    let failed = |source| SaltError::Create { path: path.to_owned(), source };
    let mut bytes = [0; SALT_BYTES];
    getrandom::fill(&mut bytes).map_err(SaltError::NoRandomness)?;
    let unfinished = path.with_extension("salt.new");
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&unfinished).map_err(failed)?;
    let text = format!("{}\n", hex::encode(bytes));
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    std::fs::rename(&unfinished, path).map_err(failed)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
    tracing::info!(path = %path.display(), "a new salt of citizen cards: copy it to the site's other nodes");
    Ok(Salt::new(bytes).expect("32 bytes are enough"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_salt_is_made_once_and_read_back_ever_after_by_its_owner_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = path(folder.path());
        let made = load_or_create(&path).expect("it is made");
        assert!(load_or_create(&path).expect("it is read") == made);
        let mode = |mode| std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).expect("set");
        assert_eq!(std::fs::metadata(&path).expect("it is there").mode() & 0o777, 0o600);
        mode(0o640);
        let error = load_or_create(&path).expect_err("others may read it").to_string();
        assert!(error.contains("0640") && error.contains("chmod 600"), "{error}");
        mode(0o600);
        std::fs::write(&path, "00").expect("written");
        assert!(matches!(load_or_create(&path), Err(SaltError::Damaged { .. })));
    }
}
