//! Whether a camera's pictures are fit to be looked at, and whether its plates are still read as often as they were.
//!
//! Every few seconds one picture is measured: light, sharpness, whether it is the same as before, and whether it shows
//! the view that the camera was set up for. The last two are held against a reference that lies in the data folder: the
//! first clear picture by daylight, or one that a person took (`gatehouse-edge health reference`).

pub mod reads;
pub mod reference;

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use domain::{I420View, MediaTime, MonoTime};
use inference::picture_health::{FreezeWatch, GreyPicture, MOVED_MIN, Motion, PictureNumbers, ViewSignature};
use serde::Serialize;
use wire::health::BURNT_MAX;

pub use reference::Reference;

use crate::watch::one_line;

/// A picture is measured so often.
pub const EVERY: Duration = Duration::from_secs(5);
/// A picture that has been the same for so long is frozen; longer than cameras take from key frame to key frame.
pub const FROZEN_AFTER: Duration = Duration::from_secs(25);
/// So many measurements in a row must be bad before a person is called: a lorry or headlights pass.
const BAD_IN_A_ROW: u32 = 3;
/// The same for a moved view: a bus that lets people off covers most of it, and for longer.
const MOVED_IN_A_ROW: u32 = 12;
/// Below this mean brightness of 255 there is too little light.
pub const DARK: f64 = 35.0;
/// A picture is blurred when its sharpness is below this share of the reference's.
pub const BLURRED_SHARE: f64 = 0.3;
/// Sharpness is compared by daylight only: noise of a dark picture looks like edges, and a dark one has none.
const DAYLIGHT: std::ops::RangeInclusive<f64> = 60.0..=210.0;
/// A reference has at least this sharpness: below it there is nothing in the picture to tell by.
const REFERENCE_SHARPNESS_MIN: f64 = 20.0;
/// So many clear pictures in a row before one becomes the reference: not the one in which the exposure still settles.
const CLEAR_IN_A_ROW: u32 = 3;

/// What the pictures of a camera are like.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PictureHealth {
    /// Variance of the Laplacian; compare it with the same camera's on a good day only.
    pub sharpness: f64,
    /// The reference's, where it is of the same size.
    pub sharpness_reference: Option<f64>,
    /// Mean brightness, 0 to 255.
    pub brightness: f64,
    /// Share of burnt samples, 0 to 1.
    pub burnt: f64,
    /// How far the view is from the reference, 0 to 1; nothing where it cannot be told.
    pub moved: Option<f64>,
    /// For how long the picture has been the same, seconds, where that is too long.
    pub frozen_s: Option<u64>,
    /// It has been too dark for a while.
    pub is_dark: bool,
    /// It has been less sharp than the reference for a while.
    pub is_blurred: bool,
    /// It has not shown the reference's view for a while.
    pub is_moved: bool,
    /// When the reference was taken.
    pub reference_at: Option<domain::UtcTime>,
}

/// Watches the pictures of one camera.
#[derive(Debug)]
pub struct HealthWatch {
    file: PathBuf,
    reference: Option<Reference>,
    /// When the file was written that `reference` was read from.
    written: Option<SystemTime>,
    freeze: FreezeWatch,
    due: Option<MonoTime>,
    dark: u32,
    blurred: u32,
    moved: u32,
    clear: u32,
}

impl HealthWatch {
    /// For a camera whose reference is kept in `file`.
    pub fn new(file: PathBuf) -> Self {
        let freeze = FreezeWatch::new(FROZEN_AFTER);
        Self { file, reference: None, written: None, freeze, due: None, dark: 0, blurred: 0, moved: 0, clear: 0 }
    }

    /// Measures the picture of a frame where it is time to. `at` is when its reference would have been taken.
    pub fn see(&mut self, frame: &I420View<'_>, now: MonoTime, at: domain::UtcTime) -> Option<PictureHealth> {
        if self.due.is_some_and(|due| now < due) {
            return None;
        }
        self.due = Some(now + EVERY);
        self.read_again();
        let size = (frame.width(), frame.height());
        let grey = GreyPicture::from_i420(frame);
        let numbers = PictureNumbers::of(&grey);
        let view = ViewSignature::of(&grey);
        // What is frozen is judged by when pictures came: a file in a loop shows the same media time never again.
        let motion = self.freeze.handle_picture(&grey, MediaTime::from_micros(now.as_micros()));
        if self.reference.is_none() {
            self.take_reference(&numbers, &view, size, at);
        }
        Some(self.judge(&numbers, &view, size, motion, now))
    }

    /// A person may have taken another reference.
    fn read_again(&mut self) {
        let written = std::fs::metadata(&self.file).and_then(|file| file.modified()).ok();
        if written == self.written {
            return;
        }
        self.written = written;
        self.reference = match Reference::load(&self.file) {
            Ok(reference) => reference,
            Err(error) => {
                tracing::warn!(error = one_line(&error), "the camera's reference is not used");
                None
            }
        };
    }

    fn take_reference(
        &mut self,
        numbers: &PictureNumbers,
        view: &ViewSignature,
        size: (usize, usize),
        at: domain::UtcTime,
    ) {
        self.clear = if why_unclear(numbers, view).is_none() { self.clear + 1 } else { 0 };
        if self.clear < CLEAR_IN_A_ROW || self.written.is_some() {
            return;
        }
        let reference = Reference::new(numbers, view, size, at);
        if let Err(error) = reference.save(&self.file) {
            tracing::warn!(error = one_line(&error), "the camera's reference cannot be kept");
        }
        self.written = std::fs::metadata(&self.file).and_then(|file| file.modified()).ok();
        self.reference = Some(reference);
    }

    fn judge(
        &mut self,
        numbers: &PictureNumbers,
        view: &ViewSignature,
        size: (usize, usize),
        motion: Motion,
        now: MonoTime,
    ) -> PictureHealth {
        let reference = self.reference.as_ref();
        let sharpness_reference = reference.filter(|own| own.size == size).map(|own| own.sharpness);
        let moved = reference.and_then(|own| own.view.moved(view));
        let is_dark = numbers.brightness < DARK;
        let is_blurred = DAYLIGHT.contains(&numbers.brightness)
            && sharpness_reference.is_some_and(|own| numbers.sharpness < BLURRED_SHARE * own);
        let count = |in_a_row: u32, is_bad: bool| if is_bad { in_a_row.saturating_add(1) } else { 0 };
        self.dark = count(self.dark, is_dark);
        self.blurred = count(self.blurred, is_blurred);
        self.moved = count(self.moved, moved.is_some_and(|moved| moved > MOVED_MIN));
        PictureHealth {
            sharpness: numbers.sharpness,
            sharpness_reference,
            brightness: numbers.brightness,
            burnt: numbers.saturated,
            moved,
            frozen_s: match motion {
                Motion::Frozen { since } => Some(MediaTime::from_micros(now.as_micros()).since(since).as_secs()),
                Motion::Alive => None,
            },
            is_dark: self.dark >= BAD_IN_A_ROW,
            is_blurred: self.blurred >= BAD_IN_A_ROW,
            is_moved: self.moved >= MOVED_IN_A_ROW,
            reference_at: reference.map(|own| own.at),
        }
    }
}

/// Why a picture is no reference; nothing where it is one.
pub fn why_unclear(numbers: &PictureNumbers, view: &ViewSignature) -> Option<String> {
    if !DAYLIGHT.contains(&numbers.brightness) {
        let (least, most) = (DAYLIGHT.start(), DAYLIGHT.end());
        return Some(format!("its brightness is {:.0}; {least:.0} to {most:.0} is daylight", numbers.brightness));
    }
    if numbers.saturated > BURNT_MAX {
        return Some(format!("{:.0} % of it is burnt out", numbers.saturated * 100.0));
    }
    if numbers.sharpness < REFERENCE_SHARPNESS_MIN || view.moved(view).is_none() {
        return Some(format!("it shows hardly any edges (sharpness {:.0})", numbers.sharpness));
    }
    None
}

#[cfg(test)]
mod tests;
