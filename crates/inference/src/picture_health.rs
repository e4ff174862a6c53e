//! Whether a camera's picture is fit to be looked at: sharp, lit, moving, and of the view that it was set up for.
//!
//! Plain functions over small grey pictures; a few of them a minute are enough, and each costs well below a millisecond.
//!
//! ```
//! # use std::time::Duration;
//! # use domain::{MediaTime, PixelView};
//! # use inference::picture_health::{FreezeWatch, GreyPicture, PictureNumbers, ViewSignature};
//! # let pixels = [90; 64 * 48 * 3];
//! # let view = PixelView::new(64, 48, 64 * 3, &pixels)?;
//! let grey = GreyPicture::from_bgr(&view);
//! let numbers = PictureNumbers::of(&grey);
//! assert!(numbers.sharpness < 1.0, "one grey area has no edges");
//! let mut freeze = FreezeWatch::new(Duration::from_secs(30));
//! assert!(!freeze.handle_picture(&grey, MediaTime::default()).is_frozen());
//! // Kept from the day when the camera was set up, as `ViewSignature::to_bytes`:
//! let reference = ViewSignature::of(&grey);
//! assert_eq!(reference.moved(&ViewSignature::of(&grey)), None, "nothing in it to tell by");
//! # Ok::<(), domain::InvalidPicture>(())
//! ```

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use domain::{I420View, MediaTime, PixelView};

pub use view::{InvalidSignature, MOVED_MIN, SIGNATURE_BYTES, ViewSignature};

mod view;

/// A sample at or above this is taken for overexposed: nothing can be read from it. Below 255, because cameras often
/// end at 235 and compression adds a little.
const SATURATED_MIN: u8 = 235;
/// A sample at or below this is taken for black; cameras often begin at 16.
const BLACK_MAX: u8 = 16;
/// Longest side of the grey picture that is made of a full frame, in pixels.
const GREY_SIDE_MAX: usize = 640;

/// A picture's brightness, 8 bits a sample, rows from the top without padding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GreyPicture {
    width: usize,
    height: usize,
    samples: Vec<u8>,
}

impl GreyPicture {
    /// The brightness of a small colour picture, at its own size.
    pub fn from_bgr(view: &PixelView<'_>) -> Self {
        let (width, height) = (view.width(), view.height());
        let mut samples = Vec::with_capacity(width * height);
        for y in 0..height {
            samples.extend(view.row(y).as_chunks::<3>().0.iter().map(|[b, g, r]| {
                // BT.601 in 256ths.
                let sum = 29 * u32::from(*b) + 150 * u32::from(*g) + 77 * u32::from(*r);
                (sum >> 8) as u8
            }));
        }
        Self { width, height, samples }
    }

    /// The brightness of a full frame, shrunk by a whole number until no side is longer than 640 pixels; each sample is
    /// the mean of those it stands for.
    pub fn from_i420(view: &I420View<'_>) -> Self {
        let by = view.width().max(view.height()).div_ceil(GREY_SIDE_MAX).max(1);
        let (width, height) = ((view.width() / by).max(1), (view.height() / by).max(1));
        let plane = view.y();
        let mut samples = Vec::with_capacity(width * height);
        let mut sums = vec![0_u32; width];
        let by_x = by.min(view.width());
        let rows = by.min(view.height());
        for y in 0..height {
            sums.fill(0);
            for row in 0..rows {
                let row = &plane.data[(y * by + row) * plane.stride..][..view.width()];
                for (sum, part) in sums.iter_mut().zip(row.chunks_exact(by_x)) {
                    *sum += part.iter().map(|sample| u32::from(*sample)).sum::<u32>();
                }
            }
            let area = (by_x * rows) as u32;
            samples.extend(sums.iter().map(|sum| (sum / area) as u8));
        }
        Self { width, height, samples }
    }

    /// Pixels in a row; at least 1.
    pub const fn width(&self) -> usize {
        self.width
    }

    /// Rows; at least 1.
    pub const fn height(&self) -> usize {
        self.height
    }

    fn row(&self, y: usize) -> &[u8] {
        &self.samples[y * self.width..][..self.width]
    }

    /// Each row with the one above and the one below.
    fn inner_rows(&self) -> impl Iterator<Item = [&[u8]; 3]> {
        (1..self.height.saturating_sub(1)).map(|y| [self.row(y - 1), self.row(y), self.row(y + 1)])
    }
}

/// What can be said of one picture by itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PictureNumbers {
    /// Variance of the Laplacian (Pech-Pacheco et al. 2000), in grey levels squared: falls when the lens is out of focus,
    /// dirty or wet. To be compared with the same camera's on a good day only, at the same size; 0 where the picture is
    /// smaller than 3 × 3.
    pub sharpness: f64,
    /// Mean brightness, 0 to 255.
    pub brightness: f64,
    /// Share of overexposed samples, 0 to 1.
    pub saturated: f64,
    /// Share of black samples, 0 to 1.
    pub black: f64,
}

impl PictureNumbers {
    /// Measures a picture.
    pub fn of(picture: &GreyPicture) -> Self {
        let count = picture.samples.len() as f64;
        let sum: u64 = picture.samples.iter().map(|sample| u64::from(*sample)).sum();
        let share =
            |fits: fn(u8) -> bool| picture.samples.iter().filter(|sample| fits(**sample)).count() as f64 / count;
        Self {
            sharpness: laplacian_variance(picture),
            brightness: sum as f64 / count,
            saturated: share(|sample| sample >= SATURATED_MIN),
            black: share(|sample| sample <= BLACK_MAX),
        }
    }
}

fn laplacian_variance(picture: &GreyPicture) -> f64 {
    let (mut count, mut sum, mut squares) = (0_u64, 0_i64, 0_u64);
    for [above, row, below] in picture.inner_rows() {
        for (((up, down), middle), sides) in above[1..].iter().zip(&below[1..]).zip(&row[1..]).zip(row.windows(3)) {
            let around = i32::from(*up) + i32::from(*down) + i32::from(sides[0]) + i32::from(sides[2]);
            let laplacian = around - 4 * i32::from(*middle);
            sum += i64::from(laplacian);
            squares += u64::from(laplacian.unsigned_abs()).pow(2);
            count += 1;
        }
    }
    if count == 0 {
        return 0.0;
    }
    let mean = sum as f64 / count as f64;
    squares as f64 / count as f64 - mean * mean
}

/// Whether a picture changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Motion {
    /// It differs from the one before, or has not been the same for long.
    Alive,
    /// It has been the same, sample for sample, for at least the time that was set.
    Frozen {
        /// Since when.
        since: MediaTime,
    },
}

impl Motion {
    /// Whether it is frozen.
    pub const fn is_frozen(self) -> bool {
        matches!(self, Self::Frozen { .. })
    }
}

/// Notices a camera that sends the same picture again and again. A real picture has noise: an empty yard at night is
/// never the same twice, unless the camera compresses the noise away, and then it still differs at each key frame. So the
/// time should be longer than the camera's distance between key frames.
#[derive(Debug, Clone)]
pub struct FreezeWatch {
    after: Duration,
    last: Option<(u64, MediaTime)>,
}

impl FreezeWatch {
    /// Takes a picture for frozen once it has been the same for `after`.
    pub const fn new(after: Duration) -> Self {
        Self { after, last: None }
    }

    /// The next picture, shown at `at`.
    pub fn handle_picture(&mut self, picture: &GreyPicture, at: MediaTime) -> Motion {
        let mut hasher = DefaultHasher::new();
        (picture.width, picture.height).hash(&mut hasher);
        hasher.write(&picture.samples);
        let seen = hasher.finish();
        let since = match self.last {
            Some((last, since)) if last == seen => since,
            Some(_) | None => at,
        };
        self.last = Some((seen, since));
        if at.since(since) >= self.after { Motion::Frozen { since } } else { Motion::Alive }
    }
}

#[cfg(test)]
mod tests;
