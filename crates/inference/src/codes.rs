//! Codes held before a camera: QR codes are found and read in the brightness of a picture. What they say is somebody
//! else's affair.
//!
//! On passes of version 9-M drawn in ten turns each, 9 or 10 are read with modules of 3 pixels, blurred by a pixel, faint
//! or slanted, and 7 under noise of 20 grey levels; from 4 pixels a module on 8 to 10 under everything. A picture of
//! 640x480 costs 3 to 10 ms of one core, one of 1280x720 that is nothing but 3,600 corner marks 0.1 s.
//!
//! Whoever stands at the gate chooses what the camera sees, so nothing in a picture may cost more than a known amount of
//! work or end the thread that looks at it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use domain::{I420View, Point};
use opencv::core::{Mat, MatTraitConstManual, Size};
use opencv::imgproc;
use rxing::common::cpp_essentials::ConcentricPattern;
use rxing::common::{BitMatrix, DetectorRXingResult, HybridBinarizer};
use rxing::qrcode::cpp_port::decoder::Decode;
use rxing::qrcode::cpp_port::detector::{FindFinderPatterns, FinderPatternSet, GenerateFinderPatternSets, SampleQR};
use rxing::{BinaryBitmap, Luma8Source};
use thiserror::Error;

use crate::picture::packed;

/// The longer side of the picture that is looked at, in pixels: the first where that is enough, the second where
/// nothing was read in the first. A larger picture is scaled down to it.
pub const LOOKS_PX: [usize; 2] = [1280, 2560];
/// Most codes of one picture; what is beyond them waits until these are gone.
pub const CODES_MAX: usize = 8;
/// The smallest side of a picture that can hold a code: its 21 modules, a pixel each.
const SIDE_PX_MIN: usize = 21;
/// Most corner marks of codes that are looked at together, the largest first. A picture with more of them was made to
/// cost time.
const MARKS_MAX: usize = 120;
/// Most groups of three such marks that are tried as a code, the likeliest first.
const GROUPS_MAX: usize = 200;
/// Most places that are looked at again because a code could be there.
const DOUBTFUL_MAX: usize = 3;
/// The longest side of such a place that is enlarged; modules of a larger one are large enough.
const ENLARGED_PX_MAX: usize = 480;

/// A code that was read.
#[derive(Clone, PartialEq)]
pub struct FoundCode {
    /// What it says. Bytes that are not UTF-8 stand for the characters of the same number, U+0000 to U+00FF, so that
    /// nothing is lost.
    pub text: String,
    /// Its corners, as shares of the picture: the code's own top left, then top right, bottom right, bottom left.
    pub corners: [Point; 4],
}

/// Why a picture could not be looked through.
#[derive(Debug, Error)]
pub enum CodesError {
    /// OpenCV refused to scale it.
    #[error("the picture cannot be scaled")]
    Scale(#[from] opencv::Error),
    /// The library that reads codes gave up.
    #[error("the reader of codes failed on a picture of {width}x{height}")]
    Reader {
        /// Pixels in a row of what it was given.
        width: usize,
        /// Rows.
        height: usize,
    },
}

/// The brightness of a picture, without padding: all that is looked at, so that a picture can be kept for later at a
/// third less than its size and without its colours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grey {
    width: usize,
    height: usize,
    samples: Vec<u8>,
}

impl Grey {
    /// A copy of the brightness of `picture`.
    pub fn of(picture: &I420View<'_>) -> Self {
        let (width, height, plane) = (picture.width(), picture.height(), picture.y());
        let rows = (0..height).map(|y| &plane.data[y * plane.stride..][..width]);
        let mut samples = Vec::with_capacity(width * height);
        rows.for_each(|row| samples.extend_from_slice(row));
        Self { width, height, samples }
    }
}

/// A part of a picture, in pixels.
struct Area {
    x: usize,
    y: usize,
    width: usize,
    height: usize,
}

/// What one look gave.
#[derive(Default)]
struct Look {
    /// Corners in pixels of what was looked at.
    found: Vec<FoundCode>,
    /// Where there was something like a code that could not be read, the likeliest first.
    doubtful: Vec<Area>,
}

/// Reads the QR codes of a picture, at most [`CODES_MAX`]; nothing where there is none that can be read.
pub fn find_codes(picture: &I420View<'_>) -> Result<Vec<FoundCode>, CodesError> {
    find_codes_in(&Grey::of(picture))
}

/// The same of a picture that was copied before.
pub fn find_codes_in(whole: &Grey) -> Result<Vec<FoundCode>, CodesError> {
    if whole.width.min(whole.height) < SIDE_PX_MIN {
        return Ok(Vec::new());
    }
    let longest = whole.width.max(whole.height);
    for side in LOOKS_PX {
        let smaller = if longest > side { Some(shrunk(whole, side)?) } else { None };
        let seen = smaller.as_ref().unwrap_or(whole);
        let mut found = read_with_care(seen)?;
        if !found.is_empty() || longest <= side {
            for corner in found.iter_mut().flat_map(|code| &mut code.corners) {
                (corner.x, corner.y) = (corner.x / seen.width as f32, corner.y / seen.height as f32);
            }
            return Ok(found);
        }
    }
    Ok(Vec::new())
}

/// Where there is something like a code and none is read, that part is looked at again, smoothed against noise and
/// enlarged for small modules. A picture without codes costs one look.
fn read_with_care(picture: &Grey) -> Result<Vec<FoundCode>, CodesError> {
    let look = read(picture)?;
    if !look.found.is_empty() {
        return Ok(look.found);
    }
    for area in look.doubtful {
        let part = cut(picture, &area);
        let mut found = read(&smoothed(&part)?)?.found;
        let mut scale = 1.0;
        if found.is_empty() && part.width.max(part.height) <= ENLARGED_PX_MAX {
            scale = 2.0;
            found = read(&resized(&part, part.width * 2, part.height * 2, imgproc::INTER_CUBIC)?)?.found;
        }
        for corner in found.iter_mut().flat_map(|code| &mut code.corners) {
            (corner.x, corner.y) = (corner.x / scale + area.x as f32, corner.y / scale + area.y as f32);
        }
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Ok(Vec::new())
}

fn cut(picture: &Grey, area: &Area) -> Grey {
    let rows = picture.samples.chunks(picture.width).skip(area.y).take(area.height);
    let samples = packed(rows.map(|row| &row[area.x..area.x + area.width]));
    Grey { width: area.width, height: area.height, samples }
}

/// The same picture with its longer side `side` long, each sample the mean of those that it stands for.
fn shrunk(picture: &Grey, side: usize) -> Result<Grey, opencv::Error> {
    let longest = picture.width.max(picture.height);
    let length = |of: usize| (of * side / longest).max(1);
    resized(picture, length(picture.width), length(picture.height), imgproc::INTER_AREA)
}

fn resized(picture: &Grey, width: usize, height: usize, how: i32) -> Result<Grey, opencv::Error> {
    let mut to = Mat::default();
    imgproc::resize(&mat(picture)?, &mut to, Size::new(side(width), side(height)), 0.0, 0.0, how)?;
    Ok(Grey { width, height, samples: to.data_bytes()?.to_vec() })
}

fn smoothed(picture: &Grey) -> Result<Grey, opencv::Error> {
    let mut to = Mat::default();
    imgproc::gaussian_blur(&mat(picture)?, &mut to, Size::new(3, 3), 0.0, 0.0, opencv::core::BORDER_DEFAULT)?;
    Ok(Grey { width: picture.width, height: picture.height, samples: to.data_bytes()?.to_vec() })
}

fn mat(picture: &Grey) -> Result<opencv::boxed_ref::BoxedRef<'_, Mat>, opencv::Error> {
    Mat::new_rows_cols_with_bytes::<u8>(side(picture.height), side(picture.width), &picture.samples)
}

fn side(length: usize) -> i32 {
    i32::try_from(length).unwrap_or(i32::MAX)
}

fn read(picture: &Grey) -> Result<Look, CodesError> {
    // The library has places that panic on what they take to be impossible.
    let failed = || CodesError::Reader { width: picture.width, height: picture.height };
    let bits = catch_unwind(AssertUnwindSafe(|| binarized(picture))).map_err(|_| failed())?.ok_or_else(failed)?;
    let groups = catch_unwind(AssertUnwindSafe(|| groups_of_marks(&bits))).map_err(|_| failed())?;
    let mut used: Vec<ConcentricPattern> = Vec::new();
    let mut look = Look::default();
    for group in groups {
        let marks = [group.tl, group.tr, group.bl];
        if marks.iter().any(|mark| used.contains(mark)) {
            continue;
        }
        // One code that breaks the reader does not hide the others.
        let code = catch_unwind(AssertUnwindSafe(|| read_code(&bits, &group))).ok().flatten();
        if let Some(code) = code {
            used.extend(marks);
            look.found.push(code);
        } else if look.doubtful.len() < DOUBTFUL_MAX {
            look.doubtful.push(around(&group, picture));
        }
        if look.found.len() == CODES_MAX {
            break;
        }
    }
    Ok(look)
}

/// The area of the code that three marks may belong to, with the empty zone around it.
fn around(group: &FinderPatternSet, picture: &Grey) -> Area {
    let [tl, tr, bl] = [group.tl.p, group.tr.p, group.bl.p];
    let corners = [tl, tr, bl, rxing::Point { x: tr.x + bl.x - tl.x, y: tr.y + bl.y - tl.y }];
    let margin = group.tl.size.max(group.tr.size).max(group.bl.size).max(0) as f32 * 1.5;
    let span = |at: fn(&rxing::Point) -> f32, length: usize| {
        let least = corners.iter().map(at).fold(f32::INFINITY, f32::min) - margin;
        let most = corners.iter().map(at).fold(f32::NEG_INFINITY, f32::max) + margin;
        // Conversion takes what lies outside, or is no number, to the nearest end.
        let from = (least.max(0.0) as usize).min(length.saturating_sub(SIDE_PX_MIN));
        (from, (most.max(0.0) as usize).clamp(from + SIDE_PX_MIN.min(length), length) - from)
    };
    let ((x, width), (y, height)) = (span(|p| p.x, picture.width), span(|p| p.y, picture.height));
    Area { x, y, width, height }
}

fn binarized(picture: &Grey) -> Option<BitMatrix> {
    let (width, height) = (u32::try_from(picture.width).ok()?, u32::try_from(picture.height).ok()?);
    let source = Luma8Source::new_with_slice(&picture.samples, width, height).ok()?;
    Some(BinaryBitmap::new(HybridBinarizer::new(source)).get_black_matrix().clone())
}

/// Three corner marks each that may be those of one code, the likeliest first.
fn groups_of_marks(bits: &BitMatrix) -> Vec<FinderPatternSet> {
    const EVERY_ROW_THAT_COUNTS: bool = true;
    let mut marks = FindFinderPatterns(bits, EVERY_ROW_THAT_COUNTS, 0);
    marks.sort_by_key(|mark| std::cmp::Reverse(mark.size));
    marks.truncate(MARKS_MAX);
    let mut groups = GenerateFinderPatternSets(&mut marks);
    groups.truncate(GROUPS_MAX);
    groups
}

fn read_code(bits: &BitMatrix, group: &FinderPatternSet) -> Option<FoundCode> {
    let sampled = SampleQR(bits, group).ok()?;
    let decoded = Decode(sampled.getBits()).ok().filter(|decoded| decoded.isValid())?;
    let corners: Vec<_> = sampled.getPoints().iter().map(|point| Point { x: point.x, y: point.y }).collect();
    Some(FoundCode { text: text_of(decoded.content().bytes()), corners: corners.try_into().ok()? })
}

fn text_of(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).map_or_else(|_| bytes.iter().map(|byte| char::from(*byte)).collect(), str::to_owned)
}

/// What a code says may be an identity number, which is not to be seen in a log.
impl std::fmt::Debug for FoundCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FoundCode({} bytes at {:?})", self.text.len(), self.corners)
    }
}

#[cfg(test)]
mod tests;
