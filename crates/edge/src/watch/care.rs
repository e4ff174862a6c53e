//! What a camera's watch does besides looking: the health of its pictures, its read rate, and when its large stream is
//! decoded.

use std::time::{Duration, Instant};

use capture::{Frame, Reading};
use domain::{FrameStamp, I420View, MonoTime};

use super::{Sink, Watching};
use crate::config::Play;
use crate::health::reads::reads_file;
use crate::today::today_file;

/// How long after the last motion the stream for reading is decoded: what has just stopped may be read next.
const READ_AFTER_MOTION: Duration = Duration::from_secs(3);
/// How long after the last motion codes are looked for: a code is held still to be read.
const CODES_AFTER_MOTION: Duration = Duration::from_secs(5);

impl<S: Sink> Watching<S> {
    /// Measures the picture now and then.
    pub(super) fn measure(&mut self, frame: &Frame, stamp: FrameStamp) {
        let Some(health) = &mut self.health else { return };
        let Some(seen) = health.see(&frame.full(), stamp.arrived, stamp.utc) else { return };
        self.watch.board.picture(seen);
        self.watch.board.decoder(self.watch.eyes.decoder());
        self.keep_numbers();
    }

    /// Keeps the read rate and the counts of the day where they have changed.
    pub(super) fn keep_numbers(&mut self) {
        let Some(data) = self.watch.data.as_deref().filter(|_| self.watch.play != Play::Once) else { return };
        let (reads, today) = (self.watch.board.reads(), self.watch.board.today());
        if reads != self.reads_kept {
            if let Err(error) = reads.save(&reads_file(data, &self.watch.id)) {
                tracing::warn!(camera = %self.watch.id, %error, "the read rate cannot be kept");
            }
            self.reads_kept = reads;
        }
        if today != self.today_kept {
            if let Err(error) = today.save(&today_file(data, &self.watch.id)) {
                tracing::warn!(camera = %self.watch.id, %error, "the counts of the day cannot be kept");
            }
            self.today_kept = today;
        }
    }

    /// Has the stream for reading decoded while a vehicle is there or something moved just now.
    pub(super) fn attend(&mut self, now: MonoTime) {
        if !self.watch.eyes.has_reading_stream() {
            return;
        }
        let has_moved = self.moved.is_some_and(|moved| now.since(moved) <= READ_AFTER_MOTION);
        let reading = if self.vehicles > 0 || has_moved { Reading::On } else { Reading::Off };
        if reading != self.reading {
            self.watch.eyes.set_reading(reading);
            self.reading = reading;
        }
    }

    /// Has codes looked for in a picture, while something moves or did just now.
    pub(super) fn offer_codes(&mut self, picture: &I420View<'_>, now: MonoTime, seen: Instant) {
        let Some(codes) = &mut self.watch.codes else { return };
        match self.watch.play {
            Play::Once => codes.offer_all(picture, now, seen),
            Play::Live | Play::Loop | Play::Rehearse => {
                if self.moved.is_some_and(|moved| now.since(moved) <= CODES_AFTER_MOTION) {
                    codes.offer(picture, now, seen);
                }
            }
        }
    }

    pub(super) fn reading_changed(&mut self, down: Option<String>) {
        tracing::info!(camera = %self.watch.id, reason = down.as_deref().unwrap_or("it is there"), "the main stream");
        self.reading_down = down.is_some();
        self.watch.board.reading(down);
    }
}
