//! Where a node's events and pictures go: the outbox and the spool.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::runtime::Handle;
use uplink::{
    AppendError, AppendReceipt, EvidenceClass, Identity, MediaType, Outbox, OutboxError, Spool, StorageError,
};
use wire::{BlobHash, Event};

use crate::access::AccessHandle;
use crate::board::Board;
use crate::watch::{Sink, SinkError, one_line};

/// How long a camera waits before it asks again whether its events can be kept.
const OUTBOX_RETRY: Duration = Duration::from_secs(1);

/// How much evidence goes at a time where a full disk refuses events.
const ROOM_BYTES: u64 = 4 * 1024 * 1024;

/// Appends events; where the disk is full, evidence goes until they fit, what matters least first.
pub(crate) async fn append_before_evidence(
    outbox: &Outbox,
    spool: &Spool,
    events: &[Event],
) -> Result<AppendReceipt, AppendError> {
    loop {
        match outbox.append(events).await {
            Err(AppendError::Storage(StorageError::DiskFull { .. })) if gave_up_some(spool) => {}
            done @ (Ok(_) | Err(_)) => return done,
        }
    }
}

/// Opens the outbox; where the disk is too full for that, evidence in the folder `spool` goes first.
pub(crate) async fn open_outbox(path: &Path, identity: Identity, spool: &Path) -> Result<Outbox, OutboxError> {
    loop {
        match Outbox::open(path, identity.clone()).await {
            Err(OutboxError::Storage(StorageError::DiskFull { .. }))
                if Spool::open(spool).is_ok_and(|spool| gave_up_some(&spool)) => {}
            done @ (Ok(_) | Err(_)) => return done,
        }
    }
}

/// Whether there was evidence to give up.
fn gave_up_some(spool: &Spool) -> bool {
    match spool.give_up(ROOM_BYTES) {
        Ok(bytes) => {
            if bytes > 0 {
                tracing::warn!(bytes, "the disk is full: evidence gives way to events");
            }
            bytes > 0
        }
        Err(error) => {
            tracing::warn!(error = one_line(&error), "the disk is full, and evidence cannot be removed");
            false
        }
    }
}

/// Keeps events in the outbox and pictures in the spool.
#[derive(Clone)]
pub(crate) struct NodeSink {
    pub(crate) outbox: Outbox,
    pub(crate) spool: Spool,
    pub(crate) events: Option<EventsFile>,
    pub(crate) runtime: Handle,
    pub(crate) stop: Arc<AtomicBool>,
    /// The camera, which is not stuck while it waits here.
    pub(crate) board: Arc<Board>,
    /// Who decides at the lanes, of what the camera sees.
    pub(crate) access: Option<AccessHandle>,
}

impl Sink for NodeSink {
    fn picture(&mut self, class: EvidenceClass, jpeg: &[u8]) -> Result<(), SinkError> {
        let kept = self.spool.put_as(class, jpeg, MediaType::Jpeg);
        kept.map(drop).map_err(|source| SinkError { what: "the spool refused a picture".into(), source: source.into() })
    }

    fn clip(&mut self, class: EvidenceClass, path: &Path) -> Result<BlobHash, SinkError> {
        let kept = self.spool.put_file(class, path, MediaType::Mp4);
        kept.map_err(|source| SinkError { what: "the spool refused a clip".into(), source: source.into() })
    }

    fn events(&mut self, events: Vec<Event>) -> Result<(), SinkError> {
        let mut told = false;
        // A full disk or a full outbox passes, and the events in hand are all that this camera may not lose: it waits
        // with them, its newer frames are dropped and counted, and it goes on when there is room.
        while let Err(error) = self.runtime.block_on(append_before_evidence(&self.outbox, &self.spool, &events)) {
            if matches!(error, AppendError::Seal { .. }) || self.stop.load(Ordering::Relaxed) {
                return Err(SinkError { what: "the outbox refused them".into(), source: error.into() });
            }
            if !std::mem::replace(&mut told, true) {
                tracing::warn!(error = one_line(&error), "the camera waits until its events can be kept");
            }
            self.board.tick();
            std::thread::sleep(OUTBOX_RETRY);
        }
        if let Some(file) = &self.events {
            file.write(&events)?;
        }
        self.board.kept(&events);
        // Only now: nothing is decided on what is not safe.
        if let Some(access) = &self.access {
            access.kept(&events);
        }
        Ok(())
    }
}

/// A copy of the events for people and tests.
#[derive(Clone)]
pub(crate) struct EventsFile(Arc<std::sync::Mutex<std::fs::File>>);

impl EventsFile {
    pub(crate) fn create(path: &Path) -> Result<Self> {
        let file = std::fs::File::create(path)
            .with_context(|| format!("cannot create the file for events \"{}\"", path.display()))?;
        Ok(Self(Arc::new(std::sync::Mutex::new(file))))
    }

    pub(crate) fn write(&self, events: &[Event]) -> Result<(), SinkError> {
        let mut lines = Vec::new();
        for event in events {
            serde_json::to_writer(&mut lines, event).expect("an event has only text keys and finite numbers");
            lines.push(b'\n');
        }
        let mut file = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let written = file.write_all(&lines);
        written.map_err(|source| SinkError { what: "the file for events failed".into(), source: source.into() })
    }
}
