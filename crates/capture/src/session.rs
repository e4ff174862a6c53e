//! The thread of one camera: runs pipelines one after the other and decides what comes after each.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use crate::camera::Shared;
use crate::decoding::Broke;
use crate::diagnosis::{self, Format, Heard};
use crate::mailbox::{Item, Tally};
use crate::pipeline::Pipeline;
use crate::reach;
use crate::retry::Retry;
use crate::riff;
use crate::{DownReason, Ending, Limits, Repeat, RtspUrl, SourceConfig, SourceError, SourceLocation};

/// Messages that wait for the camera's thread. When so many wait, further ones of the pipeline are lost, which matters
/// little: the first complaint decides what happens.
pub(crate) const INBOX_MAX: usize = 64;
/// How much of a file's stated length may be missing at its end before it counts as cut short; sound is often a little
/// longer than the pictures.
const MISSING_MAX: Duration = Duration::from_secs(2);
/// How long a part that gave up may take to be replaced by another before that counts as the end.
const REPLACED_WITHIN: Duration = Duration::from_secs(1);

/// What reaches the thread of a camera.
#[derive(Debug)]
pub(crate) enum Inbox {
    /// Nobody wants frames any more.
    Stop,
    /// A pipeline has said something; old pipelines have old numbers.
    Heard { run: u64, heard: Heard },
    /// A part of the pipeline gave up, which may or may not be its end.
    Suspected { run: u64, heard: Heard },
}

/// How a run of the pipeline ended.
#[derive(Debug)]
enum RunEnd {
    Stopped,
    /// The pipeline said so.
    Told {
        heard: Heard,
        undecodable: Option<Format>,
        lasts: Option<Duration>,
    },
    /// No first frame.
    Silent {
        waited: Duration,
    },
    /// No further frame.
    Frozen {
        silent_for: Duration,
    },
    Unbuildable {
        detail: String,
    },
}

/// What comes after a run.
enum Next {
    Again,
    WaitFirst(Duration),
    Finish,
}

pub(crate) struct Session {
    pub(crate) config: SourceConfig,
    pub(crate) shared: Arc<Shared>,
    pub(crate) inbox: Receiver<Inbox>,
    pub(crate) inbox_sender: SyncSender<Inbox>,
}

impl Session {
    /// Runs until the source is over or somebody says stop.
    pub(crate) fn run(self) {
        let mut retry = Retry::new(self.config.limits);
        for run in 0.. {
            let next = match &self.config.location {
                SourceLocation::File(path) => self.play_file(path, run),
                SourceLocation::Rtsp(url) => self.play_live(url, run, &mut retry),
            };
            match next {
                Next::Again => {}
                Next::WaitFirst(wait) if self.stopped_within(wait) => return,
                Next::WaitFirst(_) => {}
                Next::Finish => return,
            }
        }
    }

    fn play_file(&self, path: &Path, run: u64) -> Next {
        if let Err(error) = check_file(path) {
            return self.fail(error);
        }
        let (end, tally) = self.run_pipeline(run);
        if tally.frames == 0 && self.falls_back(&end) {
            return Next::Again;
        }
        let reason = match end {
            RunEnd::Stopped => return Next::Finish,
            RunEnd::Silent { waited } => return self.fail(SourceError::Stalled { path: path.to_path_buf(), waited }),
            RunEnd::Frozen { .. } => unreachable!("a file is not watched for freezing"),
            RunEnd::Unbuildable { detail } => return self.fail(self.unbuildable(detail)),
            RunEnd::Told { heard, undecodable, .. } if tally.frames == 0 => {
                return self.fail(diagnosis::source_error(path, heard, undecodable.as_ref()));
            }
            RunEnd::Told { heard: Heard::StreamEnded, lasts, .. } => {
                self.missing_end(lasts).or_else(|| missing_bytes(path))
            }
            RunEnd::Told { heard, .. } => Some(diagnosis::breakage_text(heard)),
        };
        if let Some(reason) = &reason {
            tracing::warn!(path = %path.display(), frames = tally.frames, reason, "the video is cut short");
        }
        match self.config.repeat {
            Repeat::Forever => Next::Again,
            Repeat::Once => {
                let ending = reason.map_or(Ending::Whole, |reason| Ending::CutShort { reason });
                tracing::info!(path = %path.display(), frames = tally.frames, ?ending, "the video is over");
                self.shared.mailbox.put_last(Item::Ended(ending));
                Next::Finish
            }
        }
    }

    fn play_live(&self, url: &RtspUrl, run: u64, retry: &mut Retry) -> Next {
        let (end, tally) = self.run_pipeline(run);
        if tally.frames == 0 && self.falls_back(&end) {
            return Next::Again;
        }
        let reason = match end {
            RunEnd::Stopped => return Next::Finish,
            RunEnd::Unbuildable { detail } => return self.fail(self.unbuildable(detail)),
            RunEnd::Told { heard, .. } if heard.says_unconnected() => reach::why_unreachable(url, heard),
            RunEnd::Told { heard, undecodable, .. } => diagnosis::down_reason(url, heard, undecodable.as_ref()),
            RunEnd::Silent { waited } => DownReason::Silent { address: url.address(), waited },
            RunEnd::Frozen { silent_for } => DownReason::Frozen { silent_for },
        };
        let wait = retry.wait_after(&reason, tally.up_for());
        if self.shared.mailbox.put_down(reason.clone()) {
            tracing::warn!(camera = %url, %reason, retry_in = ?wait, "camera down");
        } else {
            tracing::debug!(camera = %url, %reason, retry_in = ?wait, "camera still down");
        }
        Next::WaitFirst(wait)
    }

    /// Plays once, from building the pipeline to taking it down.
    fn run_pipeline(&self, run: u64) -> (RunEnd, Tally) {
        let begun = Instant::now();
        let elapsed = begun.duration_since(self.shared.started);
        self.shared.clock.lock().unwrap_or_else(PoisonError::into_inner).begin_run(elapsed);
        self.shared.mailbox.begin_run();
        self.shared.decoders.begin_run();
        *self.shared.camera_clock.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let end = match Pipeline::start(&self.config, &self.shared, &self.inbox_sender, run) {
            Ok(pipeline) => {
                let end = self.watch(&pipeline, run, begun);
                // The decoding thread may wait for room in the mailbox; it must be let go before the pipeline stops.
                self.shared.mailbox.end_run();
                drop(pipeline);
                end
            }
            Err(error) => RunEnd::Unbuildable { detail: error.to_string() },
        };
        self.shared.mailbox.end_run();
        self.shared.ring.end();
        (end, self.shared.mailbox.tally())
    }

    /// Whether a run that gave not one frame ended so because of a hardware decoder which need not be used.
    fn falls_back(&self, end: &RunEnd) -> bool {
        let (reason, broke) = match end {
            RunEnd::Told { heard, undecodable, .. } => {
                let refused = undecodable.is_some() || matches!(heard, Heard::NoDecoder(_));
                (diagnosis::breakage_text(heard.clone()), if refused { Broke::Start } else { Broke::Later })
            }
            RunEnd::Silent { waited } => (format!("no frame within {waited:?}"), Broke::Later),
            RunEnd::Stopped | RunEnd::Frozen { .. } | RunEnd::Unbuildable { .. } => return false,
        };
        self.shared.decoders.gives_up_hardware(&reason, broke)
    }

    fn watch(&self, pipeline: &Pipeline, run: u64, begun: Instant) -> RunEnd {
        let mut undecodable = None;
        let mut suspected: Option<(Heard, Instant)> = None;
        loop {
            let mut patience = self.patience(begun);
            if let Some((heard, since)) = suspected.take_if(|_| self.shared.mailbox.tally().frames == 0) {
                match REPLACED_WITHIN.checked_sub(since.elapsed()) {
                    None => return RunEnd::Told { heard, undecodable, lasts: None },
                    Some(left) => patience = patience.at_most(left),
                }
                suspected = Some((heard, since));
            }
            let message = match patience {
                Patience::Endless => self.inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Patience::Until(wait) => self.inbox.recv_timeout(wait),
                Patience::Over(end) => return end,
            };
            match message {
                Ok(Inbox::Stop) | Err(RecvTimeoutError::Disconnected) => return RunEnd::Stopped,
                Ok(Inbox::Heard { run: old, .. } | Inbox::Suspected { run: old, .. }) if old != run => {}
                Ok(Inbox::Suspected { heard, .. }) => suspected = suspected.or(Some((heard, Instant::now()))),
                Ok(Inbox::Heard { heard: Heard::NoDecoder(format), .. }) => {
                    // Not the end yet: the file may have another stream that can be read.
                    undecodable = undecodable.filter(Format::is_visual).or(Some(format));
                }
                Ok(Inbox::Heard { heard, .. }) => {
                    let heard = if heard.says_no_stream() && !pipeline.offers_video() { Heard::NoVideo } else { heard };
                    return RunEnd::Told { heard, undecodable, lasts: pipeline.duration_of_pictures() };
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    fn patience(&self, begun: Instant) -> Patience {
        let Limits { no_frame, connect, .. } = self.config.limits;
        let now = Instant::now();
        match (self.shared.mailbox.tally().last_arrived(), &self.config.location) {
            (None, _) => match connect.checked_sub(now.duration_since(begun)).filter(|left| !left.is_zero()) {
                // A first frame does not wake this thread; no longer than this, or its last one is noticed too late.
                Some(left) => Patience::Until(left.min(no_frame)),
                None => Patience::Over(RunEnd::Silent { waited: connect }),
            },
            // A reader may be slow, and a file may show one picture for a minute.
            (Some(_), SourceLocation::File(_)) => Patience::Endless,
            (Some(last), SourceLocation::Rtsp(_)) => {
                let silent_for = now.duration_since(last);
                match no_frame.checked_sub(silent_for).filter(|left| !left.is_zero()) {
                    Some(left) => Patience::Until(left),
                    None => Patience::Over(RunEnd::Frozen { silent_for }),
                }
            }
        }
    }

    fn stopped_within(&self, wait: Duration) -> bool {
        let until = Instant::now() + wait;
        loop {
            match self.inbox.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(Inbox::Heard { .. } | Inbox::Suspected { .. }) => {}
                Ok(Inbox::Stop) | Err(RecvTimeoutError::Disconnected) => return true,
                Err(RecvTimeoutError::Timeout) => return false,
            }
        }
    }

    /// Says so where the pictures end well before the file says it does.
    fn missing_end(&self, lasts: Option<Duration>) -> Option<String> {
        let clock = self.shared.clock.lock().unwrap_or_else(PoisonError::into_inner);
        let pictures = clock.run_length();
        let lasts = clock.run_lasts().or(lasts).filter(|lasts| *lasts > pictures + MISSING_MAX)?;
        Some(format!("its pictures end after {:.1} s of {:.1} s", pictures.as_secs_f64(), lasts.as_secs_f64()))
    }

    fn unbuildable(&self, detail: String) -> SourceError {
        SourceError::Pipeline { location: self.config.location.to_string(), detail }
    }

    fn fail(&self, error: SourceError) -> Next {
        tracing::warn!(%error, "the source failed");
        self.shared.mailbox.put_last(Item::Failed(error));
        Next::Finish
    }
}

/// How long to wait for the pipeline to say something.
enum Patience {
    Endless,
    Until(Duration),
    Over(RunEnd),
}

impl Patience {
    fn at_most(self, wait: Duration) -> Self {
        match self {
            Self::Endless => Self::Until(wait),
            Self::Until(other) => Self::Until(other.min(wait)),
            Self::Over(end) => Self::Over(end),
        }
    }
}

fn missing_bytes(path: &Path) -> Option<String> {
    riff::cut_off(path).map(|(there, stated)| format!("the file has {there} of {stated} bytes"))
}

/// What can be known about a file without a pipeline.
fn check_file(path: &Path) -> Result<(), SourceError> {
    let path_buf = || path.to_path_buf();
    let metadata = fs::metadata(path).map_err(|source| {
        if source.kind() == io::ErrorKind::NotFound {
            SourceError::Missing { path: path_buf() }
        } else {
            SourceError::Unreadable { path: path_buf(), source }
        }
    })?;
    if metadata.is_dir() {
        return Err(SourceError::NotAFile { path: path_buf(), found: "a directory" });
    }
    if !metadata.is_file() {
        return Err(SourceError::NotAFile { path: path_buf(), found: "a device or pipe" });
    }
    if metadata.len() == 0 {
        return Err(SourceError::Empty { path: path_buf() });
    }
    fs::File::open(path).map(drop).map_err(|source| SourceError::Unreadable { path: path_buf(), source })
}
