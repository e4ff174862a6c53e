//! Clips: a part of a camera's compressed stream in an MP4 file, not encoded again.
//!
//! ```no_run
//! # use std::time::Duration;
//! # use capture::{Camera, ClipRequest, Happened, Keep, ScaledSize, SourceConfig};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let size = ScaledSize::Within { width: 640, height: 640 };
//! let mut config = SourceConfig::new("rtsp://10.0.0.7/main".parse()?, size);
//! config.keep = Some(Keep { duration: Duration::from_secs(15), ..Keep::default() });
//! let camera = Camera::start(config)?;
//! if let Some(Happened::Frame(frame)) = camera.next(Duration::from_secs(1)) {
//!     // Something happened at `frame.media`: from five seconds before to five seconds after it.
//!     let (before, after) = (Duration::from_secs(5), Duration::from_secs(5));
//!     let clip = camera.clip(ClipRequest::around(frame.media, before, after, "/var/lib/spool/7.mp4".into()))?;
//!     // The reader goes on with its frames; later:
//!     if let Some(clip) = clip.wait(Duration::from_secs(60)) {
//!         println!("{} bytes", clip?.bytes);
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Begin at start of a program with [`remove_leftovers`] in the folder of clips: what a killed process was writing lies
//! there under its temporary name.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use domain::MediaTime;
use thiserror::Error;

use crate::ring::{Gathered, Ring, Ticket};

mod mux;

/// Clips of one camera that may be gathered or written at once. One more is refused with
/// [`ClipError::TooManyAtOnce`].
pub const CLIPS_MAX: usize = 8;
/// The longest clip that may be asked for.
pub const CLIP_DURATION_MAX: Duration = Duration::from_secs(120);
/// The most bytes of pictures in a clip; with its index the file stays below 16 MiB. A clip that would be larger ends
/// there and says [`CutReason::TooLarge`].
pub const CLIP_BYTES_MAX: usize = 16 * 1024 * 1024 - 512 * 1024;
/// What an unfinished clip is called: its path with this after it.
pub const UNFINISHED_SUFFIX: &str = ".unfinished";
/// How much longer than to its end a clip is waited for where the request says nothing else.
const PATIENCE_DEFAULT: Duration = Duration::from_secs(10);

/// How a stream is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codec {
    /// H.264, also called AVC.
    H264,
    /// H.265, also called HEVC.
    H265,
}

/// A clip that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClipRequest {
    /// Where it should begin, in media time of the camera. It begins with the last key frame at or before.
    pub from: MediaTime,
    /// Where it should end; may lie ahead.
    pub to: MediaTime,
    /// Where to put it. Another file there is replaced once the clip is complete and on disk.
    pub path: PathBuf,
    /// How long to wait for the stream to reach the end; then the clip gets what there is.
    pub patience: Duration,
}

impl ClipRequest {
    /// From `before` an event to `after` it, and ten seconds more of patience.
    pub fn around(event: MediaTime, before: Duration, after: Duration, path: PathBuf) -> Self {
        let before = u64::try_from(before.as_micros()).unwrap_or(u64::MAX);
        let from = MediaTime::from_micros(event.as_micros().saturating_sub(before));
        Self { from, to: event + after, path, patience: after.saturating_add(PATIENCE_DEFAULT) }
    }
}

/// Whether a clip has all that was asked for at one of its ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClipEdge {
    /// It has.
    Whole,
    /// It has not.
    Cut {
        /// How much is missing.
        missing: Duration,
        /// Why.
        why: CutReason,
    },
}

/// Why a part of a clip is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CutReason {
    /// It is longer ago than what is kept.
    NotKept,
    /// There was no stream then, or it was another connection or format: a clip never goes across an interruption.
    NoStream,
    /// The stream did not get that far in time.
    Deadline,
    /// [`CLIP_BYTES_MAX`] was reached.
    TooLarge,
    /// The camera was stopped.
    Stopped,
}

/// A clip that is complete and on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clip {
    /// Where it lies.
    pub path: PathBuf,
    /// Media time of its first picture.
    pub first: MediaTime,
    /// Media time of its last picture.
    pub last: MediaTime,
    /// Pictures.
    pub frames: usize,
    /// Bytes of the file.
    pub bytes: u64,
    /// Hash of the file.
    pub sha256: [u8; 32],
    /// How its pictures are compressed.
    pub codec: Codec,
    /// Whether its beginning is what was asked for.
    pub begins: ClipEdge,
    /// Whether its end is what was asked for.
    pub ends: ClipEdge,
}

/// Why there is no clip.
#[derive(Debug, Error)]
pub enum ClipError {
    /// The configuration keeps no stream.
    #[error("no clip can be cut: the camera's stream is not kept; set `keep` in the source's configuration")]
    NothingKept,
    /// Every picture of such a stream stands alone, or was never compressed.
    #[error("no clip can be cut from {what} without encoding it again; set the camera to H.264 or H.265 to get clips")]
    NoCompressedStream {
        /// What the camera sends.
        what: String,
    },
    /// So many are being made already.
    #[error("{CLIPS_MAX} clips of this camera are being made already; wait for one of them")]
    TooManyAtOnce,
    /// The times make no clip.
    #[error(
        "a clip from {} s to {} s cannot be cut; accepted are clips that end after they begin and last at most \
         {CLIP_DURATION_MAX:?}", from.as_secs_f64(), to.as_secs_f64()
    )]
    BadTimes {
        /// Where it should begin.
        from: MediaTime,
        /// Where it should end.
        to: MediaTime,
    },
    /// The path has no file name.
    #[error("cannot write clip \"{path}\": the path names no file")]
    BadPath {
        /// The path given.
        path: PathBuf,
    },
    /// No picture of that time is there.
    #[error(
        "nothing is kept of the time from {} s to {} s: the camera gave no picture, or it is too long ago",
        from.as_secs_f64(), to.as_secs_f64()
    )]
    Nothing {
        /// Where it should begin.
        from: MediaTime,
        /// Where it should end.
        to: MediaTime,
    },
    /// The file system refused: full, read-only, gone.
    #[error("cannot write clip \"{path}\"")]
    Write {
        /// Where it should lie.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// An element of GStreamer that writes clips is not installed.
    #[error("clips need GStreamer's element {element}; install the Debian package {package}")]
    ElementMissing {
        /// GStreamer's name of it.
        element: &'static str,
        /// The package that brings it.
        package: &'static str,
    },
    /// GStreamer could not make a file of it.
    #[error("cannot make clip \"{path}\": {detail}")]
    Mux {
        /// Where it should lie.
        path: PathBuf,
        /// What the library said.
        detail: String,
    },
    /// The system gives no thread.
    #[error("cannot start the clip's thread")]
    Thread(#[source] io::Error),
    /// The thread that made it ended without a result, which is a bug.
    #[error("the thread that made the clip ended without a result")]
    Lost,
}

/// A clip in the making. Dropping this does not stop it.
#[derive(Debug)]
pub struct ClipHandle(Receiver<Result<Clip, ClipError>>);

impl ClipHandle {
    /// The clip once it is complete and on disk; waits up to `timeout` for that, and `None` says that it is not yet.
    /// Tells the result once.
    pub fn wait(&self, timeout: Duration) -> Option<Result<Clip, ClipError>> {
        match self.0.recv_timeout(timeout) {
            Ok(result) => Some(result),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Err(ClipError::Lost)),
        }
    }
}

/// Removes what a process that was killed left of clips in `folder`, and says how many files that were. To be called
/// while no clip is being written there.
pub fn remove_leftovers(folder: &Path) -> io::Result<usize> {
    let mut removed = 0;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == UNFINISHED_SUFFIX.trim_start_matches('.')) {
            fs::remove_file(&path)?;
            removed += 1;
        }
    }
    Ok(removed)
}

/// Begins to make a clip of what `ring` holds and gets.
pub(crate) fn begin(ring: &Arc<Ring>, request: ClipRequest) -> Result<ClipHandle, ClipError> {
    let ClipRequest { from, to, path, .. } = &request;
    if to <= from || to.since(*from) > CLIP_DURATION_MAX {
        return Err(ClipError::BadTimes { from: *from, to: *to });
    }
    if path.file_name().is_none_or(OsStr::is_empty) {
        return Err(ClipError::BadPath { path: path.clone() });
    }
    mux::check_installed()?;
    let ticket = ring.gather(*from, *to)?;
    let (sender, result) = sync_channel(1);
    let ring = Arc::clone(ring);
    let span = tracing::Span::current();
    let work = move || {
        let made = span.in_scope(|| make(&ring, ticket, request));
        // Nobody may want to know.
        let _unheard = sender.send(made);
    };
    thread::Builder::new().name("clip".to_owned()).spawn(work).map_err(ClipError::Thread)?;
    Ok(ClipHandle(result))
}

/// Waits for the clip's units and writes them. The place among the clips at once is kept until then.
fn make(ring: &Ring, ticket: Ticket, request: ClipRequest) -> Result<Clip, ClipError> {
    let ClipRequest { from, to, path, patience } = request;
    let (gathered, _place) = ring.wait(ticket, patience);
    let Some(Gathered { format: Some(format), units, begins, ends }) = gathered else {
        return Err(ClipError::Nothing { from, to });
    };
    let first = units.iter().map(|unit| unit.media).min().unwrap_or(from);
    let last = units.iter().map(|unit| unit.media).max().unwrap_or(to);
    let written = mux::write(&path, &format, &units)?;
    tracing::debug!(path = %path.display(), bytes = written.bytes, ?begins, ?ends, "clip written");
    let (frames, codec) = (units.len(), format.codec);
    let mux::Written { bytes, sha256 } = written;
    Ok(Clip { path, first, last, frames, bytes, sha256, codec, begins, ends })
}
