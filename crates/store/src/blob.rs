//! Media, each named by the SHA-256 of its bytes: checked against its name on the way in and whenever it is read.
//!
//! They lie in a folder, or in a bucket of an S3 server ([`place`]). What is coming in is written into a folder of this
//! machine first in both cases, so that only what is whole and right gets its name.

pub mod bucket;
pub mod inspect;
pub mod place;

use std::collections::HashSet;
use std::hash::BuildHasher;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use domain::{NodeId, UtcTime};
use sha2::{Digest, Sha256};
use thiserror::Error;
use tokio::fs::File;
use tokio::io::AsyncWriteExt;
use wire::BlobHash;
use wire::blob::BLOB_BYTES_MAX;

use crate::db::{Hold, Query};
use crate::error::StoreError;
use crate::open::Store;
use crate::query::BlobRow;
use crate::row::{moment, natural, parsed};

/// Keeps statements far below SQLite's limit of 32,766 values.
const HASHES_PER_STATEMENT: usize = 1_000;

/// Why a blob cannot be stored or read.
#[derive(Debug, Error)]
pub enum BlobError {
    /// More bytes than a blob may have.
    #[error("the blob is longer than {BLOB_BYTES_MAX} bytes")]
    TooLong,
    /// The bytes are not those that the name stands for.
    #[error("the bytes have the hash {found}, not {named}")]
    Mismatch {
        /// The name.
        named: BlobHash,
        /// The hash of the bytes.
        found: BlobHash,
    },
    /// The disk is full.
    #[error("the disk of \"{}\" is full", path.display())]
    DiskFull {
        /// What was written.
        path: PathBuf,
    },
    /// The file system failed.
    #[error("cannot use \"{}\"", path.display())]
    File {
        /// What was read or written.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The bucket cannot be used.
    #[error("cannot {doing} a blob in bucket {bucket}: {why}")]
    Bucket {
        /// What was being done: `write`, `read`, `find` or `delete`.
        doing: &'static str,
        /// The bucket and where it is.
        bucket: String,
        /// What is wrong, and what to do about it.
        why: String,
        /// What the server or the connection said.
        #[source]
        source: Box<object_store::Error>,
    },
    /// It was deleted, and its bytes are being removed just now.
    #[error("blob {named} is being deleted: try again in a minute")]
    BeingRemoved {
        /// The name.
        named: BlobHash,
    },
    /// A stored blob no longer has its hash.
    #[error("blob {named} is damaged where it is kept: its bytes have the hash {found}")]
    Damaged {
        /// The name.
        named: BlobHash,
        /// The hash of the bytes.
        found: BlobHash,
    },
    /// The database failed.
    #[error("cannot note or look up a blob")]
    Store(#[from] StoreError),
}

/// A blob with its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredBlob {
    /// Its row.
    pub row: BlobRow,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// What writing a blob came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// It is here now.
    Created,
    /// It was here already.
    Held,
}

/// A blob on its way in. Dropped before [`BlobWriter::finish`], it leaves nothing.
#[derive(Debug)]
pub struct BlobWriter {
    store: Store,
    named: BlobHash,
    file: File,
    temporary: Temporary,
    digest: Sha256,
    bytes: usize,
}

/// A file that goes when it is dropped.
#[derive(Debug)]
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        // Whatever cannot be removed now is removed when the store is opened next.
        let _ = std::fs::remove_file(&self.0);
    }
}

pub(crate) fn temporary_folder(blobs: &Path) -> PathBuf {
    blobs.join("tmp")
}

/// No blob takes as long as this to come in.
const ABANDONED_AFTER: Duration = Duration::from_secs(24 * 3_600);

/// Removes what was being written when the program was killed. Where others may be writing, only what was not touched for
/// a day, by the clock of the file system.
pub(crate) fn clear_temporary(folder: &Path, hold: Hold) {
    let is_abandoned = |file: &std::fs::DirEntry| match hold {
        Hold::Ours => true,
        Hold::Others => {
            let touched = file.metadata().and_then(|file| file.modified()).ok();
            touched.and_then(|touched| touched.elapsed().ok()).is_some_and(|age| age >= ABANDONED_AFTER)
        }
    };
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for file in files.filter(is_abandoned) {
        if let Err(error) = std::fs::remove_file(file.path()) {
            tracing::warn!(path = %file.path().display(), %error, "cannot remove an unfinished blob");
        }
    }
}

pub(crate) fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> BlobError {
    let path = path.to_owned();
    |source| {
        if source.kind() == std::io::ErrorKind::StorageFull {
            BlobError::DiskFull { path }
        } else {
            BlobError::File { path, source }
        }
    }
}

impl BlobWriter {
    /// Takes in more bytes.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), BlobError> {
        self.bytes += bytes.len();
        if self.bytes > BLOB_BYTES_MAX {
            return Err(BlobError::TooLong);
        }
        self.digest.update(bytes);
        self.file.write_all(bytes).await.map_err(failed(&self.temporary.0))
    }

    /// Stores what was written under its name, where it has that hash, and notes it.
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
        let found = BlobHash::from_bytes(self.digest.finalize().into());
        if found != self.named {
            return Err(BlobError::Mismatch { named: self.named, found });
        }
        self.file.flush().await.map_err(failed(&self.temporary.0))?;
        self.file.sync_all().await.map_err(failed(&self.temporary.0))?;
        self.store.inner.place.put(&self.named, &self.temporary.0, self.bytes as u64).await?;
        Ok(self.bytes as u64)
    }
}

impl Store {
    /// Begins to write the blob of that name.
    pub async fn blob_writer(&self, named: BlobHash) -> Result<BlobWriter, BlobError> {
        /// Tells apart writers of the same blob in one process.
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        // The hasher's seed is random: it tells this process from other hubs that use the same folder.
        let number = std::hash::RandomState::new().hash_one(NUMBER.fetch_add(1, Ordering::Relaxed));
        let path = temporary_folder(&self.inner.staging).join(format!("{named}.{number}"));
        let file = File::create(&path).await.map_err(failed(&path))?;
        Ok(BlobWriter { store: self.clone(), named, file, temporary: Temporary(path), digest: Sha256::new(), bytes: 0 })
    }

    /// What is known of a blob that is stored whole.
    pub async fn blob_find(&self, hash: &BlobHash) -> Result<Option<BlobRow>, BlobError> {
        let Some(row) = self.blob_row(hash).await? else { return Ok(None) };
        Ok((self.inner.place.bytes(hash).await? == Some(row.bytes)).then_some(row))
    }

    async fn blob_row(&self, hash: &BlobHash) -> Result<Option<BlobRow>, StoreError> {
        let row = Query::new("select * from blob where sha256 = $1")
            .bind(hash.to_string())
            .fetch_optional(&self.inner.db)
            .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(BlobRow {
            sha256: parsed("a hash", row.try_get("sha256")?)?,
            media_type: row.try_get("media_type")?,
            bytes: natural("a length", row.try_get("bytes")?)?,
            node: parsed("a node id", row.try_get("node")?)?,
            stored_at: moment(row.try_get("stored_at")?)?,
        }))
    }

    /// Those of `wanted` that have been stored.
    pub async fn blobs_stored(&self, wanted: &[BlobHash]) -> Result<HashSet<BlobHash>, StoreError> {
        let mut stored = HashSet::new();
        for chunk in wanted.chunks(HASHES_PER_STATEMENT) {
            let mut query = Query::new("select sha256 from blob where sha256");
            query.push_in(self.inner.db.dialect(), chunk.iter().map(ToString::to_string).collect());
            for row in query.once().fetch_all(&self.inner.db).await? {
                stored.insert(parsed("a hash", row.try_get("sha256")?)?);
            }
        }
        Ok(stored)
    }

    /// A blob with its bytes, checked against its name.
    pub async fn blob_read(&self, hash: &BlobHash) -> Result<Option<StoredBlob>, BlobError> {
        let Some(row) = self.blob_row(hash).await? else { return Ok(None) };
        let Some(bytes) = self.inner.place.read(hash).await? else { return Ok(None) };
        let found = BlobHash::of(&bytes);
        if found != *hash {
            return Err(BlobError::Damaged { named: *hash, found });
        }
        Ok(Some(StoredBlob { row, bytes }))
    }
}
