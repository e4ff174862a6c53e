//! Collecting the units of one clip, from those that are kept and from those that still come.

use std::sync::mpsc::SyncSender;

use domain::MediaTime;

use crate::clip::{CLIP_BYTES_MAX, ClipEdge, CutReason};
use crate::ring::stretch::{StreamFormat, Stretch, Unit};

/// Pictures in a row that must be later than a clip's end before it is taken to be complete, where pictures are decoded
/// in another order than shown: H.264 and H.265 allow so many between them.
const REORDERED_MAX: usize = 16;

/// What a clip is made of.
#[derive(Debug)]
pub(crate) struct Gathered {
    /// How they are compressed; `None` where there are none.
    pub(crate) format: Option<StreamFormat>,
    /// In the order of decoding; the first is a key frame.
    pub(crate) units: Vec<Unit>,
    pub(crate) begins: ClipEdge,
    pub(crate) ends: ClipEdge,
}

#[derive(Debug)]
pub(crate) struct Gathering {
    from: MediaTime,
    to: MediaTime,
    format: Option<StreamFormat>,
    units: Vec<Unit>,
    bytes: usize,
    /// Units in a row that are later than the end.
    past: usize,
    /// Why its beginning is missing, if it is.
    late: CutReason,
    too_large: bool,
    pub(crate) done: SyncSender<Gathered>,
}

impl Gathering {
    pub(crate) fn new(from: MediaTime, to: MediaTime, done: SyncSender<Gathered>) -> Self {
        Self {
            from,
            to,
            format: None,
            units: Vec::new(),
            bytes: 0,
            past: 0,
            late: CutReason::NoStream,
            too_large: false,
            done,
        }
    }

    pub(crate) fn has_begun(&self) -> bool {
        !self.units.is_empty()
    }

    /// Takes what is kept, from the last key frame at or before the beginning. Says whether that is all it needs.
    pub(crate) fn begin_with(&mut self, stretch: &Stretch) -> bool {
        let from = self.from;
        let begin = stretch.units().enumerate().filter(|(_, unit)| unit.key && unit.media <= from).last();
        if begin.is_none() && stretch.shortened() {
            self.late = CutReason::NotKept;
        }
        let skip = begin.map_or(0, |(at, _)| at);
        stretch.units().skip(skip).any(|unit| self.offer(unit, stretch.format(), stretch.reorders()))
    }

    /// Takes the next unit of the stream if it belongs to the clip. Says whether the clip needs no more.
    pub(crate) fn offer(&mut self, unit: &Unit, format: &StreamFormat, reorders: bool) -> bool {
        // A later key frame that is still early enough is a better beginning.
        if unit.key && unit.media <= self.from {
            self.units.clear();
            self.bytes = 0;
        }
        if self.units.is_empty() {
            if !unit.key {
                return false;
            }
            self.format = Some(format.clone());
        }
        // Pictures that are shown before the key frame need what was decoded before it: no decoder would show them.
        if self.units.first().is_some_and(|first| unit.media < first.media) {
            return false;
        }
        self.past = if unit.media > self.to { self.past + 1 } else { 0 };
        if self.past > if reorders { REORDERED_MAX } else { 0 } {
            return true;
        }
        if self.bytes + unit.bytes() > CLIP_BYTES_MAX {
            self.too_large = true;
            return true;
        }
        self.bytes += unit.bytes();
        self.units.push(unit.clone());
        false
    }

    /// Hands over a clip whose end was reached.
    pub(crate) fn finish_whole(self) {
        self.finish_with(None);
    }

    /// Hands over what there is, because no more comes.
    pub(crate) fn finish(self, why: CutReason) {
        self.finish_with(Some(why));
    }

    fn finish_with(mut self, why: Option<CutReason>) {
        // Units after the last that is wanted are not needed: each needs only what is decoded before it.
        let wanted = self.units.iter().rposition(|unit| unit.media <= self.to).map_or(0, |last| last + 1);
        self.units.truncate(wanted);
        let why = if self.too_large { Some(CutReason::TooLarge) } else { why };
        let first = self.units.first().map(|unit| unit.media);
        let begins = match first {
            Some(first) if first > self.from => ClipEdge::Cut { missing: first.since(self.from), why: self.late },
            Some(_) | None => ClipEdge::Whole,
        };
        let over = self.units.iter().map(|unit| unit.media + unit.lasts()).max();
        let ends = match (why, over) {
            (Some(why), Some(over)) if over < self.to => ClipEdge::Cut { missing: self.to.since(over), why },
            (Some(_) | None, _) => ClipEdge::Whole,
        };
        let format = self.format.filter(|_| !self.units.is_empty());
        // Nobody waits any more only where its thread is gone.
        let _gone = self.done.try_send(Gathered { format, units: self.units, begins, ends });
    }
}
