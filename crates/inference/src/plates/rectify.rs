//! Setting a plate upright by its four corners.

use domain::Point;
use opencv::core::{BORDER_REPLICATE, Mat, MatTraitConst, Point2f, Scalar, Size};
use opencv::imgproc;

use crate::look::{LookError, PictureSource};
use crate::picture::{Area, PictureError, encoded, side};

/// A large plate is averaged down from at most this many times the wanted size.
const OVERSAMPLING_MAX: usize = 4;
/// Sides of a plate's picture for people, pixels.
const PICTURE_WIDTH_MIN: f32 = 120.0;
const PICTURE_WIDTH_MAX: f32 = 400.0;
/// JPEG quality of a plate's picture: letters suffer first.
const PICTURE_QUALITY: i32 = 90;
/// What a plate's picture shows besides the plate, as a share of its size: a reading must be open to doubt.
const PICTURE_MARGIN: f32 = 0.06;

/// Length of the longer of two opposite sides, in pixels.
pub(super) fn width_px(quad: &[Point; 4]) -> f32 {
    let length = |a: Point, b: Point| (a.x - b.x).hypot(a.y - b.y);
    length(quad[0], quad[1]).max(length(quad[3], quad[2]))
}

fn height_px(quad: &[Point; 4]) -> f32 {
    let length = |a: Point, b: Point| (a.x - b.x).hypot(a.y - b.y);
    length(quad[0], quad[3]).max(length(quad[1], quad[2]))
}

/// Corners in pixels of the picture.
pub(super) fn in_pixels(corners: &[Point; 4], source: &PictureSource<'_>) -> [Point; 4] {
    let (width, height) = source.size();
    corners.map(|p| Point { x: p.x * width as f32, y: p.y * height as f32 })
}

/// Brings what lies inside four corners (pixels) to `width` × `height`, as the reader was trained on it: bilinear from
/// the frame, averaged where the plate is larger than that.
pub(super) fn rectified(
    source: &PictureSource<'_>,
    quad: &[Point; 4],
    width: usize,
    height: usize,
) -> Result<Mat, LookError> {
    let area = around(source, quad)?;
    let cut = source.cut(area)?;
    let times = ((width_px(quad) / width as f32).ceil() as usize).clamp(1, OVERSAMPLING_MAX);
    let from = quad.map(|p| Point2f::new(p.x - area.x as f32, p.y - area.y as f32));
    let (w, h) = ((width * times) as f32, (height * times) as f32);
    let to = [Point2f::new(0.0, 0.0), Point2f::new(w, 0.0), Point2f::new(w, h), Point2f::new(0.0, h)];
    let matrix = imgproc::get_perspective_transform_slice_def(from, to)?;
    let mut large = Mat::default();
    let size = Size::new(side(width * times), side(height * times));
    let black = Scalar::default();
    imgproc::warp_perspective(&cut, &mut large, &matrix, size, imgproc::INTER_LINEAR, BORDER_REPLICATE, black)?;
    if times == 1 {
        return Ok(large);
    }
    let mut small = Mat::default();
    imgproc::resize(&large, &mut small, Size::new(side(width), side(height)), 0.0, 0.0, imgproc::INTER_AREA)?;
    Ok(small)
}

/// The part of the picture that holds the quadrilateral, with even edges.
fn around(source: &PictureSource<'_>, quad: &[Point; 4]) -> Result<Area, PictureError> {
    let (width, height) = source.size();
    let even = |v: f32, most: usize| (v.max(0.0) as usize).min(most) / 2 * 2;
    let fold = |pick: fn(&Point) -> f32, best: fn(f32, f32) -> f32, start: f32| quad.iter().map(pick).fold(start, best);
    let x0 = even(fold(|p| p.x, f32::min, f32::MAX) - 4.0, width);
    let y0 = even(fold(|p| p.y, f32::min, f32::MAX) - 4.0, height);
    let x1 = even(fold(|p| p.x, f32::max, f32::MIN) + 6.0, width);
    let y1 = even(fold(|p| p.y, f32::max, f32::MIN) + 6.0, height);
    if x1 < x0 + 2 || y1 < y0 + 2 {
        return Err(PictureError::EmptyCrop { width, height });
    }
    Ok(Area { x: x0, y: y0, width: x1 - x0, height: y1 - y0 })
}

/// A JPEG of the plate, set upright and with a little of what is around it. `corners` are shares of the picture.
pub fn plate_picture(source: &PictureSource<'_>, corners: &[Point; 4]) -> Result<Vec<u8>, LookError> {
    let quad = in_pixels(corners, source);
    let middle =
        Point { x: quad.iter().map(|p| p.x).sum::<f32>() / 4.0, y: quad.iter().map(|p| p.y).sum::<f32>() / 4.0 };
    let grown = quad.map(|p| Point {
        x: middle.x + (p.x - middle.x) * (1.0 + 2.0 * PICTURE_MARGIN),
        y: middle.y + (p.y - middle.y) * (1.0 + 2.0 * PICTURE_MARGIN),
    });
    let width = width_px(&grown).clamp(PICTURE_WIDTH_MIN, PICTURE_WIDTH_MAX);
    let height = (width * height_px(&grown) / width_px(&grown).max(1.0)).clamp(24.0, PICTURE_WIDTH_MAX);
    let upright = rectified(source, &grown, width as usize, height as usize)?;
    debug_assert_eq!(upright.channels(), 3, "the cut is BGR");
    Ok(encoded(&upright, PICTURE_QUALITY)?)
}
