//! Finding plates.

use std::path::Path;

use domain::I420View;
use opencv::core::{Mat, MatTraitConstManual, Size};
use opencv::imgproc;
use ort::session::Session;
use ort::value::Tensor;
use perception::plate::{FoundPlate, Grid, decode_plates};

use super::{PlateError, PlateSource, numbers, spread};
use crate::detector::{OpenError, Threads, open_session};
use crate::manifest::{ModelEntry, PlateDetectorSpec, Spec};
use crate::picture::{Area, PictureError, side};
use crate::runtime::Runtime;

/// Strides of the model's grids and the names of its outputs.
const GRIDS: [(usize, &str, &str); 3] =
    [(8, "score_8", "corners_8"), (16, "score_16", "corners_16"), (32, "score_32", "corners_32")];
/// What fills the input where the picture does not: the model's middle grey.
const PADDING: f32 = 128.0;

/// Finds plates and their corners. Its buffers are used again for every picture.
#[derive(Debug)]
pub struct PlateDetector {
    session: Session,
    spec: PlateDetectorSpec,
    width: usize,
    height: usize,
    input: Tensor<f32>,
    covered: (usize, usize),
}

impl PlateDetector {
    /// Opens the model. `size` is the input's width and height in pixels, multiples of 32; the entry's where absent.
    /// The cost goes with its area, the smallest plate that is found with its width.
    pub fn open(
        runtime: &Runtime,
        entry: &ModelEntry,
        path: &Path,
        threads: Threads,
        size: Option<(u32, u32)>,
    ) -> Result<Self, OpenError> {
        let Spec::PlateDetector(spec) = entry.spec else {
            return Err(OpenError::Role { id: entry.id.clone(), wanted: "plate detector" });
        };
        let session = open_session(runtime, path, threads)?;
        let missing = GRIDS
            .iter()
            .flat_map(|(_, score, corners)| [*score, *corners])
            .find(|name| !session.outputs().iter().any(|output| output.name() == *name));
        if let Some(name) = missing {
            return Err(OpenError::Shape {
                path: path.to_owned(),
                found: format!("no output \"{name}\""),
                expected: "score_S and corners_S for the strides 8, 16 and 32".to_owned(),
            });
        }
        let (width, height) = size.unwrap_or(entry.input_size);
        let (width, height) = (width as usize, height as usize);
        let input = Tensor::from_array(ndarray::Array4::<f32>::from_elem((1, 3, height, width), PADDING))
            .map_err(OpenError::Session)?;
        Ok(Self { session, spec, width, height, input, covered: (0, 0) })
    }

    /// The plates of a picture, best first, their corners in shares of the picture.
    pub fn find(&mut self, source: &PlateSource<'_>) -> Result<Vec<FoundPlate>, PlateError> {
        let (columns, rows) = self.prepare(source)?;
        let outputs = self.session.run(ort::inputs![&self.input])?;
        let mut grids = Vec::with_capacity(GRIDS.len());
        for (stride, score, corners) in GRIDS {
            let cells = (self.width / stride) * (self.height / stride);
            let scores = numbers(&outputs, score, cells)?;
            let corners = numbers(&outputs, corners, cells * 8)?;
            grids.push(Grid { stride, columns: self.width / stride, scores, corners });
        }
        let found = decode_plates(&grids, self.spec.score_min, self.spec.overlap_max);
        let (x, y) = (1.0 / columns as f32, 1.0 / rows as f32);
        Ok(found.iter().map(|plate| plate.scaled(x, y)).collect())
    }

    /// Fits the picture into the top left of the input with its aspect kept; gives the part it covers.
    fn prepare(&mut self, source: &PlateSource<'_>) -> Result<(usize, usize), PlateError> {
        let (from_width, from_height) = source.size();
        let scale = (self.width as f64 / from_width as f64).min(self.height as f64 / from_height as f64);
        // Even, for the halved chroma of I420.
        let fitted = |length: usize, most: usize| ((length as f64 * scale) as usize / 2 * 2).clamp(2, most);
        let (columns, rows) = (fitted(from_width, self.width), fitted(from_height, self.height));
        let small = match source {
            PlateSource::I420(frame) => shrunk_i420(frame, columns, rows)?,
            PlateSource::Bgr(view) => {
                let whole = Area { x: 0, y: 0, width: view.width(), height: view.height() };
                let full = source.cut(whole)?;
                let mut small = Mat::default();
                let how = if scale < 1.0 { imgproc::INTER_AREA } else { imgproc::INTER_LINEAR };
                imgproc::resize(&full, &mut small, Size::new(side(columns), side(rows)), 0.0, 0.0, how)?;
                small
            }
        };
        let (_, planes) = self.input.extract_tensor_mut();
        if self.covered != (columns, rows) {
            planes.fill(PADDING);
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
        let packed: Vec<u8>;
        let bytes = if plane.stride == from.0 {
            &plane.data[..from.0 * from.1]
        } else {
            let rows = (0..from.1).flat_map(|y| &plane.data[y * plane.stride..y * plane.stride + from.0]);
            packed = rows.copied().collect();
            &packed
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
