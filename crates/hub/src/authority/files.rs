//! Files that are whole or not there, and secrets that only their owner may read.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::AuthorityError;

/// Longest file that is read: certificates and keys have a few kilobytes.
const BYTES_MAX: u64 = 1024 * 1024;

/// Permissions of secret keys.
pub(super) const SECRET: u32 = 0o600;

/// Permissions of what everybody may know.
pub(super) const PUBLIC: u32 = 0o644;

/// Makes a folder that only its owner may enter, and those above it.
pub(super) fn make_folder(folder: &Path) -> Result<(), AuthorityError> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|source| AuthorityError::Write { path: folder.to_owned(), source })
}

/// Puts `bytes` at `path` in one step, in place of what was there.
pub(crate) fn replace(path: &Path, bytes: &[u8], mode: u32) -> Result<(), AuthorityError> {
    let failed = |source: io::Error| AuthorityError::Write { path: path.to_owned(), source };
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".new");
    let temporary = PathBuf::from(temporary);
    let write = || {
        match fs::remove_file(&temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()
    };
    write().map_err(failed)
}

/// The text of a file that everybody may read.
pub(super) fn read_public(path: &Path) -> Result<String, AuthorityError> {
    let failed = |source| AuthorityError::Read { path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    let mut text = String::new();
    file.take(BYTES_MAX).read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}

/// The text of a file that only its owner may read.
pub(crate) fn read_secret(path: &Path) -> Result<String, AuthorityError> {
    let failed = |source| AuthorityError::Read { path: path.to_owned(), source };
    let mode = fs::metadata(path).map_err(failed)?.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(AuthorityError::Exposed { path: path.to_owned(), mode });
    }
    read_public(path)
}
