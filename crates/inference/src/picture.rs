//! Pictures for people: cutting, blurring and encoding; and scaling for models.

use std::path::{Path, PathBuf};

use domain::{BoundingBox, I420View, PixelView};
use opencv::core::{Mat, MatTraitConst, MatTraitConstManual, Rect, Scalar, Size};
use opencv::imgproc;
use thiserror::Error;

use crate::codec;
pub use crate::codec::{DecodeError, decode};
use crate::cover::coarsen;

/// The part of a standing person's box that holds the head, from the top, as a share of its height.
const HEAD_SHARE: f32 = 0.24;

/// How large words are beside marks in a small picture.
const TEXT_SCALE_SMALL: f64 = 0.35;

/// What to cut out of a frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Crop {
    /// The object, in shares of the frame.
    pub bbox: BoundingBox,
    /// Margin on each side, as a share of the object's size.
    pub margin: f32,
    /// What becomes of the head.
    pub head: Head,
}

/// What becomes of the upper part of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Head {
    /// It stays.
    AsSeen,
    /// It is coarsened beyond recognition before the picture exists anywhere but in memory.
    Blurred,
}

/// Why a picture cannot be made.
#[derive(Debug, Error)]
pub enum PictureError {
    /// OpenCV refused.
    #[error("the picture cannot be worked on")]
    OpenCv(#[from] opencv::Error),
    /// The JPEG library refused.
    #[error("the picture cannot be written as a JPEG")]
    Jpeg(#[from] turbojpeg::Error),
    /// Nothing is left inside the frame.
    #[error("nothing of the crop lies inside the frame of {width} x {height} pixels")]
    EmptyCrop {
        /// The frame's width.
        width: usize,
        /// The frame's height.
        height: usize,
    },
}

/// A picture of ours in packed BGR.
#[derive(Debug)]
pub struct Picture {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) data: Vec<u8>,
}

impl Picture {
    /// A look at it.
    pub fn view(&self) -> PixelView<'_> {
        PixelView::new(self.width, self.height, self.width * 3, &self.data).expect("it was filled to this size")
    }

    /// A JPEG of it, of `quality` 0 to 100, with nothing in the file besides the pixels.
    pub fn jpeg(&self, quality: i32) -> Result<Vec<u8>, PictureError> {
        codec::jpeg(&self.data, self.width, self.height, quality)
    }
}

/// Largest picture file in bytes.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Why a picture file gives no picture.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The file cannot be read.
    #[error("cannot read the picture \"{path}\"", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is too large.
    #[error("the picture \"{path}\" has {bytes} bytes; at most {FILE_BYTES_MAX} are accepted", path = path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
    },
    /// The file holds no picture that can be decoded.
    #[error("\"{path}\" is damaged or no picture: JPEG and PNG are accepted", path = path.display())]
    Decode {
        /// The file.
        path: PathBuf,
        /// Why.
        source: DecodeError,
    },
}

/// Reads a JPEG or PNG file.
pub fn read_picture(path: &Path) -> Result<Picture, ReadError> {
    let failed = |source| ReadError::Read { path: path.to_owned(), source };
    let bytes = std::fs::metadata(path).map_err(failed)?.len();
    if bytes > FILE_BYTES_MAX {
        return Err(ReadError::TooLarge { path: path.to_owned(), bytes });
    }
    let file = std::fs::read(path).map_err(failed)?;
    decode(&file).map_err(|source| ReadError::Decode { path: path.to_owned(), source })
}

/// Scales a packed BGR picture with area averaging, which does not alias when it shrinks.
pub fn resized(picture: &PixelView<'_>, width: usize, height: usize) -> Result<Picture, PictureError> {
    let packed = packed((0..picture.height()).map(|y| &picture.row(y)[..picture.width() * 3]));
    let from =
        Mat::new_rows_cols_with_bytes::<opencv::core::Vec3b>(side(picture.height()), side(picture.width()), &packed)?;
    let mut to = Mat::default();
    imgproc::resize(&from, &mut to, Size::new(side(width), side(height)), 0.0, 0.0, imgproc::INTER_AREA)?;
    Ok(Picture { width, height, data: to.data_bytes()?.to_vec() })
}

/// Encodes a frame, or what `crop` cuts out of it, as JPEG of `quality` 0 to 100, scaled down where a side is longer
/// than `side_px_max`.
pub fn encode_jpeg(
    frame: &I420View<'_>,
    crop: Option<Crop>,
    side_px_max: u32,
    quality: i32,
) -> Result<Vec<u8>, PictureError> {
    let whole = Area { x: 0, y: 0, width: frame.width(), height: frame.height() };
    let area = match &crop {
        None => whole,
        Some(crop) => area_of(crop, frame)?,
    };
    let mut bgr = cut_bgr(frame, area)?;
    if let Some(Crop { bbox, head: Head::Blurred, .. }) = &crop {
        blur_head(&mut bgr, bbox, area, frame)?;
    }
    let longest = area.width.max(area.height) as f64;
    let scale = f64::from(side_px_max) / longest;
    if scale < 1.0 {
        let mut smaller = Mat::default();
        let length = |length: usize| side(((length as f64 * scale) as usize).max(1));
        imgproc::resize(
            &bgr,
            &mut smaller,
            Size::new(length(area.width), length(area.height)),
            0.0,
            0.0,
            imgproc::INTER_AREA,
        )?;
        bgr = smaller;
    }
    encoded(&bgr, quality)
}

/// A part of a frame in pixels, with even edges, as its halved chroma wants.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Area {
    pub(crate) x: usize,
    pub(crate) y: usize,
    pub(crate) width: usize,
    pub(crate) height: usize,
}

/// Rows behind one another, as OpenCV takes them.
pub(crate) fn packed<'a>(rows: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    // Whole rows at a time: byte by byte it takes ten times as long.
    rows.collect::<Vec<_>>().concat()
}

pub(crate) fn side(length: usize) -> i32 {
    i32::try_from(length).unwrap_or(i32::MAX)
}

fn area_of(crop: &Crop, frame: &I420View<'_>) -> Result<Area, PictureError> {
    let b = &crop.bbox;
    let (mx, my) = (b.width() * crop.margin, b.height() * crop.margin);
    let even =
        |share: f32, length: usize| ((share.clamp(0.0, 1.0) * length as f32).round() as usize).min(length) / 2 * 2;
    let (x, y) = (even(b.x0() - mx, frame.width()), even(b.y0() - my, frame.height()));
    let (x1, y1) = (even(b.x1() + mx, frame.width()), even(b.y1() + my, frame.height()));
    if x1 < x + 2 || y1 < y + 2 {
        return Err(PictureError::EmptyCrop { width: frame.width(), height: frame.height() });
    }
    Ok(Area { x, y, width: x1 - x, height: y1 - y })
}

/// Copies an area's planes together as OpenCV wants I420 (luma, then both chroma planes) and converts them.
pub(crate) fn cut_bgr(frame: &I420View<'_>, area: Area) -> Result<Mat, PictureError> {
    // A whole frame of odd size loses its last column or row: half a chroma sample is nobody's evidence.
    let (width, height) = (area.width / 2 * 2, area.height / 2 * 2);
    if width == 0 || height == 0 {
        return Err(PictureError::EmptyCrop { width: frame.width(), height: frame.height() });
    }
    let mut planes = Vec::with_capacity(width * height * 3 / 2);
    for (plane, by) in [(frame.y(), 1), (frame.u(), 2), (frame.v(), 2)] {
        for row in area.y / by..(area.y + height) / by {
            let start = row * plane.stride + area.x / by;
            planes.extend_from_slice(&plane.data[start..start + width / by]);
        }
    }
    let i420 = Mat::new_rows_cols_with_bytes::<u8>(side(height * 3 / 2), side(width), &planes)?;
    let mut bgr = Mat::default();
    imgproc::cvt_color(&i420, &mut bgr, imgproc::COLOR_YUV2BGR_I420, 0)?;
    Ok(bgr)
}

pub(crate) fn blur_head(
    bgr: &mut Mat,
    bbox: &BoundingBox,
    area: Area,
    frame: &I420View<'_>,
) -> Result<(), PictureError> {
    let (width, height) = (frame.width() as f32, frame.height() as f32);
    let (columns, rows) = (bgr.cols(), bgr.rows());
    // A little wider and higher than the box, which may sit tight.
    let x0 = ((bbox.x0() - 0.1 * bbox.width()) * width) as i32 - side(area.x);
    let x1 = ((bbox.x1() + 0.1 * bbox.width()) * width).ceil() as i32 - side(area.x);
    let y0 = ((bbox.y0() - 0.05 * bbox.height()) * height) as i32 - side(area.y);
    let y1 = ((bbox.y0() + HEAD_SHARE * bbox.height()) * height).ceil() as i32 - side(area.y);
    let (x0, x1, y0, y1) = (x0.clamp(0, columns), x1.clamp(0, columns), y0.clamp(0, rows), y1.clamp(0, rows));
    if x1 <= x0 || y1 <= y0 {
        return Ok(());
    }
    coarsen(bgr, Rect::new(x0, y0, x1 - x0, y1 - y0))?;
    Ok(())
}

/// A box drawn over a picture, with a word beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// Where, as shares of the picture.
    pub bbox: BoundingBox,
    /// What stands beside it; other letters than ASCII are drawn as `?`.
    pub text: String,
    /// Blue, green, red.
    pub colour: [u8; 3],
}

/// A JPEG of a small picture with marks on it, for people who look at a camera.
pub fn marked_jpeg(picture: &PixelView<'_>, marks: &[Mark], quality: i32) -> Result<Vec<u8>, PictureError> {
    let packed = packed((0..picture.height()).map(|y| &picture.row(y)[..picture.width() * 3]));
    let shown =
        Mat::new_rows_cols_with_bytes::<opencv::core::Vec3b>(side(picture.height()), side(picture.width()), &packed)?;
    let mut shown = shown.try_clone()?;
    draw_marks(&mut shown, marks, TEXT_SCALE_SMALL)?;
    encoded(&shown, quality)
}

/// Draws boxes with their words on a packed picture.
pub(crate) fn draw_marks(shown: &mut Mat, marks: &[Mark], text_scale: f64) -> Result<(), PictureError> {
    let (width, height) = (shown.cols() as f32, shown.rows() as f32);
    for mark in marks {
        let (x, y) = ((mark.bbox.x0() * width) as i32, (mark.bbox.y0() * height) as i32);
        let (w, h) = ((mark.bbox.width() * width) as i32, (mark.bbox.height() * height) as i32);
        let area = Rect::new(x, y, w.max(1), h.max(1));
        imgproc::rectangle(shown, area, scalar(mark.colour), 1, imgproc::LINE_8, 0)?;
        draw_text(shown, &mark.text, (x, y - 3), mark.colour, text_scale)?;
    }
    Ok(())
}

/// Writes a word whose lower left corner is at `(x, y)`, pixels; moved down where it would not be seen.
pub(crate) fn draw_text(
    shown: &mut Mat,
    text: &str,
    (x, y): (i32, i32),
    colour: [u8; 3],
    scale: f64,
) -> Result<(), PictureError> {
    let text: String = text.chars().map(|c| if c.is_ascii() { c } else { '?' }).collect();
    let at = opencv::core::Point::new(x, y.max((scale * 26.0) as i32));
    let font = imgproc::FONT_HERSHEY_SIMPLEX;
    imgproc::put_text(shown, &text, at, font, scale, scalar(colour), 1, imgproc::LINE_AA, false)?;
    Ok(())
}

pub(crate) fn scalar(colour: [u8; 3]) -> Scalar {
    let [blue, green, red] = colour.map(f64::from);
    Scalar::new(blue, green, red, 0.0)
}

/// A JPEG of a packed picture.
pub(crate) fn encoded(shown: &Mat, quality: i32) -> Result<Vec<u8>, PictureError> {
    let length = |length: i32| usize::try_from(length).unwrap_or(0);
    codec::jpeg(shown.data_bytes()?, length(shown.cols()), length(shown.rows()), quality)
}
