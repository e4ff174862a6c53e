//! Writing media: into a file of this machine first, which gets its name when it is whole and right.
//!
//! What is small comes at once, and a file that broke off leaves nothing ([`Store::blob_writer`]). What is large may come
//! in several goes: what has come stays until the rest follows, or for a day ([`Store::blob_resume`]).

use std::fs::{OpenOptions, TryLockError};
use std::hash::BuildHasher;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use domain::{NodeId, UtcTime};
use tokio::fs::File;
use tokio::io::AsyncWriteExt;
use wire::BlobHash;
use wire::blob::{BLOB_BYTES_MAX, BlobHasher};

use super::{BlobError, Written, failed};
use crate::db::{Hold, Query};
use crate::open::Store;

/// Nobody goes on with what was not touched for so long, by the clock of the file system.
const ABANDONED_AFTER: Duration = Duration::from_secs(24 * 3_600);
/// Ends the name of a file that may be gone on with.
const RESUMABLE: &str = "part";
/// Bytes that are read at once of what has come already.
const READ_CHUNK: usize = 256 * 1024;

/// A blob on its way in.
#[derive(Debug)]
pub struct BlobWriter {
    store: Store,
    named: BlobHash,
    file: File,
    staged: Staged,
    digest: BlobHasher,
    bytes: usize,
}

/// The file that is written to.
#[derive(Debug)]
struct Staged {
    path: PathBuf,
    /// Whether it stays when the upload breaks off.
    stays: bool,
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !self.stays {
            // Whatever cannot be removed now is removed when the store is opened next.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

pub(crate) fn temporary_folder(blobs: &Path) -> PathBuf {
    blobs.join("tmp")
}

/// Removes what was being written when the program was killed. What may be gone on with, and, where others may be writing,
/// everything stays for a day.
pub(crate) fn clear_temporary(folder: &Path, hold: Hold) {
    let is_over = |path: &Path| match hold {
        Hold::Ours => !is_resumable(path),
        Hold::Others => false,
    };
    remove_unfinished(folder, |path| is_over(path) || is_abandoned(path));
}

fn is_resumable(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == RESUMABLE)
}

fn is_abandoned(path: &Path) -> bool {
    let touched = std::fs::metadata(path).and_then(|file| file.modified()).ok();
    touched.and_then(|touched| touched.elapsed().ok()).is_some_and(|age| age >= ABANDONED_AFTER)
}

fn remove_unfinished(folder: &Path, goes: impl Fn(&Path) -> bool) {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for path in files.map(|file| file.path()).filter(|path| goes(path)) {
        if let Err(error) = std::fs::remove_file(&path) {
            tracing::warn!(path = %path.display(), %error, "cannot remove an unfinished blob");
        }
    }
}

/// Opens the file of what has come so far, for this writer alone, and reads it.
fn open_part(path: &Path, named: BlobHash) -> Result<(std::fs::File, BlobHasher, usize), BlobError> {
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(path).map_err(failed(path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(BlobError::InUse { named }),
        Err(TryLockError::Error(error)) => return Err(failed(path)(error)),
    }
    // Between the opening and the lock another writer may have finished: the file is the blob itself then.
    let ours = file.metadata().map_err(failed(path))?;
    let there = std::fs::metadata(path).ok();
    if there.is_none_or(|there| (there.dev(), there.ino()) != (ours.dev(), ours.ino())) {
        return Err(BlobError::InUse { named });
    }
    let (mut digest, mut bytes, mut chunk) = (BlobHasher::default(), 0, vec![0; READ_CHUNK]);
    loop {
        match file.read(&mut chunk).map_err(failed(path))? {
            0 => return Ok((file, digest, bytes)),
            read => {
                digest.update(&chunk[..read]);
                bytes += read;
            }
        }
    }
}

impl BlobWriter {
    /// Bytes that have come, with those of earlier goes.
    pub fn received(&self) -> u64 {
        self.bytes as u64
    }

    /// Takes in more bytes.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), BlobError> {
        self.bytes += bytes.len();
        if self.bytes > BLOB_BYTES_MAX {
            self.staged.stays = false;
            return Err(BlobError::TooLong);
        }
        self.digest.update(bytes);
        self.file.write_all(bytes).await.map_err(failed(&self.staged.path))
    }

    /// Leaves what has come for another go, and says how many bytes that are.
    pub async fn pause(mut self) -> Result<u64, BlobError> {
        self.file.flush().await.map_err(failed(&self.staged.path))?;
        Ok(self.received())
    }

    /// Stores what was written under its name, where it has that hash, and notes it. Other bytes than the name says are
    /// thrown away.
    pub async fn finish(self, media_type: &str, node: &NodeId, at: UtcTime) -> Result<Written, BlobError> {
        let (store, named) = (self.store.clone(), self.named);
        let bytes = self.keep().await?;
        let mut tx = store.write_begin().await?;
        let removal = Query::new("select 1 from blob_removal where sha256 = $1").bind(named.to_string());
        if removal.fetch_optional(&mut tx).await?.is_some() {
            return Err(BlobError::BeingRemoved { named });
        }
        let inserted = Query::new(
            "insert into blob (sha256, media_type, bytes, node, stored_at) values ($1, $2, $3, $4, $5) \
             on conflict (sha256) do nothing",
        )
        .bind(named.to_string())
        .bind(media_type)
        .bind(i64::try_from(bytes).unwrap_or(i64::MAX))
        .bind(node.as_str())
        .bind(at.as_unix_micros())
        .execute(&mut tx)
        .await?;
        tx.commit().await?;
        Ok(if inserted == 1 { Written::Created } else { Written::Held })
    }

    /// Stores what was written under its name, where it has that hash, and says how many bytes it has. The database does
    /// not hear of it.
    pub(crate) async fn keep(mut self) -> Result<u64, BlobError> {
        let found = std::mem::take(&mut self.digest).finish();
        if found != self.named {
            self.staged.stays = false;
            return Err(BlobError::Mismatch { named: self.named, found });
        }
        self.file.flush().await.map_err(failed(&self.staged.path))?;
        self.file.sync_all().await.map_err(failed(&self.staged.path))?;
        self.store.inner.place.put(&self.named, &self.staged.path, self.bytes as u64).await?;
        self.staged.stays = false;
        Ok(self.bytes as u64)
    }
}

impl Store {
    /// Begins to write the blob of that name. A writer that is dropped before [`BlobWriter::finish`] leaves nothing.
    pub async fn blob_writer(&self, named: BlobHash) -> Result<BlobWriter, BlobError> {
        /// Tells apart writers of the same blob in one process.
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        // The hasher's seed is random: it tells this process from other hubs that use the same folder.
        let number = std::hash::RandomState::new().hash_one(NUMBER.fetch_add(1, Ordering::Relaxed));
        let path = temporary_folder(&self.inner.staging).join(format!("{named}.{number}"));
        let file = File::create(&path).await.map_err(failed(&path))?;
        let staged = Staged { path, stays: false };
        Ok(BlobWriter { store: self.clone(), named, file, staged, digest: BlobHasher::default(), bytes: 0 })
    }

    /// Goes on writing the blob of that name where an earlier writer of this kind was dropped. One writer at a time:
    /// a second is told [`BlobError::InUse`].
    pub async fn blob_resume(&self, named: BlobHash) -> Result<BlobWriter, BlobError> {
        let folder = temporary_folder(&self.inner.staging);
        let path = part_of(&folder, &named);
        let opened = tokio::task::spawn_blocking({
            let path = path.clone();
            move || {
                if !path.exists() {
                    remove_unfinished(&folder, |path| is_resumable(path) && is_abandoned(path));
                }
                open_part(&path, named)
            }
        });
        let (file, digest, bytes) = opened.await.map_err(|error| failed(&path)(error.into()))??;
        let staged = Staged { path, stays: true };
        Ok(BlobWriter { store: self.clone(), named, file: File::from_std(file), staged, digest, bytes })
    }

    /// How many bytes have come of a blob that is not whole yet.
    pub async fn blob_received(&self, named: &BlobHash) -> Result<u64, BlobError> {
        let path = part_of(&temporary_folder(&self.inner.staging), named);
        match tokio::fs::metadata(&path).await {
            Ok(file) => Ok(file.len()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(failed(&path)(error)),
        }
    }
}

fn part_of(folder: &Path, named: &BlobHash) -> PathBuf {
    folder.join(format!("{named}.{RESUMABLE}"))
}
