//! Looking for plates and faces: the picture that is looked at, what a model is given of it and gives back.

use domain::{I420View, PixelView};
use opencv::core::{Mat, Vec3b};
use thiserror::Error;

use crate::picture::{Area, PictureError, cut_bgr, packed, side};

/// A picture that plates or faces are looked for in.
#[derive(Clone, Copy)]
pub enum PictureSource<'a> {
    /// Packed BGR, as pictures from files are.
    Bgr(&'a PixelView<'a>),
    /// I420, as frames of a camera are.
    I420(&'a I420View<'a>),
}

impl PictureSource<'_> {
    /// Width and height in pixels.
    pub fn size(&self) -> (usize, usize) {
        match self {
            Self::Bgr(view) => (view.width(), view.height()),
            Self::I420(view) => (view.width(), view.height()),
        }
    }

    /// A part of it as BGR.
    pub(crate) fn cut(&self, area: Area) -> Result<Mat, PictureError> {
        match self {
            Self::I420(view) => cut_bgr(view, area),
            Self::Bgr(view) => {
                let rows = area.y..area.y + area.height;
                let columns = area.x * 3..(area.x + area.width) * 3;
                let packed = packed(rows.map(|y| &view.row(y)[columns.clone()]));
                let borrowed = Mat::new_rows_cols_with_bytes::<Vec3b>(side(area.height), side(area.width), &packed)?;
                Ok(opencv::core::MatTraitConst::try_clone(&borrowed)?)
            }
        }
    }
}

/// Why plates cannot be found or read in a picture, or faces not found. (A picture without any gives an empty list.)
#[derive(Debug, Error)]
pub enum LookError {
    /// The picture cannot be worked on.
    #[error("the picture cannot be prepared for the model")]
    Picture(#[from] PictureError),
    /// The model failed.
    #[error("the model failed on a picture")]
    Run(#[from] ort::Error),
    /// The model gave tensors of another shape than it promised.
    #[error("the model gave {found} numbers as \"{name}\" where it promised {promised}")]
    Output {
        /// Which output.
        name: &'static str,
        /// What came.
        found: usize,
        /// What was promised.
        promised: usize,
    },
}

impl From<opencv::Error> for LookError {
    fn from(error: opencv::Error) -> Self {
        Self::Picture(error.into())
    }
}

/// The numbers of one output, of which there must be `promised`.
pub(crate) fn numbers<'o>(
    outputs: &'o ort::session::SessionOutputs<'_>,
    name: &'static str,
    promised: usize,
) -> Result<&'o [f32], LookError> {
    let Some(value) = outputs.get(name) else { return Err(LookError::Output { name, found: 0, promised }) };
    let (_, numbers) = value.try_extract_tensor::<f32>()?;
    if numbers.len() == promised {
        Ok(numbers)
    } else {
        Err(LookError::Output { name, found: numbers.len(), promised })
    }
}

/// Spreads packed BGR bytes over three planes of `width` × `height` numbers, from the top left.
pub(crate) fn spread(bgr: &[u8], columns: usize, rows: usize, planes: &mut [f32], width: usize, height: usize) {
    let (blue, rest) = planes.split_at_mut(width * height);
    let (green, red) = rest.split_at_mut(width * height);
    let (pixels, _) = bgr.as_chunks::<3>();
    for y in 0..rows {
        let at = y * width..y * width + columns;
        let row = &pixels[y * columns..(y + 1) * columns];
        for (((b, g), r), pixel) in blue[at.clone()].iter_mut().zip(&mut green[at.clone()]).zip(&mut red[at]).zip(row) {
            *b = f32::from(pixel[0]);
            *g = f32::from(pixel[1]);
            *r = f32::from(pixel[2]);
        }
    }
}
