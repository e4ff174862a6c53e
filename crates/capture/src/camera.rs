//! The handle of a running source.

use std::fmt;
use std::io;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use domain::Problems;
use gstreamer_video::VideoFrameExt;
use thiserror::Error;

use crate::frame::{Decoded, Frame};
use crate::mailbox::{Item, Mailbox, Policy};
use crate::media_clock::{MediaClock, TimeBase};
use crate::scaler::Scaler;
use crate::session::{INBOX_MAX, Inbox, Session};
use crate::{Happened, Pacing, SourceConfig, SourceError, SourceLocation, library};

/// Why a camera could not be started. A source that is missing or broken is not such a reason: that comes as
/// [`Happened::Failed`] or [`Happened::Down`].
#[derive(Debug, Error)]
pub enum StartError {
    /// The configuration is wrong.
    #[error("the source's configuration is wrong")]
    Config(#[source] Problems),
    /// GStreamer does not start.
    #[error("cannot start GStreamer")]
    Library(#[source] gstreamer::glib::Error),
    /// A part of GStreamer that every source needs is not installed.
    #[error("GStreamer's element {element} is not installed; install the Debian package {package}")]
    ElementMissing {
        /// GStreamer's name of it.
        element: &'static str,
        /// The package that brings it.
        package: &'static str,
    },
    /// The system gives no thread.
    #[error("cannot start the camera's thread")]
    Thread(#[source] io::Error),
}

/// A running source. Dropping it stops its pipeline and its thread.
pub struct Camera {
    location: SourceLocation,
    shared: Arc<Shared>,
    scaler: Mutex<Scaler>,
    inbox: SyncSender<Inbox>,
    thread: Option<JoinHandle<()>>,
}

/// What the camera's thread, the decoding thread and the reader share.
pub(crate) struct Shared {
    pub(crate) started: Instant,
    pub(crate) mailbox: Mailbox,
    pub(crate) clock: Mutex<MediaClock>,
}

impl Camera {
    /// Starts to read a source.
    pub fn start(config: SourceConfig) -> Result<Self, StartError> {
        config.check().map_err(StartError::Config)?;
        library::start()?;
        let policy = match config.pacing {
            Pacing::Live | Pacing::Realtime => Policy::NewestWins,
            Pacing::Lossless => Policy::EveryFrame,
        };
        let time_base = match config.location {
            SourceLocation::File(_) => TimeBase::Stream,
            SourceLocation::Rtsp(_) => TimeBase::Elapsed,
        };
        let shared = Arc::new(Shared {
            started: Instant::now(),
            mailbox: Mailbox::new(policy),
            clock: Mutex::new(MediaClock::new(time_base)),
        });
        let (location, scaled) = (config.location.clone(), config.scaled);
        let (sender, inbox) = sync_channel(INBOX_MAX);
        let session = Session { config, shared: Arc::clone(&shared), inbox, inbox_sender: sender.clone() };
        let span = tracing::Span::current();
        let thread = thread::Builder::new()
            .name("capture".to_owned())
            .spawn(move || span.in_scope(|| session.run()))
            .map_err(StartError::Thread)?;
        let scaler = Mutex::new(Scaler::new(scaled));
        Ok(Self { location, shared, scaler, inbox: sender, thread: Some(thread) })
    }

    /// The next thing that happened; waits up to `timeout` for it. `None` says that nothing did, as it is always after
    /// [`Happened::Ended`] and [`Happened::Failed`].
    ///
    /// The reader's thread scales the frame.
    pub fn next(&self, timeout: Duration) -> Option<Happened> {
        Some(match self.shared.mailbox.take(timeout)? {
            Item::Up => Happened::Up,
            Item::Frame(decoded) => self.scaled(decoded),
            Item::Down(reason) => Happened::Down(reason),
            Item::Ended(ending) => Happened::Ended(ending),
            Item::Failed(error) => Happened::Failed(error),
        })
    }

    /// Stops the pipeline and waits for its thread to end.
    pub fn stop(self) {
        drop(self);
    }

    fn scaled(&self, decoded: Decoded) -> Happened {
        let (width, height) = (decoded.full.width(), decoded.full.height());
        let scaled = self.scaler.lock().unwrap_or_else(PoisonError::into_inner).scale(&decoded.full);
        let framed = scaled.and_then(|scaled| Frame::new(decoded, scaled).map_err(|error| error.to_string()));
        match framed {
            Ok(frame) => Happened::Frame(frame),
            Err(detail) => {
                self.end();
                Happened::Failed(SourceError::Scaling { location: self.location.to_string(), width, height, detail })
            }
        }
    }

    /// Tells all threads that nobody wants frames any more.
    fn end(&self) {
        self.shared.mailbox.close();
        // An error says that the thread is over already.
        let _over = self.inbox.send(Inbox::Stop);
    }
}

impl Drop for Camera {
    fn drop(&mut self) {
        self.end();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!(location = %self.location, "the camera's thread panicked");
        }
    }
}

impl fmt::Debug for Camera {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Camera({})", self.location)
    }
}
