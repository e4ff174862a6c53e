//! Brings the spool's evidence to the hub, over HTTP, one file at a time: what matters most first, small before big.
//!
//! A file leaves the spool when the hub says that it has it. A hub that is away, or does not know the node, is asked
//! again ever more slowly; a single file that the hub refuses lets the others pass and is tried again after them. A large
//! file goes on where the line broke.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::sync::Arc;
use std::time::Duration;

use domain::NodeId;
use serde::Deserialize;
use thiserror::Error;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tracing::{debug, info, warn};
use ureq::http::header::{CONTENT_LENGTH, CONTENT_RANGE};
use wire::blob::{BLOB_BYTES_MAX, UPLOAD_GRANT_HEADER};
use wire::{BlobHash, NodeKey, UploadGrant};

use crate::backoff::Backoff;
use crate::spool::{Intact, Pending, Spool};
use crate::tls::Tls;
use crate::{WallClock, http};

/// Longest upload: the largest file at 2 Mbit/s.
const UPLOAD_MAX: Duration = Duration::from_secs(BLOB_BYTES_MAX as u64 * 8 / 2_000_000 + 5);

/// Files of this size and more go on where an upload broke off: smaller ones are sent again in less time than asking
/// takes on a slow line.
const RESUMED_FROM: u64 = 256 * 1024;

/// Longest text in which the hub says how much of a file it has.
const STATE_BYTES_MAX: u64 = 4 * 1024;

/// Where to and as whom.
#[derive(Debug, Clone)]
pub struct UploaderConfig {
    /// The hub, such as `https://hub.example.vn` or `http://10.0.0.5:8080`.
    pub hub_url: String,
    /// The node.
    pub node: NodeId,
    /// Its signing key.
    pub key: NodeKey,
    /// The authority to trust for `https`; without it, the public ones.
    pub tls: Option<Tls>,
    /// How long to wait after the first failure; doubles up to `retry_after_max`.
    pub retry_after: Duration,
    /// Longest wait after a failure.
    pub retry_after_max: Duration,
}

impl UploaderConfig {
    /// The usual patience: from half a second to ten minutes.
    pub fn new(hub_url: impl Into<String>, node: NodeId, key: NodeKey, tls: Option<Tls>) -> Self {
        let (retry_after, retry_after_max) = (Duration::from_millis(500), Duration::from_secs(600));
        Self { hub_url: hub_url.into(), node, key, tls, retry_after, retry_after_max }
    }
}

/// Why the uploader does not start.
#[derive(Debug, Error)]
pub enum UploaderError {
    /// The hub's address cannot be used.
    #[error("\"{0}\" is not the address of a hub: http://HOST, http://HOST:PORT or the same with https is accepted")]
    BadUrl(String),
}

/// What the uploader is doing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UploaderState {
    /// Files that the hub took since the start.
    pub uploaded_files: u64,
    /// Files that were damaged on the disk and removed, since the start.
    pub damaged_files: u64,
    /// What went wrong last, until an upload works again.
    pub last_error: Option<String>,
}

/// Starts the uploads of a spool.
#[derive(Debug)]
pub struct Uploader;

/// Running uploads; dropping it ends them.
#[derive(Debug)]
pub struct UploaderHandle {
    state: watch::Receiver<UploaderState>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl UploaderHandle {
    /// Follows what the uploader is doing.
    pub fn watch(&self) -> watch::Receiver<UploaderState> {
        self.state.clone()
    }

    /// Lets the upload that is under way finish (at most about five minutes) and ends.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        // It ends by itself, or panicked, which was logged.
        let _ = (&mut self.task).await;
    }
}

impl Drop for UploaderHandle {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Uploader {
    /// Uploads what is in `spool`, and what comes, until stopped. What goes wrong is in the state, and tried again.
    pub fn start(spool: Spool, config: UploaderConfig, clock: WallClock) -> Result<UploaderHandle, UploaderError> {
        let hub = http::hub_url(&config.hub_url).ok_or_else(|| UploaderError::BadUrl(config.hub_url.clone()))?;
        let (state, watched) = watch::channel(UploaderState::default());
        let (stop, stopping) = watch::channel(false);
        let backoff = Backoff::new(config.node.as_str(), config.retry_after, config.retry_after_max);
        let client = http::Client::new(config.tls.as_ref(), UPLOAD_MAX);
        let source = Source { spool, hub, client, node: config.node, key: config.key, clock };
        let task = tokio::spawn(run(Arc::new(source), backoff, state, stopping));
        Ok(UploaderHandle { state: watched, stop, task })
    }
}

/// What an upload needs.
struct Source {
    spool: Spool,
    hub: String,
    client: http::Client,
    node: NodeId,
    key: NodeKey,
    clock: WallClock,
}

/// How much of a file the hub has.
enum Received {
    /// So many bytes from the first on.
    Bytes(u64),
    /// The whole file, under its name.
    All,
}

/// What the hub tells of an upload.
#[derive(Deserialize)]
struct Told {
    received: u64,
    is_stored: bool,
}

/// What a status means that is no success.
fn not_taken(status: u16) -> Outcome {
    match status {
        401 | 403 => Outcome::Unavailable(format!("it does not accept this node's grant (HTTP status {status})")),
        408 | 429 | 300..=399 | 500..=599 => Outcome::Unavailable(format!("HTTP status {status}")),
        status => Outcome::Refused(format!("HTTP status {status}")),
    }
}

/// How an attempt ended.
enum Outcome {
    /// The hub has it.
    Stored,
    /// It is not in the spool any more.
    Gone,
    /// Its bytes are not those that its name says.
    Damaged,
    /// The hub does not want this file.
    Refused(String),
    /// The hub does not serve this node now.
    Unavailable(String),
}

impl Source {
    /// Tries to upload one file. Waits for the disk and the network.
    fn upload(&self, pending: &Pending) -> Outcome {
        let Pending { hash, media_type, .. } = pending;
        let file = match self.spool.open_checked(hash) {
            Ok(Some((file, Intact::Yes))) => file,
            Ok(Some((_, Intact::No))) => return self.settled(hash, Outcome::Damaged),
            Ok(None) => return Outcome::Gone,
            Err(error) => return Outcome::Refused(error.to_string()),
        };
        let grant = UploadGrant::sign(&self.key, &self.node, (self.clock)().at, hash).to_header();
        let url = format!("{}/api/v1/blobs/{hash}", self.hub);
        let sent = if pending.bytes < RESUMED_FROM {
            self.client
                .agent()
                .put(url)
                .header(UPLOAD_GRANT_HEADER, grant)
                .content_type(media_type.as_str())
                .send(&file)
        } else {
            match self.received(&url, &grant) {
                Ok(Received::Bytes(received)) => self.send_rest(&url, &grant, pending, file, received),
                Ok(Received::All) => return self.settled(hash, Outcome::Stored),
                Err(outcome) => return outcome,
            }
        };
        match sent {
            Ok(response) => match response.status().as_u16() {
                200 | 201 | 204 => self.settled(hash, Outcome::Stored),
                status => not_taken(status),
            },
            Err(error) => Outcome::Unavailable(error.to_string()),
        }
    }

    /// How much of a file the hub has from earlier tries.
    fn received(&self, url: &str, grant: &str) -> Result<Received, Outcome> {
        let asked = self.client.agent().get(format!("{url}/upload")).header(UPLOAD_GRANT_HEADER, grant).call();
        let mut answer = asked.map_err(|error| Outcome::Unavailable(error.to_string()))?;
        match answer.status().as_u16() {
            200 => {}
            // A hub of an earlier release takes files in one go only.
            404 | 405 => return Ok(Received::Bytes(0)),
            status => return Err(not_taken(status)),
        }
        let told = answer.body_mut().with_config().limit(STATE_BYTES_MAX).read_to_string();
        let told = told.map_err(|error| Outcome::Unavailable(error.to_string()))?;
        let state: Told = serde_json::from_str(&told)
            .map_err(|error| Outcome::Unavailable(format!("it says \"{told}\" of an upload: {error}")))?;
        Ok(if state.is_stored { Received::All } else { Received::Bytes(state.received) })
    }

    /// Sends what the hub does not have yet.
    fn send_rest(
        &self,
        url: &str,
        grant: &str,
        pending: &Pending,
        mut file: File,
        received: u64,
    ) -> Result<ureq::http::Response<ureq::Body>, ureq::Error> {
        let request = self.client.agent().put(url).header(UPLOAD_GRANT_HEADER, grant);
        let request = request.content_type(pending.media_type.as_str());
        if received >= pending.bytes {
            // All of it came, and the answer got lost or the hub was stopped: it looks whether that is the file.
            return request.header(CONTENT_RANGE, format!("bytes */{}", pending.bytes)).send_empty();
        }
        let range = format!("bytes {received}-{}/{}", pending.bytes - 1, pending.bytes);
        file.seek(SeekFrom::Start(received))?;
        let rest = pending.bytes - received;
        // Said, so that it is not sent in chunks of unknown number.
        let request = request.header(CONTENT_RANGE, range).header(CONTENT_LENGTH, rest.to_string());
        request.send(ureq::SendBody::from_owned_reader(file.take(rest)))
    }

    /// Removes the file, whose fate is decided.
    fn settled(&self, hash: &BlobHash, outcome: Outcome) -> Outcome {
        match self.spool.remove(hash) {
            Ok(()) => outcome,
            // It stays, and the hub takes it as a repetition.
            Err(error) => Outcome::Refused(error.to_string()),
        }
    }
}

async fn run(
    source: Arc<Source>,
    mut backoff: Backoff,
    state: watch::Sender<UploaderState>,
    mut stopping: watch::Receiver<bool>,
) {
    let mut changes = source.spool.watch();
    let mut after = None;
    while !*stopping.borrow() {
        changes.borrow_and_update();
        // After the last comes the first again, which may have been refused before.
        let next = source.spool.next_upload(after.as_ref()).or_else(|| source.spool.next_upload(None));
        let Some(pending) = next else {
            tokio::select! {
                _ = changes.changed() => {}
                () = stopped(&mut stopping) => {}
            }
            continue;
        };
        let attempt = tokio::task::spawn_blocking({
            let source = Arc::clone(&source);
            move || source.upload(&pending)
        });
        let outcome = attempt.await.unwrap_or_else(|error| Outcome::Refused(error.to_string()));
        let hash = pending.hash;
        let next_may_pass = match outcome {
            Outcome::Stored => {
                debug!(%hash, bytes = pending.bytes, "evidence uploaded");
                backoff.reset();
                if state.borrow().last_error.is_some() {
                    info!(hub = source.hub, "the hub takes evidence again");
                }
                state.send_modify(|state| {
                    state.uploaded_files += 1;
                    state.last_error = None;
                });
                continue;
            }
            Outcome::Gone => continue,
            Outcome::Damaged => {
                warn!(%hash, "evidence is damaged on the disk and was removed");
                state.send_modify(|state| state.damaged_files += 1);
                continue;
            }
            Outcome::Refused(why) => {
                after = Some(pending);
                note(&state, format!("hub {} refuses {hash}: {why}", source.hub));
                true
            }
            Outcome::Unavailable(why) => {
                note(&state, format!("hub {}: {why}", source.hub));
                false
            }
        };
        tokio::select! {
            () = tokio::time::sleep(backoff.after_failure()) => {}
            // New evidence does not wait behind a file that is not wanted.
            () = put(&mut changes), if next_may_pass => {}
            () = stopped(&mut stopping) => {}
        }
    }
}

fn note(state: &watch::Sender<UploaderState>, error: String) {
    if state.borrow().last_error.as_ref() != Some(&error) {
        warn!(%error, "evidence stays in the spool");
        state.send_modify(|state| state.last_error = Some(error));
    }
}

async fn stopped(stopping: &mut watch::Receiver<bool>) {
    let _ = stopping.wait_for(|stop| *stop).await;
}

/// Waits until a file was put.
async fn put(changes: &mut watch::Receiver<crate::spool::SpoolState>) {
    let before = changes.borrow().put_files;
    if changes.wait_for(|state| state.put_files != before).await.is_err() {
        std::future::pending::<()>().await;
    }
}
