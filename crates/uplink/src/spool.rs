//! Pictures and clips that the hub does not have yet, one file each, named by their content.
//!
//! A file is called `NUMBER-SHA256.EXTENSION`; the number orders the files by age without trusting a clock. A file
//! is complete and on disk before [`Spool::put`] returns, so the event that names it may follow.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use thiserror::Error;
use tokio::sync::watch;
use tracing::{info, warn};
use wire::BlobHash;
use wire::blob::BLOB_BYTES_MAX;

use crate::durable::{self, Lock};

/// Most bytes of evidence that wait for the hub: about 400,000 pictures of 20 kB. When a new one does not fit, the
/// oldest go, and are counted; events never go.
pub const SPOOL_BYTES_MAX: u64 = 8 * 1024 * 1024 * 1024;

/// Most files that wait for the hub, which bounds the memory that the index takes. When it is reached, the oldest go.
pub const SPOOL_FILES_MAX: usize = 500_000;

/// What unfinished files are called.
const TEMPORARY: &str = ".tmp";

/// What evidence may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MediaType {
    /// A JPEG picture.
    Jpeg,
    /// A PNG picture.
    Png,
    /// An MP4 clip.
    Mp4,
}

impl MediaType {
    const ALL: [Self; 3] = [Self::Jpeg, Self::Png, Self::Mp4];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Mp4 => "video/mp4",
        }
    }

    const fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Mp4 => "mp4",
        }
    }
}

/// Why evidence was not stored, or not found.
#[derive(Debug, Error)]
pub enum SpoolError {
    /// The folder or a file in it cannot be used.
    #[error("cannot use the evidence spool \"{path}\"")]
    Io {
        /// The folder or file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process has it, or this one has it twice.
    #[error("the evidence spool \"{path}\" is in use: another gatehouse process holds \"{lock}\"; stop that one first")]
    InUse {
        /// The folder.
        path: PathBuf,
        /// The file whose lock is held.
        lock: PathBuf,
    },
    /// No hub would take it, or the whole spool is smaller.
    #[error("evidence of {bytes} bytes is too large, at most {bytes_max} are accepted")]
    TooLarge {
        /// Its size.
        bytes: u64,
        /// Largest size.
        bytes_max: u64,
    },
    /// No space is left, although nothing is left here to give up.
    #[error("the disk that holds the evidence spool \"{path}\" is full, and the spool is empty: free some space there")]
    DiskFull {
        /// The folder.
        path: PathBuf,
    },
}

/// What waits for the hub, and what could not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SpoolState {
    /// Files that wait.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Files that went, since the spool was opened, because there was no room.
    pub dropped_files: u64,
    /// Their bytes.
    pub dropped_bytes: u64,
    /// Files put, since the spool was opened.
    pub put_files: u64,
}

/// A file that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pending {
    /// Its place in the order of arrival.
    pub number: u64,
    /// Its name.
    pub hash: BlobHash,
    /// What it is.
    pub media_type: MediaType,
    /// Its size.
    pub bytes: u64,
}

/// A folder of evidence. Clones share it. Its functions wait for the disk: call them where that is allowed.
#[derive(Debug, Clone)]
pub struct Spool {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    folder: PathBuf,
    bytes_max: u64,
    index: Mutex<Index>,
    state: watch::Sender<SpoolState>,
    _lock: Lock,
}

#[derive(Debug, Default)]
struct Index {
    by_age: BTreeMap<u64, Pending>,
    by_hash: HashMap<BlobHash, u64>,
    state: SpoolState,
    next: u64,
}

impl Spool {
    /// Opens the spool in `folder`, or creates it where there is none; removes files that were not finished.
    pub fn open(folder: &Path) -> Result<Self, SpoolError> {
        Self::open_limited(folder, SPOOL_BYTES_MAX)
    }

    /// As [`Spool::open`], with another maximum than [`SPOOL_BYTES_MAX`].
    pub fn open_limited(folder: &Path, bytes_max: u64) -> Result<Self, SpoolError> {
        let failed = |source| SpoolError::Io { path: folder.to_owned(), source };
        fs::create_dir_all(folder).map_err(failed)?;
        let lock_path = folder.join("lock");
        let lock = Lock::take(&lock_path).map_err(|error| match error {
            TryLockError::WouldBlock => SpoolError::InUse { path: folder.to_owned(), lock: lock_path },
            TryLockError::Error(source) => SpoolError::Io { path: lock_path, source },
        })?;
        let mut index = Index::default();
        for entry in fs::read_dir(folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            if name.ends_with(TEMPORARY) {
                let path = entry.path();
                fs::remove_file(&path).map_err(|source| SpoolError::Io { path, source })?;
            } else if let Some((number, hash, media_type)) = read_name(name) {
                let bytes = entry.metadata().map_err(failed)?.len();
                index.insert(Pending { number, hash, media_type, bytes });
            }
        }
        let state = watch::Sender::new(index.state);
        let shared = Shared { folder: folder.to_owned(), bytes_max, index: Mutex::new(index), state, _lock: lock };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Stores `bytes` on the disk and gives their name. Storing the same bytes twice keeps one file.
    pub fn put(&self, bytes: &[u8], media_type: MediaType) -> Result<BlobHash, SpoolError> {
        let size = bytes.len() as u64;
        let bytes_max = self.shared.bytes_max.min(BLOB_BYTES_MAX as u64);
        if size > bytes_max {
            return Err(SpoolError::TooLarge { bytes: size, bytes_max });
        }
        let hash = BlobHash::of(bytes);
        let mut index = self.index();
        if index.by_hash.contains_key(&hash) {
            return Ok(hash);
        }
        while index.by_age.len() >= SPOOL_FILES_MAX || index.state.bytes + size > self.shared.bytes_max {
            if !self.drop_oldest(&mut index)? {
                break;
            }
        }
        let pending = Pending { number: index.next, hash, media_type, bytes: size };
        let path = self.path(&pending);
        let temporary = durable::beside(&path, TEMPORARY);
        loop {
            match durable::replace(&path, &temporary, bytes, 0o640) {
                Ok(()) => break,
                Err(error) if is_full(&error) => {
                    if !self.drop_oldest(&mut index)? {
                        return Err(SpoolError::DiskFull { path: self.shared.folder.clone() });
                    }
                }
                Err(source) => return Err(SpoolError::Io { path, source }),
            }
        }
        index.insert(pending);
        index.state.put_files += 1;
        self.shared.state.send_replace(index.state);
        Ok(hash)
    }

    /// The oldest file after number `after`, or the oldest of all.
    pub fn oldest(&self, after: Option<u64>) -> Option<Pending> {
        let index = self.index();
        let from = after.map_or(0, |number| number.saturating_add(1));
        index.by_age.range(from..).next().map(|(_, pending)| *pending)
    }

    /// Everything that waits, the oldest first.
    pub fn pending(&self) -> Vec<Pending> {
        self.index().by_age.values().copied().collect()
    }

    /// The bytes called `hash`; nothing where they are not here (any more).
    pub fn read(&self, hash: &BlobHash) -> Result<Option<Vec<u8>>, SpoolError> {
        let pending = {
            let index = self.index();
            index.by_hash.get(hash).and_then(|number| index.by_age.get(number)).copied()
        };
        let Some(pending) = pending else { return Ok(None) };
        let path = self.path(&pending);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(SpoolError::Io { path, source }),
        }
    }

    /// Removes the file called `hash`, because the hub has it. Nothing happens where it is not here.
    pub fn remove(&self, hash: &BlobHash) -> Result<(), SpoolError> {
        let mut index = self.index();
        if let Some(pending) = index.by_hash.get(hash).and_then(|number| index.by_age.get(number)).copied() {
            self.delete(&mut index, &pending)?;
            self.shared.state.send_replace(index.state);
        }
        Ok(())
    }

    /// Gives up the oldest evidence until `bytes` of it are gone or nothing is left; how much went. For a disk that
    /// is too full to store events: those come first.
    pub fn give_up(&self, bytes: u64) -> Result<u64, SpoolError> {
        let mut index = self.index();
        let before = index.state.dropped_bytes;
        while index.state.dropped_bytes - before < bytes && self.drop_oldest(&mut index)? {}
        Ok(index.state.dropped_bytes - before)
    }

    /// What waits now.
    pub fn state(&self) -> SpoolState {
        self.index().state
    }

    /// Follows what waits.
    pub fn watch(&self) -> watch::Receiver<SpoolState> {
        self.shared.state.subscribe()
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        // The index is changed in one step after the file was: a panic in between leaves it usable.
        self.shared.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self, pending: &Pending) -> PathBuf {
        let Pending { number, hash, media_type, .. } = pending;
        self.shared.folder.join(format!("{number:020}-{hash}.{}", media_type.extension()))
    }

    fn drop_oldest(&self, index: &mut Index) -> Result<bool, SpoolError> {
        let Some(oldest) = index.by_age.values().next().copied() else { return Ok(false) };
        self.delete(index, &oldest)?;
        if index.state.dropped_files == 0 {
            let (path, files) = (self.shared.folder.display(), index.state.files);
            warn!(%path, files, "no room for evidence: the oldest that the hub does not have goes");
        }
        index.state.dropped_files += 1;
        index.state.dropped_bytes += oldest.bytes;
        self.shared.state.send_replace(index.state);
        Ok(true)
    }

    fn delete(&self, index: &mut Index, pending: &Pending) -> Result<(), SpoolError> {
        let path = self.path(pending);
        match fs::remove_file(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => info!(path = %path.display(), "evidence was gone"),
            Err(source) => return Err(SpoolError::Io { path, source }),
            Ok(()) => {}
        }
        index.remove(pending);
        Ok(())
    }
}

impl Index {
    fn insert(&mut self, pending: Pending) {
        self.next = self.next.max(pending.number + 1);
        self.state.files += 1;
        self.state.bytes += pending.bytes;
        self.by_hash.insert(pending.hash, pending.number);
        self.by_age.insert(pending.number, pending);
    }

    fn remove(&mut self, pending: &Pending) {
        if self.by_age.remove(&pending.number).is_some() {
            self.by_hash.remove(&pending.hash);
            self.state.files -= 1;
            self.state.bytes -= pending.bytes;
        }
    }
}

fn read_name(name: &str) -> Option<(u64, BlobHash, MediaType)> {
    let (stem, extension) = name.rsplit_once('.')?;
    let (number, hash) = stem.split_once('-')?;
    let media_type = MediaType::ALL.into_iter().find(|m| m.extension() == extension)?;
    Some((number.parse().ok().filter(|n| *n < u64::MAX)?, hash.parse().ok()?, media_type))
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}
