//! Opening the database and keeping other hubs out of it.

use std::collections::HashMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use domain::NodeId;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Pool, Transaction};

use crate::Db;
use crate::error::{OpenError, StoreError};
use crate::node::RegisteredNode;

static MIGRATOR: Migrator = sqlx::migrate!();

/// Connections that read at the same time; a query that finds none free waits its turn.
const READERS_MAX: u32 = 8;

/// How long a statement waits for another process (a `node add` beside the running hub) to finish its transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Up to this size in bytes a database is read through and checked whenever it is opened; a larger one only by
/// [`Store::verify`], because the check takes as long as reading it.
const CHECK_AT_OPEN_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// The hub's database and blobs. Cheap to clone; all clones are the same store.
#[derive(Debug, Clone)]
pub struct Store {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    /// The only connection that writes, so that a transaction never has to be tried again.
    pub(crate) writer: Pool<Db>,
    pub(crate) readers: Pool<Db>,
    pub(crate) blobs: PathBuf,
    /// Keys of nodes, read once: a node's key is never changed. Unknown nodes are asked for again each time.
    pub(crate) nodes: RwLock<HashMap<NodeId, RegisteredNode>>,
    /// Held while the store lives.
    _lock: Option<File>,
}

impl Store {
    /// Opens the database of a hub, makes it where there is none, and brings its schema up to date. Refused while
    /// another process has it open.
    pub async fn open(db: &Path, blobs: &Path) -> Result<Self, OpenError> {
        let lock = lock(db)?;
        Self::open_locked(db, blobs, Some(lock)).await
    }

    /// Opens the database for a short administrative task, also beside a running hub.
    pub async fn visit(db: &Path, blobs: &Path) -> Result<Self, OpenError> {
        let lock = match lock(db) {
            Ok(lock) => Some(lock),
            Err(OpenError::InUse { .. }) => None,
            Err(error) => return Err(error),
        };
        Self::open_locked(db, blobs, lock).await
    }

    async fn open_locked(db: &Path, blobs: &Path, lock: Option<File>) -> Result<Self, OpenError> {
        let temporary = crate::blob::temporary_folder(blobs);
        if lock.is_some() {
            crate::blob::clear_temporary(&temporary);
        }
        std::fs::create_dir_all(&temporary).map_err(|source| OpenError::Folder { path: temporary.clone(), source })?;
        let failed = |source| classify(db, source);
        let options = SqliteConnectOptions::new()
            .filename(db)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT);
        let pool =
            |connections| SqlitePoolOptions::new().max_connections(connections).idle_timeout(None).max_lifetime(None);
        let writer = pool(1).connect_with(options.clone()).await.map_err(failed)?;
        let size = std::fs::metadata(db).map_or(0, |file| file.len());
        if lock.is_some() && size <= CHECK_AT_OPEN_BYTES_MAX {
            let verdict: String =
                sqlx::query_scalar("pragma quick_check(1)").fetch_one(&writer).await.map_err(failed)?;
            if verdict != "ok" {
                return Err(OpenError::Damaged { path: db.to_owned(), detail: verdict });
            }
        }
        if lock.is_some() {
            MIGRATOR.run(&writer).await.map_err(|source| OpenError::Migrate { path: db.to_owned(), source })?;
        }
        let readers = pool(READERS_MAX).connect_with(options).await.map_err(failed)?;
        let is_ours = lock.is_some();
        let inner = Inner { writer, readers, blobs: blobs.to_owned(), nodes: RwLock::default(), _lock: lock };
        let store = Self { inner: Arc::new(inner) };
        if is_ours {
            let rebuilt = store.rebuild_if_the_fold_changed().await;
            rebuilt.map_err(|source| OpenError::Rebuild { path: db.to_owned(), source })?;
        }
        Ok(store)
    }

    /// Begins a transaction that writes.
    pub(crate) async fn write_begin(&self) -> Result<Transaction<'static, Db>, StoreError> {
        let begin = || self.inner.writer.begin_with("begin immediate");
        match begin().await {
            // After a failed write, such as on a full disk, SQLite ends the transaction by itself
            // (https://sqlite.org/lang_transaction.html, "Response To Errors Within A Transaction"). sqlx does not see
            // that, fails to roll back, and takes the connection for one with an open transaction ever after.
            Err(sqlx::Error::InvalidSavePointStatement) => {
                self.inner.writer.acquire().await?.close().await?;
                Ok(begin().await?)
            }
            begun => Ok(begun?),
        }
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query_scalar::<_, i64>("select 1").fetch_one(&self.inner.readers).await?;
        Ok(())
    }

    /// Waits for running queries and closes the database. The lock goes when the last clone goes.
    pub async fn close(&self) {
        self.inner.readers.close().await;
        self.inner.writer.close().await;
    }
}

fn lock(db: &Path) -> Result<File, OpenError> {
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

fn classify(path: &Path, source: sqlx::Error) -> OpenError {
    /// SQLITE_CORRUPT and SQLITE_NOTADB, <https://sqlite.org/rescode.html>; the low byte of the extended code.
    const DAMAGED: [i32; 2] = [11, 26];
    let code = source.as_database_error().and_then(|error| error.code()?.parse::<i32>().ok());
    match code {
        Some(code) if DAMAGED.contains(&(code & 0xff)) => {
            OpenError::Damaged { path: path.to_owned(), detail: source.to_string() }
        }
        Some(_) | None => OpenError::Database { path: path.to_owned(), source },
    }
}
