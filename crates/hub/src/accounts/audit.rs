//! Writing the audit log. Many requests at once share one transaction: each waits until its row is committed, none until
//! all others have theirs.

use store::{LogEntry, Store};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tracing::warn;

/// Rows that wait to be written; further requests wait to get theirs in.
const WAITING_MAX: usize = 1_024;

/// Rows of one transaction.
const ROWS_MAX: usize = 256;

/// The row could not be written, so that what it is about must not be given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the audit log cannot be written at the moment")]
pub(crate) struct NotWritten;

type Waiting = (LogEntry, oneshot::Sender<bool>);

/// Where rows are handed in.
#[derive(Debug, Clone)]
pub(crate) struct AuditWriter(mpsc::Sender<Waiting>);

impl AuditWriter {
    /// The writer and its task, which ends with the last clone of the writer.
    pub(crate) fn start(store: Store) -> (Self, JoinHandle<()>) {
        let (rows, waiting) = mpsc::channel(WAITING_MAX);
        (Self(rows), tokio::spawn(write(store, waiting)))
    }

    /// Returns once the row is committed.
    pub(crate) async fn record(&self, entry: LogEntry) -> Result<(), NotWritten> {
        let (done, written) = oneshot::channel();
        self.0.send((entry, done)).await.map_err(|_| NotWritten)?;
        if written.await.unwrap_or(false) { Ok(()) } else { Err(NotWritten) }
    }
}

async fn write(store: Store, mut waiting: mpsc::Receiver<Waiting>) {
    let mut batch = Vec::with_capacity(ROWS_MAX);
    while waiting.recv_many(&mut batch, ROWS_MAX).await > 0 {
        let (rows, done): (Vec<_>, Vec<_>) = batch.drain(..).unzip();
        let written = store.audit_log_append(&rows).await;
        if let Err(error) = &written {
            warn!(error = error as &dyn std::error::Error, rows = rows.len(), "the audit log cannot be written");
        }
        for done in done {
            // Whoever asked may be gone.
            let _ = done.send(written.is_ok());
        }
    }
}
