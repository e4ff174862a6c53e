//! Finding plates.

use std::path::Path;

use ort::session::Session;
use perception::plate::{FoundPlate, Grid, decode_plates};

use crate::detector::{OpenError, Threads, expect_outputs, open_session};
use crate::fitted::FittedInput;
use crate::look::{LookError, PictureSource, numbers};
use crate::manifest::{ModelEntry, PlateDetectorSpec, Spec};
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
    input: FittedInput,
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
        let names = GRIDS.iter().flat_map(|(_, score, corners)| [*score, *corners]);
        expect_outputs(&session, path, names, "score_S and corners_S for the strides 8, 16 and 32")?;
        let (width, height) = size.unwrap_or(entry.input_size);
        let input = FittedInput::new(width as usize, height as usize, PADDING).map_err(OpenError::Session)?;
        Ok(Self { session, spec, input })
    }

    /// The plates of a picture, best first, their corners in shares of the picture.
    pub fn find(&mut self, source: &PictureSource<'_>) -> Result<Vec<FoundPlate>, LookError> {
        let (columns, rows) = self.input.fill(source)?;
        let outputs = self.session.run(ort::inputs![self.input.tensor()])?;
        let mut grids = Vec::with_capacity(GRIDS.len());
        for (stride, score, corners) in GRIDS {
            let (in_a_row, cells) = self.input.cells(stride);
            let scores = numbers(&outputs, score, cells)?;
            let corners = numbers(&outputs, corners, cells * 8)?;
            grids.push(Grid { stride, columns: in_a_row, scores, corners });
        }
        let found = decode_plates(&grids, self.spec.score_min, self.spec.overlap_max);
        let (x, y) = (1.0 / columns as f32, 1.0 / rows as f32);
        Ok(found.iter().map(|plate| plate.scaled(x, y)).collect())
    }
}
