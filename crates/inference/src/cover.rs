//! Covering parts of pictures, so that what was there cannot be won back.
//!
//! What is left of a covered part are a few averages and nothing else: whatever had the same averages looks the same
//! afterwards. A blur alone would not do, because it can be undone.

use domain::{BoundingBox, I420View, Plane};
use opencv::core::{Mat, MatTrait, MatTraitConst, Rect, Size, Vec3b};
use opencv::imgproc;

use crate::picture::{Picture, PictureError, packed, side};

/// Blocks that are left of a coarsened part, across and down: too few to know anybody by.
pub const BLOCKS_MAX: i32 = 4;
/// The shortest side of a block in pixels, so that small parts do not keep what they show.
pub const BLOCK_SIDE_MIN: i32 = 6;

/// What becomes of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cover {
    /// At most [`BLOCKS_MAX`] × [`BLOCKS_MAX`] averages, one running into the next: that somebody is there can be seen,
    /// not who.
    Coarse,
    /// One average. For text: in a known font the averages of some blocks can be held against those of every text.
    Flat,
}

/// Leaves a few averages of a part, each running into the next.
pub(crate) fn coarsen(picture: &mut impl MatTrait, part: Rect) -> opencv::Result<()> {
    let blocks = |length: i32| (length / BLOCK_SIDE_MIN).clamp(1, BLOCKS_MAX);
    let (mut coarse, mut smooth) = (Mat::default(), Mat::default());
    let seen = Mat::roi(picture, part)?.try_clone()?;
    let size = Size::new(blocks(part.width), blocks(part.height));
    imgproc::resize(&seen, &mut coarse, size, 0.0, 0.0, imgproc::INTER_AREA)?;
    imgproc::resize(&coarse, &mut smooth, Size::new(part.width, part.height), 0.0, 0.0, imgproc::INTER_LINEAR)?;
    smooth.copy_to(&mut Mat::roi_mut(picture, part)?)
}

fn flatten(picture: &mut impl MatTrait, part: Rect) -> opencv::Result<()> {
    let mean = opencv::core::mean_def(&Mat::roi(picture, part)?)?;
    Mat::roi_mut(picture, part)?.set_to_def(&mean).map(drop)
}

fn cover(picture: &mut impl MatTrait, part: Rect, how: Cover) -> opencv::Result<()> {
    match how {
        Cover::Coarse => coarsen(picture, part),
        Cover::Flat => flatten(picture, part),
    }
}

/// A part in pixels: from the first to behind the last, with even edges so that halved colours are covered as well.
/// Nothing where no pixel of it lies in the picture.
fn part_of(bbox: &BoundingBox, width: usize, height: usize) -> Option<[usize; 4]> {
    let first = |share: f32, length: usize| (share.clamp(0.0, 1.0) * length as f32).floor() as usize / 2 * 2;
    let behind = |share: f32, length: usize| {
        ((share.clamp(0.0, 1.0) * length as f32).ceil() as usize).next_multiple_of(2).min(length)
    };
    let (x0, y0) = (first(bbox.x0(), width), first(bbox.y0(), height));
    let (x1, y1) = (behind(bbox.x1(), width), behind(bbox.y1(), height));
    (x1 > x0 && y1 > y0).then_some([x0, y0, x1, y1])
}

fn rect([x0, y0, x1, y1]: [usize; 4]) -> Rect {
    Rect::new(side(x0), side(y0), side(x1 - x0), side(y1 - y0))
}

/// Leaves a few averages of a part of a packed picture, given in its shares.
pub(crate) fn coarsen_box(picture: &mut Mat, bbox: &BoundingBox) -> opencv::Result<()> {
    let length = |length: i32| usize::try_from(length).unwrap_or(0);
    let part = part_of(bbox, length(picture.cols()), length(picture.rows()));
    part.map_or(Ok(()), |part| coarsen(picture, rect(part)))
}

impl Picture {
    /// Covers a part, given in shares of the picture.
    pub fn cover(&mut self, bbox: &BoundingBox, how: Cover) -> Result<(), PictureError> {
        let Some(part) = part_of(bbox, self.width, self.height) else { return Ok(()) };
        let (rows, columns) = (side(self.height), side(self.width));
        let mut borrowed = Mat::new_rows_cols_with_bytes_mut::<Vec3b>(rows, columns, &mut self.data)?;
        Ok(cover(&mut borrowed, rect(part), how)?)
    }
}

/// A frame of ours in I420, to be worked on.
#[derive(Debug)]
pub struct OwnFrame {
    width: usize,
    height: usize,
    /// Luma, then both colours, rows without padding.
    planes: [Vec<u8>; 3],
}

impl OwnFrame {
    /// A copy of a frame.
    pub fn copy_of(frame: &I420View<'_>) -> Self {
        let (width, height) = (frame.width(), frame.height());
        let packed = |plane: Plane<'_>, (columns, rows): (usize, usize)| {
            packed((0..rows).map(|row| &plane.data[row * plane.stride..][..columns]))
        };
        let half = (width.div_ceil(2), height.div_ceil(2));
        let planes = [packed(frame.y(), (width, height)), packed(frame.u(), half), packed(frame.v(), half)];
        Self { width, height, planes }
    }

    /// Covers a part, given in shares of the frame.
    pub fn cover(&mut self, bbox: &BoundingBox, how: Cover) -> Result<(), PictureError> {
        let Some(part) = part_of(bbox, self.width, self.height) else { return Ok(()) };
        let half = part.map(|edge| edge.div_ceil(2));
        let halved = (self.width.div_ceil(2), self.height.div_ceil(2));
        let sizes = [((self.width, self.height), part), (halved, half), (halved, half)];
        for (plane, ((columns, rows), part)) in self.planes.iter_mut().zip(sizes) {
            let mut borrowed = Mat::new_rows_cols_with_bytes_mut::<u8>(side(rows), side(columns), plane)?;
            cover(&mut borrowed, rect(part), how)?;
        }
        Ok(())
    }

    /// A look at it.
    pub fn view(&self) -> I420View<'_> {
        let half = self.width.div_ceil(2);
        let plane = |index: usize, stride| Plane { stride, data: self.planes[index].as_slice() };
        let view = I420View::new(self.width, self.height, plane(0, self.width), plane(1, half), plane(2, half));
        view.expect("the planes were filled to this size")
    }
}

#[cfg(test)]
mod tests;
