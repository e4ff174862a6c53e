//! A camera with two streams: the small one to find things in, the large one to read them.
//!
//! The small stream is decoded all the time. The large one is received and kept compressed, and decoded only while
//! somebody wants to read ([`CameraPair::set_reading`]); decoding then begins at the last key frame that is kept, so that
//! the first pictures are there as soon as they are decoded, not at the next key frame. That costs the memory of
//! [`Keep`](crate::Keep) and, at each beginning, the decoding of what has come since that key frame.
//!
//! Which pictures of the two streams belong together is told by the camera's own clock where it sends reports of it,
//! else by when they came; then the difference between the delays of the two streams is an unknown error of up to some
//! hundred milliseconds, and [`Near::paired_by`] says so.
//!
//! ```no_run
//! # use std::time::Duration;
//! # use capture::{CameraPair, Happened, PairHappened, Reading, ScaledSize, SourceConfig};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let detect = SourceConfig::new("rtsp://10.0.0.7/sub".parse()?, ScaledSize::Within { width: 640, height: 640 });
//! let read = SourceConfig::new("rtsp://10.0.0.7/main".parse()?, ScaledSize::Within { width: 640, height: 640 });
//! let pair = CameraPair::start(detect, read)?;
//! while let Some(happened) = pair.next(Duration::from_secs(1)) {
//!     if let PairHappened::Detect(Happened::Frame(frame)) = happened {
//!         // Somebody is in view:
//!         pair.set_reading(Reading::On);
//!         if let Some(near) = pair.near(&frame, Duration::from_millis(60)) {
//!             let (_picture, _off) = (near.frame.full(), near.later_by_micros);
//!         }
//!     }
//! }
//! # Ok(())
//! # }
//! ```

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::camera::ReadItem;
use crate::frame::FullFrame;
use crate::{
    Camera, ClipError, ClipHandle, ClipRequest, Decodes, DownReason, Frame, Happened, Keep, Reading, SourceConfig,
    SourceError, StartError,
};

/// Large pictures that are kept for a small one that needs them. When there are so many, the oldest goes.
pub const FULL_FRAMES_MAX: usize = 6;
/// News of the large stream that wait for [`CameraPair::next`]. When there are so many, the oldest goes.
pub const READ_NEWS_MAX: usize = 16;
/// A picture further away than this shows another moment and is not given.
pub const NEAR_MAX: Duration = Duration::from_millis(500);
/// Where the two clocks of a camera and the times of arrival disagree by more, the clocks are not one.
const CLOCKS_APART_MAX: Duration = Duration::from_secs(2);

/// A camera's two streams.
pub struct CameraPair {
    detect: Camera,
    read: Camera,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Oldest first.
    recent: VecDeque<Arc<FullFrame>>,
    news: VecDeque<ReadNews>,
}

/// What happened to one of the streams.
#[derive(Debug)]
pub enum PairHappened {
    /// To the small one, whose frames these are.
    Detect(Happened),
    /// To the large one.
    Read(ReadNews),
}

/// What happened to the large stream.
#[derive(Debug)]
pub enum ReadNews {
    /// It can be read.
    Up,
    /// It went away or could not be reached; it is tried again.
    Down(DownReason),
    /// It cannot go on.
    Failed(SourceError),
}

/// By what two pictures were brought together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PairedBy {
    /// The camera's clock.
    SenderReports,
    /// When they came.
    Arrival,
}

/// The large picture nearest to a small one.
#[derive(Debug, Clone)]
pub struct Near {
    /// The picture; its media time is that of the large stream.
    pub frame: Arc<FullFrame>,
    /// How much later it was taken than the small one, in microseconds; negative where it was earlier.
    pub later_by_micros: i64,
    /// By what that is known.
    pub paired_by: PairedBy,
}

impl CameraPair {
    /// Starts both streams. The large one is set to be decoded only while it is read, and to be kept by [`Keep::default`]
    /// unless it says otherwise.
    pub fn start(detect: SourceConfig, read: SourceConfig) -> Result<Self, StartError> {
        let read = SourceConfig { decodes: Decodes::WhileReading, keep: read.keep.or(Some(Keep::default())), ..read };
        let (detect, read) = (Camera::start(detect)?, Camera::start(read)?);
        Ok(Self { detect, read, state: Mutex::default() })
    }

    /// The next thing that happened to either stream; waits up to `timeout` for one of the small stream.
    pub fn next(&self, timeout: Duration) -> Option<PairHappened> {
        {
            let mut state = self.lock();
            while let Some(item) = self.read.next_read(Duration::ZERO) {
                state.take(item);
            }
            if let Some(news) = state.news.pop_front() {
                return Some(PairHappened::Read(news));
            }
        }
        self.detect.next(timeout).map(PairHappened::Detect)
    }

    /// Whether the large stream is decoded.
    pub fn set_reading(&self, reading: Reading) {
        self.read.set_reading(reading);
        if reading == Reading::Off {
            self.lock().recent.clear();
        }
    }

    /// The picture of the large stream nearest to `frame` of the small one, which may have to be waited for, up to
    /// `wait`. `None` where there is none within [`NEAR_MAX`], as always while nobody reads.
    pub fn near(&self, frame: &Frame, wait: Duration) -> Option<Near> {
        let until = Instant::now() + wait;
        let mut state = self.lock();
        loop {
            while let Some(item) = self.read.next_read(Duration::ZERO) {
                state.take(item);
            }
            let newest = state.recent.back().map(|full| self.later_by(full, frame).0);
            let left = until.saturating_duration_since(Instant::now());
            if newest.is_some_and(|later_by| later_by >= 0) || left.is_zero() {
                break;
            }
            match self.read.next_read(left) {
                Some(item) => state.take(item),
                None => break,
            }
        }
        let all = state.recent.iter().map(|full| (self.later_by(full, frame), full));
        let ((later_by_micros, paired_by), full) = all.min_by_key(|((later_by, _), _)| later_by.unsigned_abs())?;
        let near = u128::from(later_by_micros.unsigned_abs()) <= NEAR_MAX.as_micros();
        near.then(|| Near { frame: Arc::clone(full), later_by_micros, paired_by })
    }

    /// A clip of the large stream around a frame of the small one.
    pub fn clip(
        &self,
        frame: &Frame,
        around: impl FnOnce(domain::MediaTime) -> ClipRequest,
    ) -> Result<ClipHandle, ClipError> {
        self.clip_at(frame.media, around)
    }

    /// A clip of the large stream around a moment of the small one, which may be over already.
    pub fn clip_at(
        &self,
        media: domain::MediaTime,
        around: impl FnOnce(domain::MediaTime) -> ClipRequest,
    ) -> Result<ClipHandle, ClipError> {
        let (at, offset, _) = self.on_read_stream(media);
        self.read.clip(around(domain::MediaTime::from_micros(u64::try_from(at - offset).unwrap_or(0))))
    }

    /// The small stream.
    pub fn detect(&self) -> &Camera {
        &self.detect
    }

    /// The large stream. Its frames are taken by the pair; what else it knows can be asked.
    pub fn read(&self) -> &Camera {
        &self.read
    }

    fn later_by(&self, full: &FullFrame, frame: &Frame) -> (i64, PairedBy) {
        let (at, offset, paired_by) = self.on_read_stream(frame.media);
        (micros(full.media) + offset - at, paired_by)
    }

    /// When a small picture was taken, and what has to be added to media time of the large stream to compare.
    fn on_read_stream(&self, media: domain::MediaTime) -> (i64, i64, PairedBy) {
        let at = micros(media);
        let arrival = since(self.read.started(), self.detect.started());
        let (detect, read) = (self.detect.camera_clock(), self.read.camera_clock());
        match detect.zip(read).map(|(detect, read)| read - detect) {
            Some(offset) if u128::from((offset - arrival).unsigned_abs()) <= CLOCKS_APART_MAX.as_micros() => {
                (at, offset, PairedBy::SenderReports)
            }
            Some(_) | None => (at, arrival, PairedBy::Arrival),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take(&mut self, item: ReadItem) {
        let news = match item {
            ReadItem::Frame(full) => {
                if self.recent.len() >= FULL_FRAMES_MAX {
                    self.recent.pop_front();
                }
                self.recent.push_back(Arc::new(full));
                return;
            }
            ReadItem::Up => ReadNews::Up,
            ReadItem::Down(reason) => ReadNews::Down(reason),
            ReadItem::Failed(error) => ReadNews::Failed(error),
        };
        if self.news.len() >= READ_NEWS_MAX {
            self.news.pop_front();
        }
        self.news.push_back(news);
    }
}

fn micros(media: domain::MediaTime) -> i64 {
    i64::try_from(media.as_micros()).unwrap_or(i64::MAX)
}

/// Microseconds from `earlier` to `later`, negative where it is the other way round.
fn since(later: Instant, earlier: Instant) -> i64 {
    let micros = |time: Duration| i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
    if later >= earlier { micros(later.duration_since(earlier)) } else { -micros(earlier.duration_since(later)) }
}

impl fmt::Debug for CameraPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CameraPair({:?}, {:?})", self.detect, self.read)
    }
}
