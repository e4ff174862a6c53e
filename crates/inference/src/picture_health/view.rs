//! Whether a camera still looks where it was pointed: by where in the picture there are edges, and how they run.
//!
//! Light changes how strong edges are, hardly where they are; vehicles and persons cover a part of them for a while; a
//! camera that was pushed moves all of them.

use thiserror::Error;

use super::GreyPicture;

/// Cells across and down the picture.
const CELLS: (usize, usize) = (16, 12);
/// Directions in which an edge may run; both senses are one.
const DIRECTIONS: usize = 8;
/// From here on a view counts as another one. On drawn pictures noise makes 0.25 at most and a shift by a fifth of the
/// picture 0.45 at least.
pub const MOVED_MIN: f64 = 0.4;
/// Bytes of a signature.
pub const SIGNATURE_BYTES: usize = CELLS.0 * CELLS.1 * DIRECTIONS;
/// A gradient below this, in grey levels over two pixels, is noise.
const GRADIENT_MIN: i32 = 12;
/// The least mean strength of edges in a picture by which two views can be told apart. Below it the picture is dark,
/// blinded by light, or in fog.
const EDGES_MIN: f32 = 0.15;

/// Where edges are in a picture and how they run.
#[derive(Debug, Clone, PartialEq)]
pub struct ViewSignature {
    /// For each cell, rows first, and in it for each direction, how much edge there is; square roots, so that a few
    /// strong edges do not decide alone, and the largest is 255.
    strengths: Vec<u8>,
    /// Whether there is enough to tell by.
    telling: bool,
}

/// Bytes that are no signature.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("a view signature has {SIGNATURE_BYTES} bytes, not {given}; record the camera's view again")]
pub struct InvalidSignature {
    given: usize,
}

impl ViewSignature {
    /// What a picture shows; any size, but the same for pictures that are compared gives the best answers.
    pub fn of(picture: &GreyPicture) -> Self {
        let mut sums = vec![0.0_f32; SIGNATURE_BYTES];
        for (y, [above, row, below]) in (1_usize..).zip(picture.inner_rows()) {
            let cell_row = y * CELLS.1 / picture.height * CELLS.0;
            for x in 1..picture.width.saturating_sub(1) {
                let dx = i32::from(row[x + 1]) - i32::from(row[x - 1]);
                let dy = i32::from(below[x]) - i32::from(above[x]);
                if dx.abs() + dy.abs() >= GRADIENT_MIN {
                    let cell = cell_row + x * CELLS.0 / picture.width;
                    let strength = ((dx * dx + dy * dy) as f32).sqrt();
                    sums[cell * DIRECTIONS + direction(dx, dy)] += strength;
                }
            }
        }
        let samples = picture.samples.len() as f32;
        let telling = sums.iter().sum::<f32>() / samples >= EDGES_MIN;
        let largest = sums.iter().copied().fold(0.0, f32::max).sqrt();
        let scale = if largest > 0.0 { 255.0 / largest } else { 0.0 };
        let strength = |sum: &f32| if telling { (sum.sqrt() * scale) as u8 } else { 0 };
        Self { strengths: sums.iter().map(strength).collect(), telling }
    }

    /// How far `now` is from this view: 0 the same, 1 nothing in common. Up to about 0.3 is weather, light and traffic;
    /// above [`MOVED_MIN`] the camera was moved or something stands before it. `None` where either picture has too few edges to
    /// tell, as at night without light.
    pub fn moved(&self, now: &Self) -> Option<f64> {
        if !self.telling || !now.telling {
            return None;
        }
        let mean = |of: &[u8]| of.iter().map(|v| f64::from(*v)).sum::<f64>() / SIGNATURE_BYTES as f64;
        let (mean_a, mean_b) = (mean(&self.strengths), mean(&now.strengths));
        let (mut both, mut a_alone, mut b_alone) = (0.0, 0.0, 0.0);
        for (a, b) in self.strengths.iter().zip(&now.strengths) {
            let (a, b) = (f64::from(*a) - mean_a, f64::from(*b) - mean_b);
            both += a * b;
            a_alone += a * a;
            b_alone += b * b;
        }
        let alone = (a_alone * b_alone).sqrt();
        Some(1.0 - if alone > 0.0 { (both / alone).clamp(0.0, 1.0) } else { 0.0 })
    }

    /// For keeping until the camera is looked at again.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.strengths.clone()
    }

    /// Reads back what [`ViewSignature::to_bytes`] gave.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidSignature> {
        if bytes.len() != SIGNATURE_BYTES {
            return Err(InvalidSignature { given: bytes.len() });
        }
        // A view that tells nothing is kept as nothing.
        Ok(Self { strengths: bytes.to_vec(), telling: bytes.iter().any(|strength| *strength > 0) })
    }
}

/// Which of the directions the gradient (`dx`, `dy`) has, without regard to its sense.
fn direction(dx: i32, dy: i32) -> usize {
    let angle = (dy as f32).atan2(dx as f32).rem_euclid(std::f32::consts::PI);
    ((angle / std::f32::consts::PI * DIRECTIONS as f32) as usize).min(DIRECTIONS - 1)
}
