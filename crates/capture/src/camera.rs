//! The handle of a running source.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use domain::Problems;
use gstreamer_video::VideoFrameExt;
use thiserror::Error;

use crate::clip::{self, ClipError, ClipHandle, ClipRequest};
use crate::decoding::{DecoderInUse, Decoders, Decoding, is_installed};
use crate::frame::{Decoded, Frame, FullFrame};
use crate::mailbox::{Item, Mailbox, Policy};
use crate::media_clock::{MediaClock, TimeBase};
use crate::ring::{Kept, Ring};
use crate::scaler::Scaler;
use crate::session::{INBOX_MAX, Inbox, Session};
use crate::{Decodes, DownReason, Happened, Pacing, SourceConfig, SourceError, SourceLocation, library};

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
    /// The hardware decoder that the configuration names is not there.
    #[error("no {wanted} decoder for H.264 or H.265 is there; it needs {needs}; or set decoding to auto or software")]
    DecodingMissing {
        /// What the configuration names.
        wanted: Decoding,
        /// What it needs.
        needs: &'static str,
    },
    /// The system gives no thread.
    #[error("cannot start the camera's thread")]
    Thread(#[source] io::Error),
}

/// A running source. Dropping it stops its pipeline and its thread.
pub struct Camera {
    location: SourceLocation,
    decodes: Decodes,
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
    pub(crate) ring: Arc<Ring>,
    pub(crate) decoders: Decoders,
    /// Whether what comes is decoded.
    pub(crate) reading: AtomicBool,
    /// How far the camera's own clock is ahead of media time, in microseconds, where it has told.
    pub(crate) camera_clock: Mutex<Option<i64>>,
}

/// Whether a source that is decoded only while reading is decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// It is, from the last key frame that is kept.
    On,
    /// It is not.
    Off,
}

/// What happened to a source of which only full frames are wanted.
#[derive(Debug)]
pub(crate) enum ReadItem {
    Up,
    Frame(FullFrame),
    Down(DownReason),
    Failed(SourceError),
}

impl Camera {
    /// Starts to read a source.
    pub fn start(config: SourceConfig) -> Result<Self, StartError> {
        config.check().map_err(StartError::Config)?;
        library::start()?;
        if !is_installed(config.decoding) {
            return Err(StartError::DecodingMissing { wanted: config.decoding, needs: config.decoding.needs() });
        }
        let policy = match (config.pacing, config.decodes) {
            (Pacing::Live, Decodes::WhileReading) => Policy::NewestFew,
            (Pacing::Live | Pacing::Realtime, Decodes::Always | Decodes::WhileReading) => Policy::NewestWins,
            (Pacing::Lossless, Decodes::Always | Decodes::WhileReading) => Policy::EveryFrame,
        };
        let time_base = match config.location {
            SourceLocation::File(_) => TimeBase::Stream,
            SourceLocation::Rtsp(_) => TimeBase::Elapsed,
        };
        let shared = Arc::new(Shared {
            started: Instant::now(),
            mailbox: Mailbox::new(policy),
            clock: Mutex::new(MediaClock::new(time_base)),
            ring: Arc::new(Ring::new(config.keep)),
            decoders: Decoders::new(config.decoding),
            reading: AtomicBool::new(config.decodes == Decodes::Always),
            camera_clock: Mutex::default(),
        });
        let (location, scaled, decodes) = (config.location.clone(), config.scaled, config.decodes);
        let (sender, inbox) = sync_channel(INBOX_MAX);
        let session = Session { config, shared: Arc::clone(&shared), inbox, inbox_sender: sender.clone() };
        let span = tracing::Span::current();
        let thread = thread::Builder::new()
            .name("capture".to_owned())
            .spawn(move || span.in_scope(|| session.run()))
            .map_err(StartError::Thread)?;
        let scaler = Mutex::new(Scaler::new(scaled));
        Ok(Self { location, decodes, shared, scaler, inbox: sender, thread: Some(thread) })
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

    /// Whether the source is decoded, where [`Decodes::WhileReading`] leaves that open.
    pub fn set_reading(&self, reading: Reading) {
        if self.decodes == Decodes::WhileReading {
            self.shared.reading.store(reading == Reading::On, Ordering::Release);
            if reading == Reading::Off {
                self.shared.mailbox.forget_frames();
            }
        }
    }

    /// As [`Camera::next`], without scaling.
    pub(crate) fn next_read(&self, timeout: Duration) -> Option<ReadItem> {
        Some(match self.shared.mailbox.take(timeout)? {
            Item::Up => ReadItem::Up,
            Item::Frame(decoded) => match FullFrame::new(decoded) {
                Ok(frame) => ReadItem::Frame(frame),
                Err(error) => {
                    self.end();
                    let location = self.location.to_string();
                    ReadItem::Failed(SourceError::Pipeline { location, detail: error.to_string() })
                }
            },
            Item::Down(reason) => ReadItem::Down(reason),
            // Only files end, and none is decoded while reading only.
            Item::Ended(_) => ReadItem::Down(DownReason::StreamEnded),
            Item::Failed(error) => ReadItem::Failed(error),
        })
    }

    /// When media time was zero, near enough, for a live source.
    pub(crate) fn started(&self) -> Instant {
        self.shared.started
    }

    /// How far the camera's own clock is ahead of media time, in microseconds, where it has told.
    pub(crate) fn camera_clock(&self) -> Option<i64> {
        *self.shared.camera_clock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to make a clip: once the stream has reached its end, it is written by a thread of its own. Clips may
    /// overlap; one that is in the making when the camera is stopped gets what there is.
    pub fn clip(&self, request: ClipRequest) -> Result<ClipHandle, ClipError> {
        clip::begin(&self.shared.ring, request)
    }

    /// What is kept of the compressed stream at this moment.
    pub fn kept(&self) -> Kept {
        self.shared.ring.kept()
    }

    /// The decoder of the last run that gave a frame; `None` before the first frame, and for video that is not compressed.
    pub fn decoder(&self) -> Option<DecoderInUse> {
        self.shared.decoders.in_use()
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
        self.shared.ring.stop();
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
