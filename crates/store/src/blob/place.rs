//! Where media are kept: in a folder of this machine, or in a bucket. Both are used alike.

use std::path::{Path, PathBuf};

use thiserror::Error;
use tokio::fs::{self, File};
use wire::BlobHash;

use crate::blob::bucket::{Bucket, BucketConfig, BucketError};
use crate::blob::{BlobError, failed, temporary_folder};

/// Where media are to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobsAt {
    /// The folder of media; with a bucket, only of those that are coming in.
    pub folder: PathBuf,
    /// The bucket; nothing where media stay in the folder.
    pub bucket: Option<BucketConfig>,
}

impl BlobsAt {
    /// Writes something there, reads it back and removes it. Of a folder that is not there yet nothing is said.
    pub async fn probe(&self) -> Result<(), ProbeError> {
        Ok(Place::open(self)?.probe().await?)
    }
}

/// Why media cannot be kept there.
#[derive(Debug, Error)]
pub enum ProbeError {
    /// The bucket is not described rightly.
    #[error(transparent)]
    Bucket(#[from] BucketError),
    /// It was tried, and failed.
    #[error(transparent)]
    Blob(#[from] BlobError),
}

impl From<&Path> for BlobsAt {
    fn from(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), bucket: None }
    }
}

impl From<&PathBuf> for BlobsAt {
    fn from(folder: &PathBuf) -> Self {
        Self::from(folder.as_path())
    }
}

impl From<&BlobsAt> for BlobsAt {
    fn from(at: &Self) -> Self {
        at.clone()
    }
}

/// Where media are kept.
#[derive(Debug)]
pub(crate) enum Place {
    Folder(PathBuf),
    Bucket(Box<Bucket>),
}

impl Place {
    pub(crate) fn open(at: &BlobsAt) -> Result<Self, BucketError> {
        match &at.bucket {
            None => Ok(Self::Folder(at.folder.clone())),
            Some(config) => Ok(Self::Bucket(Box::new(Bucket::open(config)?))),
        }
    }

    /// Puts a file, whose bytes have that hash, under its name. One that is there already is as good.
    pub(crate) async fn put(&self, named: &BlobHash, file: &Path, bytes: u64) -> Result<(), BlobError> {
        let folder = match self {
            Self::Folder(folder) => folder,
            Self::Bucket(bucket) => return bucket.put(&below(named), file, bytes).await,
        };
        let path = folder.join(below(named));
        let parent = path.parent().expect("a blob lies in a folder");
        fs::create_dir_all(parent).await.map_err(failed(parent))?;
        fs::rename(file, &path).await.map_err(failed(&path))?;
        // The name is durable only once the folder that holds it is.
        let synced = match File::open(parent).await {
            Ok(parent) => parent.sync_all().await,
            Err(error) => Err(error),
        };
        synced.map_err(failed(parent))
    }

    /// How many bytes are there under that name; nothing where there is none.
    pub(crate) async fn bytes(&self, named: &BlobHash) -> Result<Option<u64>, BlobError> {
        match self {
            Self::Folder(folder) => {
                let path = folder.join(below(named));
                found(&path, fs::metadata(&path).await.map(|file| file.len()))
            }
            Self::Bucket(bucket) => bucket.bytes(&below(named)).await,
        }
    }

    /// All bytes under that name, as they are.
    pub(crate) async fn read(&self, named: &BlobHash) -> Result<Option<Vec<u8>>, BlobError> {
        match self {
            Self::Folder(folder) => {
                let path = folder.join(below(named));
                found(&path, fs::read(&path).await)
            }
            Self::Bucket(bucket) => bucket.read(&below(named)).await,
        }
    }

    /// Removes what is under that name. It is no error where there is nothing.
    pub(crate) async fn remove(&self, named: &BlobHash) -> Result<(), BlobError> {
        match self {
            Self::Folder(folder) => {
                let path = folder.join(below(named));
                found(&path, fs::remove_file(&path).await).map(drop)
            }
            Self::Bucket(bucket) => bucket.remove(&below(named)).await,
        }
    }

    async fn probe(&self) -> Result<(), BlobError> {
        match self {
            Self::Folder(folder) if !temporary_folder(folder).is_dir() => Ok(()),
            Self::Folder(folder) => {
                let path = temporary_folder(folder).join(format!("probe-{}", std::process::id()));
                fs::write(&path, b"probe").await.map_err(failed(&path))?;
                fs::read(&path).await.map_err(failed(&path))?;
                fs::remove_file(&path).await.map_err(failed(&path))
            }
            Self::Bucket(bucket) => bucket.probe().await,
        }
    }
}

/// The path of a blob below its folder, or in its bucket.
fn below(named: &BlobHash) -> String {
    let name = named.to_string();
    format!("{}/{name}", &name[..2])
}

/// Nothing, where nothing is there.
fn found<T>(path: &Path, result: std::io::Result<T>) -> Result<Option<T>, BlobError> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(path)(error)),
    }
}
