//! The last seconds of a camera's compressed stream, so that a clip can begin before the event that asked for it.
//!
//! Holds references to the buffers that go to the decoder, never copies. What is kept is divided into [`Stretch`]es, each
//! of one connection and one format, and begins with a key frame wherever it is looked at.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::{MediaTime, Problems};

use crate::clip::{CLIPS_MAX, ClipError, CutReason};
pub(crate) use crate::ring::gathering::{Gathered, Gathering};
pub(crate) use crate::ring::stretch::{StreamFormat, Stretch, Unit};

mod gathering;
mod stretch;

/// The longest time that may be kept.
pub const KEPT_DURATION_MAX: Duration = Duration::from_secs(300);
/// The most bytes that may be kept for one camera.
pub const KEPT_BYTES_MAX: usize = 512 * 1024 * 1024;
/// Interruptions within the time kept that are told apart. What lies before the oldest of them is forgotten.
pub const STRETCHES_MAX: usize = 8;

/// How much of a camera's compressed stream is kept for clips.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// How far back, at least, as long as `bytes_max` suffices; at most by one group of pictures further. 20 s unless
    /// told, at most [`KEPT_DURATION_MAX`].
    pub duration: Duration,
    /// At most so many bytes; the oldest group of pictures goes first, and a group that is too large by itself is
    /// forgotten whole. 32 MiB unless told, which is 60 s at 4 Mbit/s; at most [`KEPT_BYTES_MAX`].
    pub bytes_max: usize,
}

impl Default for Keep {
    fn default() -> Self {
        Self { duration: Duration::from_secs(20), bytes_max: 32 * 1024 * 1024 }
    }
}

impl Keep {
    pub(crate) fn check(self, problems: &mut Problems) {
        if self.duration.is_zero() || self.duration > KEPT_DURATION_MAX {
            let message = format!("{:?}; accepted are more than zero and at most {KEPT_DURATION_MAX:?}", self.duration);
            problems.note("keep.duration", message);
        }
        if !(1..=KEPT_BYTES_MAX).contains(&self.bytes_max) {
            problems.note("keep.bytes_max", format!("{}; accepted are 1 to {KEPT_BYTES_MAX}", self.bytes_max));
        }
    }
}

/// What is kept of a camera's compressed stream at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Kept {
    /// Pictures.
    pub units: usize,
    /// Bytes, what belongs to the bookkeeping included.
    pub bytes: usize,
    /// From the oldest to the newest picture, interruptions included.
    pub span: Duration,
}

#[derive(Debug)]
pub(crate) struct Ring {
    keep: Option<Keep>,
    state: Mutex<State>,
    /// Clips that are being gathered or written.
    clips: AtomicUsize,
}

#[derive(Debug, Default)]
struct State {
    /// Oldest first; only the last may be open.
    stretches: VecDeque<Stretch>,
    gatherings: Vec<(u64, Gathering)>,
    gatherings_begun: u64,
    /// What the camera sends, where that cannot be cut.
    uncuttable: Option<String>,
}

/// A place among the clips that are made at once; given back when dropped.
#[derive(Debug)]
pub(crate) struct Place(Arc<Ring>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.clips.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Units that are being gathered for a clip.
#[derive(Debug)]
pub(crate) struct Ticket {
    number: u64,
    done: Receiver<Gathered>,
    place: Place,
}

impl Ring {
    pub(crate) fn new(keep: Option<Keep>) -> Self {
        Self { keep, state: Mutex::default(), clips: AtomicUsize::new(0) }
    }

    /// Whether anything is kept at all.
    pub(crate) fn keeps(&self) -> bool {
        self.keep.is_some()
    }

    /// The stream begins, or goes on in another format: what follows does not continue what was before.
    pub(crate) fn begin(&self, format: StreamFormat) {
        let mut state = self.lock();
        let open = state.stretches.back().filter(|stretch| stretch.closed().is_none());
        if open.is_some_and(|stretch| *stretch.format() == format) {
            return;
        }
        state.uncuttable = None;
        state.close(CutReason::NoStream);
        state.open(format);
    }

    /// The camera sends something that cannot be cut without encoding it again, or nothing was seen before it was
    /// decoded.
    pub(crate) fn begin_uncuttable(&self, what: &str) {
        let mut state = self.lock();
        if state.stretches.back().is_none_or(|stretch| stretch.closed().is_some()) {
            state.uncuttable.get_or_insert_with(|| what.to_owned());
        }
    }

    /// The connection, or the play of the file, is over.
    pub(crate) fn end(&self) {
        self.lock().close(CutReason::NoStream);
    }

    /// Nobody wants frames any more: clips in the making get what there is.
    pub(crate) fn stop(&self) {
        let mut state = self.lock();
        state.close(CutReason::Stopped);
        for (_, gathering) in std::mem::take(&mut state.gatherings) {
            gathering.finish(CutReason::Stopped);
        }
    }

    /// The next picture of the stream, in the order of decoding.
    pub(crate) fn put(&self, unit: Unit) {
        let Some(keep) = self.keep else { return };
        let mut state = self.lock();
        if state.stretches.back().is_some_and(|stretch| stretch.closed().is_none() && stretch.is_broken_by(&unit)) {
            let format = state.close(CutReason::NoStream);
            format.into_iter().for_each(|format| state.open(format));
        }
        let State { stretches, gatherings, .. } = &mut *state;
        let Some(stretch) = stretches.back_mut().filter(|stretch| stretch.closed().is_none()) else { return };
        stretch.put(unit.clone());
        let (format, reorders) = (stretch.format(), stretch.reorders());
        let mut at = 0;
        while let Some((_, gathering)) = gatherings.get_mut(at) {
            if gathering.offer(&unit, format, reorders) {
                gatherings.swap_remove(at).1.finish_whole();
            } else {
                at += 1;
            }
        }
        state.evict(keep);
    }

    /// The units since the last key frame, oldest first, for a decoder that begins in the middle.
    pub(crate) fn since_key_frame(&self) -> Vec<Unit> {
        let state = self.lock();
        let open = state.stretches.back().filter(|stretch| stretch.closed().is_none());
        open.map(Stretch::since_key_frame).unwrap_or_default()
    }

    pub(crate) fn kept(&self) -> Kept {
        let state = self.lock();
        let oldest = state.stretches.iter().find_map(Stretch::oldest);
        let newest = state.stretches.iter().rev().find_map(Stretch::newest);
        Kept {
            units: state.stretches.iter().map(Stretch::len).sum(),
            bytes: state.bytes(),
            span: oldest.zip(newest).map_or(Duration::ZERO, |(oldest, newest)| newest.since(oldest)),
        }
    }

    /// Begins to gather what a clip from `from` to `to` needs.
    pub(crate) fn gather(self: &Arc<Self>, from: MediaTime, to: MediaTime) -> Result<Ticket, ClipError> {
        if self.keep.is_none() {
            return Err(ClipError::NothingKept);
        }
        let mut state = self.lock();
        if let Some(what) = &state.uncuttable {
            return Err(ClipError::NoCompressedStream { what: what.clone() });
        }
        if self.clips.fetch_add(1, Ordering::AcqRel) >= CLIPS_MAX {
            self.clips.fetch_sub(1, Ordering::AcqRel);
            return Err(ClipError::TooManyAtOnce);
        }
        let place = Place(Arc::clone(self));
        let (sender, done): (SyncSender<Gathered>, _) = sync_channel(1);
        let mut gathering = Gathering::new(from, to, sender);
        state.gatherings_begun += 1;
        let number = state.gatherings_begun;
        let best = state.stretches.iter().filter(|stretch| stretch.len() > 0);
        // Of two that hold as much of it, the later.
        if let Some(stretch) = best.max_by_key(|stretch| stretch.holds_of(from, to)) {
            let whole = gathering.begin_with(stretch);
            match (whole, stretch.closed()) {
                (true, _) => gathering.finish_whole(),
                (false, Some(why)) if stretch.holds_of(from, to) > Duration::ZERO => gathering.finish(why),
                (false, Some(_)) => {
                    // What is kept is over before it begins: the stream may yet come back.
                    let Gathering { done, .. } = gathering;
                    state.gatherings.push((number, Gathering::new(from, to, done)));
                }
                (false, None) => state.gatherings.push((number, gathering)),
            }
        } else {
            state.gatherings.push((number, gathering));
        }
        Ok(Ticket { number, done, place })
    }

    /// All that came for a clip until it was complete, at most until `patience` is over.
    pub(crate) fn wait(&self, ticket: Ticket, patience: Duration) -> (Option<Gathered>, Place) {
        let Ticket { number, done, place } = ticket;
        if let Ok(gathered) = done.recv_timeout(patience) {
            return (Some(gathered), place);
        }
        {
            let mut state = self.lock();
            if let Some(at) = state.gatherings.iter().position(|(other, _)| *other == number) {
                state.gatherings.swap_remove(at).1.finish(CutReason::Deadline);
            }
        }
        (done.try_recv().ok(), place)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn bytes(&self) -> usize {
        self.stretches.iter().map(Stretch::bytes).sum()
    }

    fn open(&mut self, format: StreamFormat) {
        self.stretches.retain(|stretch| stretch.len() > 0);
        while self.stretches.len() >= STRETCHES_MAX {
            self.stretches.pop_front();
        }
        self.stretches.push_back(Stretch::new(format));
    }

    /// Closes the open stretch, if there is one, and gives its format.
    fn close(&mut self, why: CutReason) -> Option<StreamFormat> {
        let stretch = self.stretches.back_mut().filter(|stretch| stretch.closed().is_none())?;
        stretch.close(why);
        let format = stretch.format().clone();
        let begun = |(_, gathering): &mut (u64, Gathering)| gathering.has_begun();
        for (_, gathering) in self.gatherings.extract_if(.., begun) {
            gathering.finish(why);
        }
        Some(format)
    }

    /// Forgets whole groups of pictures from the oldest on, until the limits are kept.
    fn evict(&mut self, keep: Keep) {
        let Some(newest) = self.stretches.back().and_then(Stretch::newest) else { return };
        let mut bytes = self.bytes();
        while let Some(oldest) = self.stretches.front_mut() {
            let too_much = bytes > keep.bytes_max;
            let too_old = oldest.rest_begins().is_some_and(|at| newest.since(at) >= keep.duration)
                || (oldest.closed().is_some() && oldest.newest().is_none_or(|at| newest.since(at) >= keep.duration));
            if !too_much && !too_old {
                return;
            }
            bytes -= oldest.forget_group();
            if oldest.len() == 0 {
                if oldest.closed().is_none() {
                    return;
                }
                self.stretches.pop_front();
            }
        }
    }
}
