//! A model's input that a picture is fitted into with its aspect kept, at the top left.

use domain::I420View;
use opencv::core::{Mat, MatTraitConstManual, Size};
use opencv::imgproc;
use ort::value::Tensor;

use crate::look::{PictureSource, spread};
use crate::picture::{Area, PictureError, packed, side};

/// The input's numbers: planes of blue, green and red, 0 to 255. Used again for every picture.
#[derive(Debug)]
pub(crate) struct FittedInput {
    width: usize,
    height: usize,
    /// What stands where the picture does not reach.
    padding: f32,
    tensor: Tensor<f32>,
    covered: (usize, usize),
}

impl FittedInput {
    /// An input of `width` × `height` pixels.
    pub(crate) fn new(width: usize, height: usize, padding: f32) -> ort::Result<Self> {
        let tensor = Tensor::from_array(ndarray::Array4::<f32>::from_elem((1, 3, height, width), padding))?;
        Ok(Self { width, height, padding, tensor, covered: (0, 0) })
    }

    pub(crate) fn tensor(&self) -> &Tensor<f32> {
        &self.tensor
    }

    /// Cells of `stride` pixels in a row and in all.
    pub(crate) fn cells(&self, stride: usize) -> (usize, usize) {
        (self.width / stride, (self.width / stride) * (self.height / stride))
    }

    /// Puts the picture in; gives the width and height that it covers.
    pub(crate) fn fill(&mut self, source: &PictureSource<'_>) -> Result<(usize, usize), PictureError> {
        let (from_width, from_height) = source.size();
        let scale = (self.width as f64 / from_width as f64).min(self.height as f64 / from_height as f64);
        // Even, for the halved chroma of I420.
        let fitted = |length: usize, most: usize| ((length as f64 * scale) as usize / 2 * 2).clamp(2, most);
        let (columns, rows) = (fitted(from_width, self.width), fitted(from_height, self.height));
        let small = match source {
            PictureSource::I420(frame) => shrunk_i420(frame, columns, rows)?,
            PictureSource::Bgr(view) => {
                let whole = Area { x: 0, y: 0, width: view.width(), height: view.height() };
                let full = source.cut(whole)?;
                let mut small = Mat::default();
                let how = if scale < 1.0 { imgproc::INTER_AREA } else { imgproc::INTER_LINEAR };
                imgproc::resize(&full, &mut small, Size::new(side(columns), side(rows)), 0.0, 0.0, how)?;
                small
            }
        };
        let (_, planes) = self.tensor.extract_tensor_mut();
        if self.covered != (columns, rows) {
            planes.fill(self.padding);
            self.covered = (columns, rows);
        }
        spread(small.data_bytes()?, columns, rows, planes, self.width, self.height);
        Ok((columns, rows))
    }
}

/// Shrinks the three planes first and converts afterwards: a tenth of the work of the other order.
fn shrunk_i420(frame: &I420View<'_>, columns: usize, rows: usize) -> Result<Mat, PictureError> {
    let mut planes = Vec::with_capacity(columns * rows * 3 / 2);
    let half = |length: usize| length.div_ceil(2);
    let (width, height) = (frame.width(), frame.height());
    for (plane, from, to) in [
        (frame.y(), (width, height), (columns, rows)),
        (frame.u(), (half(width), half(height)), (columns / 2, rows / 2)),
        (frame.v(), (half(width), half(height)), (columns / 2, rows / 2)),
    ] {
        let copied: Vec<u8>;
        let bytes = if plane.stride == from.0 {
            &plane.data[..from.0 * from.1]
        } else {
            copied = packed((0..from.1).map(|y| &plane.data[y * plane.stride..][..from.0]));
            &copied
        };
        let full = Mat::new_rows_cols_with_bytes::<u8>(side(from.1), side(from.0), bytes)?;
        let mut small = Mat::default();
        imgproc::resize(&full, &mut small, Size::new(side(to.0), side(to.1)), 0.0, 0.0, imgproc::INTER_AREA)?;
        planes.extend_from_slice(small.data_bytes()?);
    }
    let i420 = Mat::new_rows_cols_with_bytes::<u8>(side(rows * 3 / 2), side(columns), &planes)?;
    let mut bgr = Mat::default();
    imgproc::cvt_color(&i420, &mut bgr, imgproc::COLOR_YUV2BGR_I420, 0)?;
    Ok(bgr)
}
