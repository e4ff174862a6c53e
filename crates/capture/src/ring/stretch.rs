//! A part of a stream without interruption and in one format.

use std::collections::VecDeque;
use std::time::Duration;

use domain::MediaTime;
use gstreamer as gst;

use crate::clip::{Codec, CutReason};

/// What a picture that says nothing of its length counts for: 25 a second.
const LASTS_DEFAULT: Duration = Duration::from_millis(40);
/// What a unit counts for beside its bytes: the library's description of the buffer and its memories.
const UNIT_OVERHEAD_BYTES: usize = 512;
/// How far the stamps of pictures may go back within a stream; it is no more than the reordering of a few pictures.
const BACK_MAX: Duration = Duration::from_secs(2);
/// A longer gap between two pictures is an interruption.
const AHEAD_MAX: Duration = Duration::from_secs(10);

/// One compressed picture.
#[derive(Debug, Clone)]
pub(crate) struct Unit {
    pub(crate) buffer: gst::Buffer,
    /// Its presentation time since the start of this run of the pipeline.
    pub(crate) running: Duration,
    /// The same as the frames' media time.
    pub(crate) media: MediaTime,
    /// Whether decoding may begin with it.
    pub(crate) key: bool,
}

impl Unit {
    /// How long it is shown.
    pub(crate) fn lasts(&self) -> Duration {
        self.buffer.duration().map(Duration::from).filter(|lasts| !lasts.is_zero()).unwrap_or(LASTS_DEFAULT)
    }

    /// Bytes of its content.
    pub(crate) fn bytes(&self) -> usize {
        self.buffer.size()
    }

    fn weight(&self) -> usize {
        self.bytes() + UNIT_OVERHEAD_BYTES
    }
}

/// How the pictures of a stretch are compressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StreamFormat {
    pub(crate) codec: Codec,
    pub(crate) caps: gst::Caps,
}

#[derive(Debug)]
pub(crate) struct Stretch {
    format: StreamFormat,
    /// In the order of decoding; the first is a key frame.
    units: VecDeque<Unit>,
    bytes: usize,
    /// The latest picture so far: for `is_broken_by` even when it is no longer kept.
    latest: Option<(Duration, MediaTime)>,
    reorders: bool,
    /// Whether something of its beginning was forgotten.
    shortened: bool,
    closed: Option<CutReason>,
}

impl Stretch {
    pub(crate) fn new(format: StreamFormat) -> Self {
        Self { format, units: VecDeque::new(), bytes: 0, latest: None, reorders: false, shortened: false, closed: None }
    }

    pub(crate) fn format(&self) -> &StreamFormat {
        &self.format
    }

    pub(crate) fn len(&self) -> usize {
        self.units.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn units(&self) -> impl Iterator<Item = &Unit> {
        self.units.iter()
    }

    /// Whether pictures are decoded in another order than shown.
    pub(crate) fn reorders(&self) -> bool {
        self.reorders
    }

    /// Whether something of its beginning was forgotten.
    pub(crate) fn shortened(&self) -> bool {
        self.shortened
    }

    pub(crate) fn closed(&self) -> Option<CutReason> {
        self.closed
    }

    pub(crate) fn close(&mut self, why: CutReason) {
        self.closed = Some(why);
    }

    pub(crate) fn oldest(&self) -> Option<MediaTime> {
        self.units.front().map(|unit| unit.media)
    }

    pub(crate) fn newest(&self) -> Option<MediaTime> {
        self.latest.filter(|_| !self.units.is_empty()).map(|(_, media)| media)
    }

    /// Whether `unit` cannot follow what was before: the camera's clock was set, or much is missing.
    pub(crate) fn is_broken_by(&self, unit: &Unit) -> bool {
        self.latest.is_some_and(|(latest, _)| {
            unit.running.saturating_add(BACK_MAX) < latest || unit.running > latest.saturating_add(AHEAD_MAX)
        })
    }

    pub(crate) fn put(&mut self, unit: Unit) {
        let (running, media) = self.latest.unwrap_or((unit.running, unit.media));
        self.reorders |= unit.running < running;
        self.latest = Some((running.max(unit.running), media.max(unit.media)));
        if unit.key || !self.units.is_empty() {
            self.bytes += unit.weight();
            self.units.push_back(unit);
        } else {
            self.shortened = true;
        }
    }

    /// When what would be left begins, were the oldest group forgotten; `None` where nothing would be left.
    pub(crate) fn rest_begins(&self) -> Option<MediaTime> {
        self.units.iter().skip(1).find(|unit| unit.key).map(|unit| unit.media)
    }

    /// Forgets the oldest group of pictures and says how many bytes that were.
    pub(crate) fn forget_group(&mut self) -> usize {
        let before = self.bytes;
        while let Some(unit) = self.units.pop_front() {
            self.bytes -= unit.weight();
            self.shortened = true;
            if self.units.front().is_none_or(|next| next.key) {
                break;
            }
        }
        before - self.bytes
    }

    pub(crate) fn since_key_frame(&self) -> Vec<Unit> {
        let from = self.units.iter().rposition(|unit| unit.key).unwrap_or(self.units.len());
        self.units.range(from..).cloned().collect()
    }

    /// How much of the time from `from` to `to` it has, or will have where it goes on.
    pub(crate) fn holds_of(&self, from: MediaTime, to: MediaTime) -> Duration {
        let Some((oldest, newest)) = self.oldest().zip(self.newest()) else { return Duration::ZERO };
        let until = if self.closed.is_some() { to.min(newest + LASTS_DEFAULT) } else { to };
        until.since(from.max(oldest))
    }
}
