//! What somebody sees who looks through a camera from afar: the frame with what must not be seen coarsened, and what the
//! gate follows and counts by drawn over it.

use domain::{BoundingBox, I420View, Point};
use opencv::core::{Mat, MatTraitConst, Size, Vector};
use opencv::imgproc;

use crate::cover::coarsen_box;
use crate::picture::{Area, Mark, PictureError, blur_head, cut_bgr, draw_marks, draw_text, encoded, scalar, side};

/// How large words are in a picture of [`TEXT_WIDTH_PX`], and in proportion in others, but never too small to read.
const TEXT_SCALE: f64 = 0.5;
/// See [`TEXT_SCALE`].
const TEXT_WIDTH_PX: f64 = 1280.0;
/// The smallest that can be read.
const TEXT_SCALE_MIN: f64 = 0.35;

/// A line or an area to draw.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    /// Its points in shares of the picture, in order.
    pub points: Vec<Point>,
    /// Whether the last one leads back to the first.
    pub closing: Closing,
    /// What stands at its first point; other letters than ASCII are drawn as `?`.
    pub text: String,
    /// Blue, green, red.
    pub colour: [u8; 3],
}

/// Whether a shape encloses an area.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing {
    /// A line.
    Open,
    /// An area.
    Closed,
}

/// What is done to a frame before anybody sees it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Scene {
    /// Persons whose heads are coarsened, as in every stored picture.
    pub heads: Vec<BoundingBox>,
    /// What must not be pictured at all, which is coarsened as a whole.
    pub whole: Vec<BoundingBox>,
    /// What is followed.
    pub marks: Vec<Mark>,
    /// Lines and zones.
    pub shapes: Vec<Shape>,
}

/// A JPEG of the frame as `scene` says, at most `width_px_max` wide, of `quality` 0 to 100. What is to be coarsened is
/// coarsened in the full frame, before anything else is made of it.
pub fn view_jpeg(
    frame: &I420View<'_>,
    scene: &Scene,
    width_px_max: u32,
    quality: i32,
) -> Result<Vec<u8>, PictureError> {
    let area = Area { x: 0, y: 0, width: frame.width(), height: frame.height() };
    let mut shown = cut_bgr(frame, area)?;
    for bbox in &scene.whole {
        coarsen_box(&mut shown, bbox)?;
    }
    for bbox in &scene.heads {
        blur_head(&mut shown, bbox, area, frame)?;
    }
    let (width, height) = (f64::from(shown.cols()), f64::from(shown.rows()));
    let scale = f64::from(width_px_max) / width;
    if scale < 1.0 {
        let mut smaller = Mat::default();
        let length = |length: f64| ((length * scale) as i32).max(1);
        let size = Size::new(length(width), length(height));
        imgproc::resize(&shown, &mut smaller, size, 0.0, 0.0, imgproc::INTER_AREA)?;
        shown = smaller;
    }
    let text_scale = (TEXT_SCALE * f64::from(shown.cols()) / TEXT_WIDTH_PX).max(TEXT_SCALE_MIN);
    for shape in &scene.shapes {
        draw_shape(&mut shown, shape, text_scale)?;
    }
    draw_marks(&mut shown, &scene.marks, text_scale)?;
    encoded(&shown, quality)
}

fn draw_shape(shown: &mut Mat, shape: &Shape, text_scale: f64) -> Result<(), PictureError> {
    let (width, height) = (shown.cols() as f32, shown.rows() as f32);
    // Held inside, so that a line along the edge is seen.
    let place = |share: f32, length: f32| ((share * length) as i32).clamp(1, (side(length as usize) - 2).max(1));
    let pixel = |p: &Point| opencv::core::Point::new(place(p.x, width), place(p.y, height));
    let points: Vec<_> = shape.points.iter().map(pixel).collect();
    let Some(first) = points.first().copied() else { return Ok(()) };
    let is_closed = shape.closing == Closing::Closed;
    let points = Vector::<opencv::core::Point>::from_slice(&points);
    imgproc::polylines(shown, &points, is_closed, scalar(shape.colour), 2, imgproc::LINE_AA, 0)?;
    draw_text(shown, &shape.text, (first.x + 4, first.y - 4), shape.colour, text_scale)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cover::OwnFrame;
    use crate::picture::{Picture, read_picture};
    use domain::Plane;

    const WIDTH: usize = 640;
    const HEIGHT: usize = 480;

    fn bbox(edges: [f32; 4]) -> BoundingBox {
        BoundingBox::try_from(edges).expect("a box")
    }

    /// Black and white squares of eight pixels: detail everywhere that survives a JPEG.
    fn chequered() -> OwnFrame {
        let luma: Vec<u8> = (0..WIDTH * HEIGHT)
            .map(|at| if (at % WIDTH / 8 + at / WIDTH / 8).is_multiple_of(2) { 30 } else { 220 })
            .collect();
        let chroma = vec![128; WIDTH * HEIGHT / 4];
        let plane = |stride, data| Plane { stride, data };
        let half = plane(WIDTH / 2, chroma.as_slice());
        let view = I420View::new(WIDTH, HEIGHT, plane(WIDTH, &luma), half, half).expect("planes");
        OwnFrame::copy_of(&view)
    }

    fn decoded(jpeg: &[u8]) -> Picture {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), jpeg).expect("written");
        read_picture(file.path()).expect("a JPEG")
    }

    /// How far neighbouring pixels lie apart at most in a part, given in shares.
    fn detail(picture: &Picture, part: [f32; 4]) -> u8 {
        let view = picture.view();
        let at = |share: f32, length: usize| (share * length as f32) as usize;
        let (x0, x1) = (at(part[0], view.width()), at(part[2], view.width()));
        let rows = at(part[1], view.height())..at(part[3], view.height());
        let steps = rows.flat_map(|y| (x0..x1 - 1).map(move |x| (x, y)));
        steps.map(|(x, y)| view.row(y)[x * 3].abs_diff(view.row(y)[x * 3 + 3])).max().expect("some pixels")
    }

    #[test]
    fn heads_lose_every_detail_and_the_rest_of_a_person_does_not() {
        let person = [0.3, 0.2, 0.5, 0.9];
        let scene = Scene { heads: vec![bbox(person)], ..Scene::default() };
        let picture = decoded(&view_jpeg(&chequered().view(), &scene, 1280, 80).expect("a picture"));
        assert_eq!((picture.view().width(), picture.view().height()), (WIDTH, HEIGHT), "never larger than the frame");
        let head = detail(&picture, [0.31, 0.21, 0.49, 0.34]);
        assert!(head < 30, "the head shows steps of {head}");
        assert!(detail(&picture, [0.31, 0.5, 0.49, 0.85]) > 120, "the body is seen");
    }

    #[test]
    fn what_must_not_be_pictured_loses_every_detail() {
        let scene = Scene { whole: vec![bbox([0.3, 0.2, 0.5, 0.9])], ..Scene::default() };
        let picture = decoded(&view_jpeg(&chequered().view(), &scene, 320, 80).expect("a picture"));
        assert_eq!((picture.view().width(), picture.view().height()), (320, 240));
        let left = detail(&picture, [0.32, 0.22, 0.48, 0.88]);
        assert!(left < 30, "it shows steps of {left}");
        assert!(detail(&picture, [0.6, 0.2, 0.9, 0.9]) > 100, "the rest is seen");
    }

    #[test]
    fn lines_zones_and_boxes_are_drawn_wherever_they_lie() {
        let plain = decoded(&view_jpeg(&chequered().view(), &Scene::default(), 640, 90).expect("a picture"));
        let point = |x, y| Point { x, y };
        let shape =
            |points: Vec<Point>, closing| Shape { points, closing, text: "cửa vào".into(), colour: [0, 0, 255] };
        let scene = Scene {
            shapes: vec![
                shape(vec![point(0.0, 0.0), point(0.0, 1.0)], Closing::Open),
                shape(vec![point(0.5, 0.5), point(1.0, 0.5), point(1.0, 1.0)], Closing::Closed),
                shape(Vec::new(), Closing::Closed),
            ],
            marks: vec![Mark { bbox: bbox([0.2, 0.2, 0.4, 0.4]), text: "người 1".into(), colour: [0, 255, 0] }],
            ..Scene::default()
        };
        let drawn = decoded(&view_jpeg(&chequered().view(), &scene, 640, 90).expect("a picture"));
        let colour = |picture: &Picture, x: usize, y: usize| {
            let view = picture.view();
            <[u8; 3]>::try_from(&view.row(y)[x * 3..x * 3 + 3]).expect("three values")
        };
        for (x, y, is_drawn) in [(1, 240, true), (480, 240, true), (128, 150, true), (300, 400, false)] {
            let apart = std::iter::zip(colour(&plain, x, y), colour(&drawn, x, y)).map(|(a, b)| a.abs_diff(b)).max();
            assert_eq!(apart.expect("three values") > 60, is_drawn, "at {x}, {y}");
        }
    }
}
