//! What can go wrong with an outbox.

use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;
use wire::EnvelopeError;

/// Why an outbox cannot be opened.
#[derive(Debug, Error)]
pub enum OutboxError {
    /// A file beside it cannot be made, or the folder not synced.
    #[error("cannot use \"{path}\"")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process has it, or this one has it twice.
    #[error("the outbox \"{path}\" is in use: another gatehouse process holds \"{lock}\"; stop that one first")]
    InUse {
        /// The outbox.
        path: PathBuf,
        /// The file whose lock is held.
        lock: PathBuf,
    },
    /// Its database is gone, its log is not.
    #[error(
        "the outbox \"{path}\" is missing but its log \"{log}\" is there: restore the outbox, or move the log away to \
         lose what it held and start a new chain"
    )]
    LogWithoutFile {
        /// The outbox.
        path: PathBuf,
        /// The log.
        log: PathBuf,
    },
    /// Not an outbox, by its application id.
    #[error("\"{path}\" is a database but not an outbox (application id {found:#x}, {expected:#x} is accepted)")]
    NotAnOutbox {
        /// The file.
        path: PathBuf,
        /// Its application id.
        found: i64,
        /// The id of outboxes.
        expected: i64,
    },
    /// It belongs to somebody else.
    #[error(
        "the outbox \"{path}\" belongs to node \"{owner_node}\" of site \"{owner_site}\", not to node \"{node}\" of \
         site \"{site}\": name that node in the configuration, or give this one an outbox of its own"
    )]
    OtherNode {
        /// The outbox.
        path: PathBuf,
        /// Site it belongs to.
        owner_site: String,
        /// Node it belongs to.
        owner_node: String,
        /// Site that asked.
        site: String,
        /// Node that asked.
        node: String,
    },
    /// The node has another key than the one that sealed what is in it.
    #[error(
        "the outbox \"{path}\" was sealed with the key {owner}, the node key now is {ours}: restore the node key, or \
         give the node a new name and a new outbox"
    )]
    OtherKey {
        /// The outbox.
        path: PathBuf,
        /// Public key it was sealed with.
        owner: String,
        /// Public key of the node.
        ours: String,
    },
    /// Its contents break a rule that only damage can break.
    #[error(
        "the outbox \"{path}\" is damaged: {what}; restore it from a backup, or move it away and re-enrol the node"
    )]
    Damaged {
        /// The outbox.
        path: PathBuf,
        /// What was found.
        what: String,
    },
    /// Its tables are not those of this version.
    #[error("cannot bring the tables of the outbox \"{path}\" to this version")]
    Schema {
        /// The outbox.
        path: PathBuf,
        /// Why.
        source: sqlx::migrate::MigrateError,
    },
    /// It cannot be read or written.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Why the outbox's file did not do what it should. Nothing is ever half done.
#[derive(Debug, Clone, Error)]
pub enum StorageError {
    /// No space is left.
    #[error("the disk that holds the outbox \"{path}\" is full: free some space there")]
    DiskFull {
        /// The outbox.
        path: PathBuf,
    },
    /// What is on the disk is not what was written.
    #[error("the outbox \"{path}\" is damaged")]
    Damaged {
        /// The outbox.
        path: PathBuf,
        /// What SQLite found.
        source: Arc<sqlx::Error>,
    },
    /// Anything else.
    #[error("cannot read or write the outbox \"{path}\"")]
    Failed {
        /// The outbox.
        path: PathBuf,
        /// Why.
        source: Arc<sqlx::Error>,
    },
    /// It was closed.
    #[error("the outbox is closed")]
    Closed,
}

/// Why events were not stored; none of them was.
#[derive(Debug, Error)]
pub enum AppendError {
    /// As many events wait as may wait.
    #[error("the outbox \"{path}\" is full: {rows} events wait for the hub, at most {rows_max} may")]
    Full {
        /// The outbox.
        path: PathBuf,
        /// Events that wait.
        rows: u64,
        /// Most that may wait.
        rows_max: u64,
    },
    /// An event cannot be sealed.
    #[error("event {index} of {count} cannot be sealed")]
    Seal {
        /// Which of those given, from 0.
        index: usize,
        /// How many were given.
        count: usize,
        /// Why.
        source: EnvelopeError,
    },
    /// The file failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// SQLite's result codes that name a full disk: SQLITE_FULL, and the shared index that cannot grow.
const FULL: [&str; 2] = ["13", "4874"];

/// SQLite's result codes that name a damaged file: SQLITE_CORRUPT with its extensions, and SQLITE_NOTADB.
const DAMAGED: [&str; 5] = ["11", "267", "523", "779", "26"];

impl StorageError {
    pub(super) fn of(path: &Path, source: sqlx::Error) -> Self {
        let path = path.to_owned();
        let code = source.as_database_error().and_then(|e| e.code()).map(Cow::into_owned);
        match code.as_deref() {
            Some(code) if FULL.contains(&code) => Self::DiskFull { path },
            Some(code) if DAMAGED.contains(&code) => Self::Damaged { path, source: Arc::new(source) },
            Some(_) | None => Self::Failed { path, source: Arc::new(source) },
        }
    }
}
