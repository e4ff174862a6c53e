//! The events that the hub has not confirmed: sealed, chained, on disk.
//!
//! Invariants, which [`Outbox::open`] checks and every change keeps:
//! - The events in the file are numbered without a gap from the last confirmed one, and each names the hash of the one
//!   before.
//! - An event is on disk, power cut or not, before [`Outbox::append`] returns.
//! - An event leaves only when a receipt of the hub covers it with the very hash that this node computed.
//!
//! One task owns the writing connection; whatever waits for it when it comes round shares one transaction, so that
//! many small appends cost one flush. The space of events that left is used again; the file does not shrink.

mod error;
mod file;
mod reserve;
mod writer;

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::{NodeId, SiteId, UtcTime};
use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection, Row};
use tokio::sync::{Mutex, mpsc, oneshot, watch};
use wire::{Ack, Event, EventHash, NodeKey};

pub use error::{AppendError, OutboxError, StorageError};
use writer::{Command, Writer};

/// Most events that may wait for the hub. At 20,000 passages a day that is three months without a hub, and about
/// 1.5 GB of disk. When it is reached, [`Outbox::append`] refuses with [`AppendError::Full`]: what is stored stays.
pub const OUTBOX_ROWS_MAX: u64 = 2_000_000;

/// Most callers that wait for the writer; the next one waits to be let in.
const COMMANDS_MAX: usize = 1024;

/// Whose outbox it is.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The site of the node.
    pub site: SiteId,
    /// The node.
    pub node: NodeId,
    /// Its signing key.
    pub key: NodeKey,
}

/// The numbers that an append gave to its events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AppendReceipt {
    /// Number of the first one.
    pub first_seq: u64,
    /// Number of the last one; one below `first_seq` where there were no events.
    pub last_seq: u64,
}

/// What waits for the hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backlog {
    /// Events that the hub has not confirmed.
    pub rows: u64,
    /// Most that may wait; [`Outbox::append`] refuses what would go beyond.
    pub rows_max: u64,
    /// Bytes of their envelopes.
    pub bytes: u64,
    /// When the oldest of them happened.
    pub oldest_at: Option<UtcTime>,
    /// Number of the node's newest event, 0 before the first.
    pub head_seq: u64,
    /// Number of the last event that the hub confirmed, 0 for none.
    pub confirmed_seq: u64,
}

/// What a receipt did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfirmOutcome {
    /// It is ours. The events that it covers left, if any were still here.
    Removed {
        /// How many left.
        rows: u64,
    },
    /// It says less than an earlier one: receipts may overtake each other. Nothing changed.
    Stale,
    /// It speaks of another chain than this file holds: the hub knows another node by this name, or this outbox was
    /// replaced or restored. Nothing left, and nothing will until somebody looks.
    NotOurs {
        /// The number that it confirms.
        seq: u64,
        /// The hash that the hub has for that number.
        theirs: EventHash,
        /// The hash that we have; nothing where there never was such an event here.
        ours: Option<EventHash>,
    },
}

/// A sealed event as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxRow {
    /// Its number.
    pub seq: u64,
    /// Its wire form.
    pub envelope: Vec<u8>,
}

/// A node's outbox. Clones share one file; the last one to go, or [`Outbox::close`], closes it.
#[derive(Debug, Clone)]
pub struct Outbox {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    site: SiteId,
    node: NodeId,
    commands: mpsc::Sender<Command>,
    backlog: watch::Receiver<Backlog>,
    /// Nothing once the outbox is closed.
    reader: Mutex<Option<SqliteConnection>>,
}

impl Outbox {
    /// Opens the outbox at `path`, or creates it where there is none. Refuses a file that is damaged, belongs to
    /// another node or is open elsewhere. Reads the whole file once to check it: a second or two per 200,000 events.
    pub async fn open(path: &Path, identity: Identity) -> Result<Self, OutboxError> {
        Self::open_limited(path, identity, OUTBOX_ROWS_MAX).await
    }

    /// As [`Outbox::open`], with another maximum of waiting events than [`OUTBOX_ROWS_MAX`].
    pub async fn open_limited(path: &Path, identity: Identity, rows_max: u64) -> Result<Self, OutboxError> {
        let opened = file::open(path, &identity).await?;
        let (commands, waiting) = mpsc::channel(COMMANDS_MAX);
        let (site, node) = (identity.site.clone(), identity.node.clone());
        let (writer, backlog) = Writer::new(path, identity, rows_max, opened.chain, opened.writer, opened.lock);
        tokio::spawn(writer.run(waiting));
        let reader = Mutex::new(Some(opened.reader));
        Ok(Self { shared: Arc::new(Shared { path: path.to_owned(), site, node, commands, backlog, reader }) })
    }

    /// Seals `events` in the order given and stores them: all or none. They are on disk when this returns; a caller
    /// that stops waiting does not stop that.
    pub async fn append(&self, events: &[Event]) -> Result<AppendReceipt, AppendError> {
        let (reply, answer) = oneshot::channel();
        let command = Command::Append { events: events.to_vec(), reply };
        self.shared.commands.send(command).await.map_err(|_| StorageError::Closed)?;
        answer.await.map_err(|_| StorageError::Closed)?
    }

    /// Lets go of what the hub's receipt covers, if it speaks of this chain.
    pub async fn confirm(&self, receipt: &Ack) -> Result<ConfirmOutcome, StorageError> {
        let (reply, answer) = oneshot::channel();
        let command = Command::Confirm { receipt: receipt.clone(), reply };
        self.shared.commands.send(command).await.map_err(|_| StorageError::Closed)?;
        answer.await.map_err(|_| StorageError::Closed)?
    }

    /// The events of `seqs` that are still here, in order.
    pub async fn rows(&self, seqs: RangeInclusive<u64>) -> Result<Vec<OutboxRow>, StorageError> {
        let failed = |source| StorageError::of(&self.shared.path, source);
        let mut reader = self.shared.reader.lock().await;
        let reader = reader.as_mut().ok_or(StorageError::Closed)?;
        let rows = sqlx::query("select seq, envelope from outbox_event where seq between ? and ? order by seq")
            .bind(file::to_sql(*seqs.start()))
            .bind(file::to_sql(*seqs.end()))
            .fetch_all(reader)
            .await
            .map_err(failed)?;
        rows.iter()
            .map(|row| {
                Ok(OutboxRow { seq: file::seq_from_sql(row.try_get("seq")?), envelope: row.try_get("envelope")? })
            })
            .collect::<Result<_, sqlx::Error>>()
            .map_err(failed)
    }

    /// The `limit` oldest events after number `after_seq`, in order.
    pub async fn window(&self, after_seq: u64, limit: u64) -> Result<Vec<OutboxRow>, StorageError> {
        let first = after_seq.max(self.backlog().confirmed_seq) + 1;
        self.rows(first..=(first - 1).saturating_add(limit)).await
    }

    /// What waits now.
    pub fn backlog(&self) -> Backlog {
        *self.shared.backlog.borrow()
    }

    /// Follows what waits: changes after each append and each confirmation that took effect.
    pub fn watch(&self) -> watch::Receiver<Backlog> {
        self.shared.backlog.clone()
    }

    /// The site of the node that owns it.
    pub fn site(&self) -> &SiteId {
        &self.shared.site
    }

    /// The node that owns it.
    pub fn node(&self) -> &NodeId {
        &self.shared.node
    }

    /// Closes the file for this and every clone, after what was begun; it can be opened again when this returns.
    pub async fn close(self) {
        // The reader goes first, so that the writer, as the last connection, folds the log back into the file.
        if let Some(reader) = self.shared.reader.lock().await.take() {
            // It only read: whatever it says on leaving changes nothing.
            let _ = reader.close().await;
        }
        let (reply, answer) = oneshot::channel();
        if self.shared.commands.send(Command::Close { reply }).await.is_ok() {
            let _ = answer.await;
        }
    }
}
