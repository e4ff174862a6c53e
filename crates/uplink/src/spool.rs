//! Pictures and clips that the hub does not have yet, one file each, named by their content.
//!
//! A file is called `NUMBER-SHA256.CLASS.EXTENSION`; the number orders the files by age without trusting a clock, the
//! class ([`EvidenceClass`]) says what goes first when there is no room and what is uploaded first. A file is complete and
//! on disk before [`Spool::put`] returns, so the event that names it may follow, and it stays until the hub has said that
//! it has it.

mod class;
mod index;

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use thiserror::Error;
use tokio::sync::watch;
use tracing::{debug, info, warn};
use wire::BlobHash;
use wire::blob::{BLOB_BYTES_MAX, BlobHasher};

use crate::durable::{self, Lock};
pub use class::{ClassState, EvidenceClass};
use index::{Index, file_name, read_name};

/// Most bytes of evidence that wait for the hub: about 400,000 pictures of 20 kB. When a new one does not fit, the
/// oldest of the least class go, and are counted; events never go.
pub const SPOOL_BYTES_MAX: u64 = 8 * 1024 * 1024 * 1024;

/// Most files that wait for the hub, which bounds the memory that the index takes. When it is reached, the oldest of the
/// least class go.
pub const SPOOL_FILES_MAX: usize = 500_000;

/// What evidence leaves free on its disk, in bytes: the outbox of events is usually on the same one, and comes first.
pub const FREE_BYTES_MIN: u64 = 512 * 1024 * 1024;

/// What unfinished files are called.
const TEMPORARY: &str = ".tmp";

/// Bytes read at a time where a file is hashed.
const CHUNK_BYTES: usize = 256 * 1024;

/// How much evidence may wait. What is over goes, the oldest of the least class first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpoolLimits {
    /// Most bytes: [`SPOOL_BYTES_MAX`].
    pub bytes_max: u64,
    /// Most files: [`SPOOL_FILES_MAX`].
    pub files_max: usize,
    /// Bytes that stay free on the disk: [`FREE_BYTES_MIN`].
    pub free_bytes_min: u64,
}

impl Default for SpoolLimits {
    fn default() -> Self {
        Self { bytes_max: SPOOL_BYTES_MAX, files_max: SPOOL_FILES_MAX, free_bytes_min: FREE_BYTES_MIN }
    }
}

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
    /// The same for each class, in the order of [`EvidenceClass::ALL`].
    pub by_class: [ClassState; 5],
}

impl SpoolState {
    /// What waits and went of one class.
    pub fn of(&self, class: EvidenceClass) -> ClassState {
        self.by_class[class as usize]
    }
}

/// A file that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pending {
    /// Its place in the order of arrival.
    pub number: u64,
    /// Its name.
    pub hash: BlobHash,
    /// How much it matters.
    pub class: EvidenceClass,
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
    limits: SpoolLimits,
    index: Mutex<Index>,
    state: watch::Sender<SpoolState>,
    _lock: Lock,
}

impl Spool {
    /// Opens the spool in `folder`, or creates it where there is none; removes files that were not finished.
    pub fn open(folder: &Path) -> Result<Self, SpoolError> {
        Self::open_limited(folder, SpoolLimits::default())
    }

    /// As [`Spool::open`], with other limits than the usual ones.
    pub fn open_limited(folder: &Path, limits: SpoolLimits) -> Result<Self, SpoolError> {
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
            } else if let Some((number, hash, class, media_type)) = read_name(name) {
                let bytes = entry.metadata().map_err(failed)?.len();
                let pending = Pending { number, hash, class, media_type, bytes };
                let path = folder.join(file_name(&pending));
                // Its name may be from before there were classes.
                fs::rename(entry.path(), &path).map_err(|source| SpoolError::Io { path, source })?;
                index.insert(pending);
            }
        }
        let state = watch::Sender::new(index.state);
        let shared = Shared { folder: folder.to_owned(), limits, index: Mutex::new(index), state, _lock: lock };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Stores a picture of a passage; as [`Spool::put_as`].
    pub fn put(&self, bytes: &[u8], media_type: MediaType) -> Result<BlobHash, SpoolError> {
        self.put_as(EvidenceClass::default(), bytes, media_type)
    }

    /// Stores `bytes` on the disk and gives their name. Storing the same bytes twice keeps one file, of the higher class.
    /// Where there is no room and nothing of this class or below is left to give up, the new file itself goes, and is
    /// counted: that is no error, because the event must go on without it.
    pub fn put_as(&self, class: EvidenceClass, bytes: &[u8], media_type: MediaType) -> Result<BlobHash, SpoolError> {
        let size = bytes.len() as u64;
        self.check_size(size)?;
        let hash = BlobHash::of(bytes);
        self.store(class, hash, media_type, size, |path| {
            durable::replace(path, &durable::beside(path, TEMPORARY), bytes, 0o640)
        })?;
        Ok(hash)
    }

    /// Takes the finished file at `path`, such as a clip, into the spool; as [`Spool::put_as`], without reading it into
    /// memory. It is moved where it lies on the same file system, else copied. Afterwards it is no longer at `path`,
    /// except where this fails.
    pub fn put_file(&self, class: EvidenceClass, path: &Path, media_type: MediaType) -> Result<BlobHash, SpoolError> {
        let failed = |source| SpoolError::Io { path: path.to_owned(), source };
        let mut source = File::open(path).map_err(failed)?;
        let size = source.metadata().map_err(failed)?.len();
        self.check_size(size)?;
        let hash = hash_of(&mut source).map_err(failed)?;
        source.sync_all().map_err(failed)?;
        self.store(class, hash, media_type, size, |target| move_to(path, target))?;
        match fs::remove_file(path) {
            // Only where it was copied, was here already, or found no room.
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(error)),
            Ok(()) | Err(_) => Ok(hash),
        }
    }

    fn check_size(&self, bytes: u64) -> Result<(), SpoolError> {
        let bytes_max = self.shared.limits.bytes_max.min(BLOB_BYTES_MAX as u64);
        if bytes > bytes_max { Err(SpoolError::TooLarge { bytes, bytes_max }) } else { Ok(()) }
    }

    fn store(
        &self,
        class: EvidenceClass,
        hash: BlobHash,
        media_type: MediaType,
        bytes: u64,
        write: impl Fn(&Path) -> io::Result<()>,
    ) -> Result<(), SpoolError> {
        let mut index = self.index();
        if let Some(held) = index.find(&hash) {
            return self.promote(&mut index, held, class);
        }
        if !self.make_room(&mut index, class, bytes)? {
            self.count_dropped(&mut index, class, bytes);
            return Ok(());
        }
        let pending = Pending { number: index.next, hash, class, media_type, bytes };
        let path = self.path(&pending);
        while let Err(source) = write(&path) {
            if !is_full(&source) {
                return Err(SpoolError::Io { path, source });
            }
            if !self.drop_least(&mut index, class)? {
                if index.len() == 0 {
                    return Err(SpoolError::DiskFull { path: self.shared.folder.clone() });
                }
                self.count_dropped(&mut index, class, bytes);
                return Ok(());
            }
        }
        index.insert(pending);
        index.state.put_files += 1;
        self.shared.state.send_replace(index.state);
        Ok(())
    }

    /// Gives up what is of `class` or below until `bytes` more fit; says whether they do.
    fn make_room(&self, index: &mut Index, class: EvidenceClass, bytes: u64) -> Result<bool, SpoolError> {
        let SpoolLimits { bytes_max, files_max, free_bytes_min } = self.shared.limits;
        loop {
            let fits = index.len() < files_max && index.state.bytes + bytes <= bytes_max;
            if fits && self.free_bytes().is_none_or(|free| free >= free_bytes_min.saturating_add(bytes)) {
                return Ok(true);
            }
            if !self.drop_least(index, class)? {
                return Ok(false);
            }
        }
    }

    /// What is free on the disk; nothing where the system does not say.
    fn free_bytes(&self) -> Option<u64> {
        match rustix::fs::statvfs(&self.shared.folder) {
            Ok(disk) => Some(disk.f_bavail.saturating_mul(disk.f_frsize)),
            Err(error) => {
                debug!(%error, "the system does not say how much is free");
                None
            }
        }
    }

    /// The same evidence for something that matters more.
    fn promote(&self, index: &mut Index, held: Pending, class: EvidenceClass) -> Result<(), SpoolError> {
        if class <= held.class {
            return Ok(());
        }
        let promoted = Pending { class, ..held };
        let path = self.path(&promoted);
        let renamed = fs::rename(self.path(&held), &path).and_then(|()| durable::sync_parent(&path));
        renamed.map_err(|source| SpoolError::Io { path, source })?;
        index.remove(&held);
        index.insert(promoted);
        self.shared.state.send_replace(index.state);
        Ok(())
    }

    /// What is uploaded after `after`, or first of all: the highest class first, within it small files before big ones,
    /// then the oldest.
    pub fn next_upload(&self, after: Option<&Pending>) -> Option<Pending> {
        self.index().upload_after(after)
    }

    /// Everything that waits, the oldest first.
    pub fn pending(&self) -> Vec<Pending> {
        self.index().by_age().copied().collect()
    }

    /// The bytes called `hash`; nothing where they are not here (any more).
    pub fn read(&self, hash: &BlobHash) -> Result<Option<Vec<u8>>, SpoolError> {
        let pending = self.index().find(hash);
        let Some(pending) = pending else { return Ok(None) };
        let path = self.path(&pending);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(SpoolError::Io { path, source }),
        }
    }

    /// The file called `hash`, to be read once, and whether its bytes still are what its name says; nothing where it is
    /// not here (any more). Reads it through, but not into memory.
    pub(crate) fn open_checked(&self, hash: &BlobHash) -> Result<Option<(File, Intact)>, SpoolError> {
        let Some(pending) = self.index().find(hash) else { return Ok(None) };
        let path = self.path(&pending);
        let checked = File::open(&path).and_then(|mut file| {
            let intact = if hash_of(&mut file)? == *hash { Intact::Yes } else { Intact::No };
            file.rewind()?;
            Ok((file, intact))
        });
        match checked {
            Ok(checked) => Ok(Some(checked)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(SpoolError::Io { path, source }),
        }
    }

    /// Removes the file called `hash`, because the hub has it. Nothing happens where it is not here.
    pub fn remove(&self, hash: &BlobHash) -> Result<(), SpoolError> {
        let mut index = self.index();
        if let Some(pending) = index.find(hash) {
            self.delete(&mut index, &pending)?;
            self.shared.state.send_replace(index.state);
        }
        Ok(())
    }

    /// Gives up evidence of any class, the least first, until `bytes` of it are gone or nothing is left; how much went. For a disk that
    /// is too full to store events: those come first.
    pub fn give_up(&self, bytes: u64) -> Result<u64, SpoolError> {
        let mut index = self.index();
        let before = index.state.dropped_bytes;
        while index.state.dropped_bytes - before < bytes && self.drop_least(&mut index, EvidenceClass::Violation)? {}
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
        self.shared.folder.join(file_name(pending))
    }

    /// Gives up the oldest file of the least class, where that is `most` or below.
    fn drop_least(&self, index: &mut Index, most: EvidenceClass) -> Result<bool, SpoolError> {
        let Some(least) = index.least(most) else { return Ok(false) };
        self.delete(index, &least)?;
        self.count_dropped(index, least.class, least.bytes);
        Ok(true)
    }

    fn count_dropped(&self, index: &mut Index, class: EvidenceClass, bytes: u64) {
        if index.count_dropped(class, bytes) {
            let (path, files) = (self.shared.folder.display(), index.state.files);
            warn!(%path, files, class = class.as_str(), "no room: evidence goes that the hub does not have");
        }
        self.shared.state.send_replace(index.state);
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

/// Whether a file is still what its name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Intact {
    Yes,
    No,
}

fn hash_of(file: &mut File) -> io::Result<BlobHash> {
    let (mut hasher, mut chunk) = (BlobHasher::default(), vec![0; CHUNK_BYTES]);
    loop {
        match file.read(&mut chunk) {
            Ok(0) => return Ok(hasher.finish()),
            Ok(read) => hasher.update(&chunk[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Moves a file whose bytes are on the disk; copies it where the target is on another one.
fn move_to(source: &Path, target: &Path) -> io::Result<()> {
    match fs::rename(source, target) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            let temporary = durable::beside(target, TEMPORARY);
            let copied = fs::copy(source, &temporary)
                .and_then(|_| File::open(&temporary)?.sync_all())
                .and_then(|()| fs::rename(&temporary, target));
            if copied.is_err() {
                // Half a file has no use; where it cannot even be removed, the next start does.
                let _ = fs::remove_file(&temporary);
            }
            copied?;
        }
        moved => moved?,
    }
    durable::sync_parent(target)
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}
