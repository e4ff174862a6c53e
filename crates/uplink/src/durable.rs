//! Files that are either whole and on disk, or not there.

pub(crate) mod checked;

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// `path` with `suffix` after its file name.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

/// A lock file that this process holds, until this goes.
#[derive(Debug)]
pub(crate) struct Lock(File);

impl Lock {
    /// Locks the file at `path`, which is made where there is none.
    pub(crate) fn take(path: &Path) -> Result<Self, TryLockError> {
        let opened = File::options().write(true).create(true).truncate(false).open(path);
        let file = opened.map_err(TryLockError::Error)?;
        file.try_lock()?;
        Ok(Self(file))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing alone would leave the lock with a process that is just being started and still has our files open.
        // Where unlocking fails, closing is what remains.
        let _ = self.0.unlock();
    }
}

/// Makes the entries of the folder that holds `path` survive a power cut.
pub(crate) fn sync_parent(path: &Path) -> io::Result<()> {
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    };
    File::open(parent)?.sync_all()
}

/// Writes `bytes` to `temporary` with the permissions `mode`, down to the disk.
pub(crate) fn write_synced(temporary: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(temporary)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Puts `bytes` at `path` in one step, in place of what was there.
pub(crate) fn replace(path: &Path, temporary: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let written = write_synced(temporary, bytes, mode).and_then(|()| fs::rename(temporary, path));
    if let Err(error) = written {
        // Half a file has no use; where it cannot even be removed, the next start does.
        let _ = fs::remove_file(temporary);
        return Err(error);
    }
    sync_parent(path)
}

/// Puts `bytes` at `path` in one step; [`io::ErrorKind::AlreadyExists`] where something is there.
pub(crate) fn create(path: &Path, temporary: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    match fs::remove_file(temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    // A link, not a rename: it refuses to replace.
    let written = write_synced(temporary, bytes, mode).and_then(|()| fs::hard_link(temporary, path));
    let _ = fs::remove_file(temporary);
    written?;
    sync_parent(path)
}
