//! Media, each named by the SHA-256 of its bytes: checked against its name on the way in and whenever it is read.
//!
//! They lie in a folder, or in a bucket of an S3 server ([`place`]). What is coming in is written into a folder of this
//! machine first in both cases, so that only what is whole and right gets its name.

pub mod bucket;
pub mod inspect;
pub mod place;
pub mod writer;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use thiserror::Error;
use wire::BlobHash;
use wire::blob::BLOB_BYTES_MAX;

pub(crate) use writer::{clear_temporary, temporary_folder};

use crate::db::{KEYS_PER_STATEMENT, Query};
use crate::error::StoreError;
use crate::open::Store;
use crate::query::BlobRow;
use crate::row::{moment, natural, parsed};

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
    /// It is being written just now.
    #[error("blob {named} is being written by another upload: try again in a minute")]
    InUse {
        /// The name.
        named: BlobHash,
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

impl Store {
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
        for chunk in wanted.chunks(KEYS_PER_STATEMENT) {
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
