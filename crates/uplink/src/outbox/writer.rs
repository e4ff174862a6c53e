//! The one task that writes.

use std::path::{Path, PathBuf};

use sqlx::sqlite::{Sqlite, SqliteConnection};
use sqlx::{Connection, QueryBuilder};
use tokio::sync::{mpsc, oneshot, watch};
use tracing::{debug, info, warn};
use wire::{Ack, Envelope, Event, EventHash, Unsealed};

use super::error::{AppendError, OutboxError, StorageError};
use super::file::{self, Chain, Link, to_sql};
use super::reserve::Reserve;
use super::{AppendReceipt, Backlog, ConfirmOutcome, Identity};
use crate::durable::Lock;

/// Most commands that share one transaction; the others wait for the next.
const GROUP_MAX: usize = 256;

/// Most rows of one insert statement: five parameters each, far below SQLite's 32,766.
const INSERT_ROWS_MAX: usize = 200;

/// What the task is asked to do.
#[derive(Debug)]
pub(super) enum Command {
    Append { events: Vec<Event>, reply: Reply<AppendReceipt, AppendError> },
    Confirm { receipt: Ack, reply: Reply<ConfirmOutcome, StorageError> },
    Close { reply: oneshot::Sender<()> },
}

/// Where an answer goes. A caller that stopped waiting is no reason to stop.
type Reply<T, E> = oneshot::Sender<Result<T, E>>;

/// A sealed event on its way to the disk.
struct Sealed {
    seq: u64,
    at_us: i64,
    prev: EventHash,
    envelope: Envelope,
}

/// An append whose events are sealed but not stored.
struct Pending {
    receipt: AppendReceipt,
    reply: Reply<AppendReceipt, AppendError>,
}

pub(super) struct Writer {
    path: PathBuf,
    identity: Identity,
    rows_max: u64,
    connection: SqliteConnection,
    chain: Chain,
    backlog: watch::Sender<Backlog>,
    /// Whether the alarm about a nearly full outbox was given.
    alarmed: bool,
    /// Whether the last write failed, so that `chain` must be read again before the next.
    in_doubt: bool,
    /// What a receipt may use on a full disk.
    reserve: Reserve,
    _lock: Lock,
}

impl Writer {
    pub(super) fn new(
        path: &Path,
        identity: Identity,
        rows_max: u64,
        chain: Chain,
        connection: SqliteConnection,
        lock: Lock,
    ) -> (Self, watch::Receiver<Backlog>) {
        let (backlog, watched) = watch::channel(to_backlog(&chain, rows_max));
        let mut writer = Self {
            path: path.to_owned(),
            identity,
            rows_max,
            connection,
            chain,
            backlog,
            alarmed: false,
            in_doubt: false,
            reserve: Reserve::beside(path),
            _lock: lock,
        };
        writer.tell();
        (writer, watched)
    }

    pub(super) async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let mut group = Vec::new();
        let mut closing = None;
        while closing.is_none() && commands.recv_many(&mut group, GROUP_MAX).await > 0 {
            closing = self.work_off(&mut group).await;
        }
        if let Err(error) = self.connection.close().await {
            warn!(path = %self.path.display(), %error, "the outbox did not close in order; the next start recovers it");
        }
        // The lock goes before the answer, so that the one who waits for it can open the file again.
        drop(self._lock);
        if let Some(reply) = closing {
            let _ = reply.send(());
        }
    }

    /// Does everything in `group`; the place to answer where somebody wants to close.
    async fn work_off(&mut self, group: &mut Vec<Command>) -> Option<oneshot::Sender<()>> {
        let (mut appends, mut closing) = (Vec::new(), None);
        for command in group.drain(..) {
            match command {
                Command::Append { events, reply } => appends.push((events, reply)),
                Command::Close { reply } => closing = Some(reply),
                // Not in the transaction of the appends: on a full disk those fail, and this is what makes room.
                Command::Confirm { receipt, reply } => {
                    let outcome = self.confirm_in_any_case(&receipt).await;
                    self.tell();
                    let _ = reply.send(outcome);
                }
            }
        }
        self.append(appends).await;
        self.tell();
        closing
    }

    async fn append(&mut self, appends: Vec<(Vec<Event>, Reply<AppendReceipt, AppendError>)>) {
        if appends.is_empty() {
            return;
        }
        if let Err(error) = self.settle().await {
            for (_, reply) in appends {
                let _ = reply.send(Err(error.clone().into()));
            }
            return;
        }
        let (mut rows, mut pending, mut head) = (Vec::new(), Vec::new(), self.chain.head);
        for (events, reply) in appends {
            match self.seal(head, &events) {
                Ok(sealed) => {
                    let first_seq = head.seq + 1;
                    if let Some(last) = sealed.last() {
                        head = Link { seq: last.seq, hash: last.envelope.hash() };
                    }
                    rows.extend(sealed);
                    pending.push(Pending { receipt: AppendReceipt { first_seq, last_seq: head.seq }, reply });
                }
                Err(error) => {
                    let _ = reply.send(Err(error));
                }
            }
        }
        match self.insert(&rows).await {
            Ok(()) => {
                self.chain.head = head;
                self.chain.bytes += rows.iter().map(|row| row.envelope.as_bytes().len() as u64).sum::<u64>();
                if let (None, Some(first)) = (self.chain.oldest_at, rows.first()) {
                    self.chain.oldest_at = domain::UtcTime::from_unix_micros(first.at_us).ok();
                }
                // Before the answers, so that whoever was told of an event finds it in the backlog.
                self.tell();
                for Pending { receipt, reply } in pending {
                    let _ = reply.send(Ok(receipt));
                }
            }
            Err(source) => {
                self.in_doubt = true;
                let error = StorageError::of(&self.path, source);
                for Pending { reply, .. } in pending {
                    let _ = reply.send(Err(error.clone().into()));
                }
            }
        }
    }

    fn seal(&self, head: Link, events: &[Event]) -> Result<Vec<Sealed>, AppendError> {
        let waiting = head.seq - self.chain.confirmed.seq;
        if waiting + events.len() as u64 > self.rows_max {
            return Err(AppendError::Full { path: self.path.clone(), rows: waiting, rows_max: self.rows_max });
        }
        let Identity { site, node, key } = &self.identity;
        let mut sealed = Vec::with_capacity(events.len());
        let Link { mut seq, hash: mut prev } = head;
        for (index, event) in events.iter().enumerate() {
            seq += 1;
            let envelope = Envelope::seal(key, &Unsealed { site, node, seq, prev }, event)
                .map_err(|source| AppendError::Seal { index, count: events.len(), source })?;
            let hash = envelope.hash();
            sealed.push(Sealed { seq, at_us: event.at.as_unix_micros(), prev, envelope });
            prev = hash;
        }
        Ok(sealed)
    }

    async fn insert(&mut self, rows: &[Sealed]) -> Result<(), sqlx::Error> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut transaction = self.connection.begin_with("begin immediate").await?;
        for rows in rows.chunks(INSERT_ROWS_MAX) {
            let mut insert =
                QueryBuilder::<Sqlite>::new("insert into outbox_event (seq, at_us, prev, hash, envelope) ");
            insert.push_values(rows, |mut values, row| {
                values
                    .push_bind(to_sql(row.seq))
                    .push_bind(row.at_us)
                    .push_bind(row.prev.as_bytes().to_vec())
                    .push_bind(row.envelope.hash().as_bytes().to_vec())
                    .push_bind(row.envelope.as_bytes().to_vec());
            });
            insert.build().execute(&mut *transaction).await?;
        }
        transaction.commit().await
    }

    /// After a failed write: learns from the file whether it took effect after all.
    async fn settle(&mut self) -> Result<(), StorageError> {
        if !self.in_doubt {
            return Ok(());
        }
        match file::open_again(&self.path, &self.identity).await {
            Ok((connection, chain)) => {
                // With the old connection goes whatever was left of the transaction that failed.
                self.connection = connection;
                self.chain = chain;
                self.in_doubt = false;
                info!(path = %self.path.display(), head = chain.head.seq, "the outbox can be written again");
                Ok(())
            }
            Err(OutboxError::Storage(error)) => Err(error),
            Err(other) => {
                let source = sqlx::Error::Protocol(other.to_string());
                Err(StorageError::Damaged { path: self.path.clone(), source: std::sync::Arc::new(source) })
            }
        }
    }

    /// As [`Self::confirm`], on a full disk with the space that was kept back for this.
    async fn confirm_in_any_case(&mut self, receipt: &Ack) -> Result<ConfirmOutcome, StorageError> {
        match self.confirm(receipt).await {
            Err(StorageError::DiskFull { .. }) if self.reserve.give() => self.confirm(receipt).await,
            outcome => {
                if outcome.is_ok() {
                    self.reserve.keep();
                }
                outcome
            }
        }
    }

    async fn confirm(&mut self, receipt: &Ack) -> Result<ConfirmOutcome, StorageError> {
        self.settle().await?;
        let (seq, theirs) = (receipt.committed_seq, receipt.committed_hash);
        let Chain { head, confirmed, .. } = self.chain;
        if seq < confirmed.seq || seq == 0 {
            debug!(seq, confirmed = confirmed.seq, "a receipt says less than an earlier one");
            return Ok(ConfirmOutcome::Stale);
        }
        if seq > head.seq {
            return Ok(ConfirmOutcome::NotOurs { seq, theirs, ours: None });
        }
        let ours = if seq == confirmed.seq {
            confirmed.hash
        } else {
            self.hash_of(seq).await.map_err(|source| StorageError::of(&self.path, source))?
        };
        if theirs != ours {
            return Ok(ConfirmOutcome::NotOurs { seq, theirs, ours: Some(ours) });
        }
        if seq == confirmed.seq {
            return Ok(ConfirmOutcome::Removed { rows: 0 });
        }
        match self.remove_through(Link { seq, hash: ours }).await {
            Ok(rows) => Ok(ConfirmOutcome::Removed { rows }),
            Err(source) => {
                self.in_doubt = true;
                Err(StorageError::of(&self.path, source))
            }
        }
    }

    async fn hash_of(&mut self, seq: u64) -> Result<EventHash, sqlx::Error> {
        let hash: Vec<u8> = sqlx::query_scalar("select hash from outbox_event where seq = ?")
            .bind(to_sql(seq))
            .fetch_one(&mut self.connection)
            .await?;
        let hash = <[u8; 32]>::try_from(hash.as_slice()).map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
        Ok(EventHash::from_bytes(hash))
    }

    async fn remove_through(&mut self, last: Link) -> Result<u64, sqlx::Error> {
        let mut transaction = self.connection.begin_with("begin immediate").await?;
        let bytes: i64 =
            sqlx::query_scalar("select coalesce(sum(length(envelope)), 0) from outbox_event where seq <= ?")
                .bind(to_sql(last.seq))
                .fetch_one(&mut *transaction)
                .await?;
        let removed = sqlx::query("delete from outbox_event where seq <= ?")
            .bind(to_sql(last.seq))
            .execute(&mut *transaction)
            .await?;
        sqlx::query("update outbox_node set confirmed_seq = ?, confirmed_hash = ?")
            .bind(to_sql(last.seq))
            .bind(last.hash.as_bytes().as_slice())
            .execute(&mut *transaction)
            .await?;
        let oldest_at = file::oldest_at(&mut transaction).await?;
        transaction.commit().await?;
        self.chain.confirmed = last;
        self.chain.bytes = self.chain.bytes.saturating_sub(file::seq_from_sql(bytes));
        self.chain.oldest_at = oldest_at;
        Ok(removed.rows_affected())
    }

    /// Lets everybody know how much waits, and people when it is too much.
    fn tell(&mut self) {
        let now = to_backlog(&self.chain, self.rows_max);
        self.backlog.send_if_modified(|before| std::mem::replace(before, now) != now);
        let (rows, rows_max, path) = (now.rows, now.rows_max, self.path.display());
        let fifths = rows.saturating_mul(5);
        if self.alarmed && fifths < rows_max.saturating_mul(3) {
            self.alarmed = false;
            info!(%path, rows, rows_max, "the outbox has room again");
        } else if !self.alarmed && fifths >= rows_max.saturating_mul(4) {
            self.alarmed = true;
            warn!(%path, rows, rows_max, "the outbox is four fifths full: events are refused when it is full");
        }
    }
}

fn to_backlog(chain: &Chain, rows_max: u64) -> Backlog {
    Backlog {
        rows: chain.head.seq.saturating_sub(chain.confirmed.seq),
        rows_max,
        bytes: chain.bytes,
        oldest_at: chain.oldest_at,
        head_seq: chain.head.seq,
        confirmed_seq: chain.confirmed.seq,
    }
}
