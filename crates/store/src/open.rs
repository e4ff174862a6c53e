//! Opening the database and keeping other hubs out of it.

use std::collections::{BTreeSet, HashMap};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};

use domain::NodeId;

use crate::blob::place::{BlobsAt, Place};
use crate::db::location::Location;
use crate::db::{self, Database, Hold, Query};
use crate::error::{OpenError, StoreError};
use crate::month::Month;
use crate::node::RegisteredNode;

/// The hub's database and blobs. Cheap to clone; all clones are the same store.
#[derive(Debug, Clone)]
pub struct Store {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) db: Database,
    /// Where media that are coming in are written first.
    pub(crate) staging: PathBuf,
    /// Where media are kept.
    pub(crate) place: Place,
    /// Keys of nodes, read once: a node's key is never changed. Unknown nodes are asked for again each time.
    pub(crate) nodes: RwLock<HashMap<NodeId, RegisteredNode>>,
    /// Months of the log that were there when they were looked for last.
    pub(crate) months: RwLock<BTreeSet<Month>>,
    /// Held while the store lives.
    _lock: Option<File>,
}

impl Store {
    /// Opens the database of a hub, makes a file where there is none, and brings the schema up to date. A file that
    /// another process has open is refused; any number of hubs may use one server.
    pub async fn open(db: impl Into<Location>, blobs: impl Into<BlobsAt>) -> Result<Self, OpenError> {
        let blobs = &blobs.into();
        match db.into() {
            Location::File(path) => {
                let lock = lock(&path)?;
                Self::open_file(&path, blobs, Some(lock)).await
            }
            server @ Location::Server(_) => Self::open_server(server, blobs).await,
        }
    }

    /// Opens the database for a short administrative task, also beside a running hub.
    pub async fn visit(db: impl Into<Location>, blobs: impl Into<BlobsAt>) -> Result<Self, OpenError> {
        let blobs = &blobs.into();
        match db.into() {
            Location::File(path) => {
                let lock = match lock(&path) {
                    Ok(lock) => Some(lock),
                    Err(OpenError::InUse { .. }) => None,
                    Err(error) => return Err(error),
                };
                Self::open_file(&path, blobs, lock).await
            }
            server @ Location::Server(_) => Self::open_server(server, blobs).await,
        }
    }

    async fn open_file(path: &Path, blobs: &BlobsAt, lock: Option<File>) -> Result<Self, OpenError> {
        let kept = Place::open(blobs).map_err(OpenError::Bucket)?;
        let hold = if lock.is_some() { Hold::Ours } else { Hold::Others };
        if hold == Hold::Ours {
            crate::blob::clear_temporary(&crate::blob::temporary_folder(&blobs.folder), hold);
        }
        make_folder(&crate::blob::temporary_folder(&blobs.folder))?;
        let db = Database::Sqlite(db::sqlite(path, hold).await?);
        let store = Self::of(db, blobs, kept, lock);
        if hold == Hold::Ours {
            store.fold_check(|| path.into()).await?;
        }
        Ok(store)
    }

    async fn open_server(place: Location, blobs: &BlobsAt) -> Result<Self, OpenError> {
        let Location::Server(server) = &place else { unreachable!("called for servers only") };
        let kept = Place::open(blobs).map_err(OpenError::Bucket)?;
        crate::blob::clear_temporary(&crate::blob::temporary_folder(&blobs.folder), Hold::Others);
        make_folder(&crate::blob::temporary_folder(&blobs.folder))?;
        let db = Database::Postgres(db::postgres(server).await?);
        let store = Self::of(db, blobs, kept, None);
        store.fold_check(|| place.clone()).await?;
        Ok(store)
    }

    fn of(db: Database, blobs: &BlobsAt, place: Place, lock: Option<File>) -> Self {
        let staging = blobs.folder.clone();
        let (nodes, months) = (RwLock::default(), RwLock::default());
        Self { inner: Arc::new(Inner { db, staging, place, nodes, months, _lock: lock }) }
    }

    async fn fold_check(&self, db: impl FnOnce() -> Location) -> Result<(), OpenError> {
        let rebuilt = self.rebuild_if_the_fold_changed().await;
        rebuilt.map_err(|source| OpenError::Rebuild { db: db(), source })
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        Query::new("select 1").execute(&self.inner.db).await.map(drop)
    }

    /// Waits for running queries and closes the database. The lock goes when the last clone goes.
    pub async fn close(&self) {
        self.inner.db.close().await;
    }
}

fn make_folder(path: &Path) -> Result<(), OpenError> {
    std::fs::create_dir_all(path).map_err(|source| OpenError::Folder { path: path.to_owned(), source })
}

pub(crate) fn lock(db: &Path) -> Result<File, OpenError> {
    if let Some(folder) = db.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|source| OpenError::Folder { path: folder.to_owned(), source })?;
    }
    let mut path = db.as_os_str().to_owned();
    path.push(".lock");
    let path = PathBuf::from(path);
    let failed = |source| OpenError::Lock { path: path.clone(), source };
    let mut file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut text = String::new();
            // The number is only a courtesy: without it the error is still right.
            let pid = file.read_to_string(&mut text).ok().and_then(|_| text.trim().parse().ok());
            return Err(OpenError::InUse { db: db.to_owned(), lock: path, pid });
        }
        Err(TryLockError::Error(source)) => return Err(failed(source)),
    }
    file.set_len(0).map_err(failed)?;
    file.seek(SeekFrom::Start(0)).map_err(failed)?;
    writeln!(file, "{}", std::process::id()).map_err(failed)?;
    Ok(file)
}
