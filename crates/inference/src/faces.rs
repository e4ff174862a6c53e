//! Finding faces. Nobody is recognised here: where a face is, it can be covered.

use std::path::Path;

use ort::session::Session;
use perception::face::{FaceGrid, FoundFace, decode_faces};

use crate::detector::{OpenError, Threads, expect_outputs, open_session};
use crate::fitted::FittedInput;
use crate::look::{LookError, PictureSource, numbers};
use crate::manifest::{FaceDetectorSpec, ModelEntry, Spec};
use crate::runtime::Runtime;

/// Strides of the model's grids and the names of its outputs: class, object, box, landmarks.
const GRIDS: [(usize, [&str; 4]); 3] = [
    (8, ["cls_8", "obj_8", "bbox_8", "kps_8"]),
    (16, ["cls_16", "obj_16", "bbox_16", "kps_16"]),
    (32, ["cls_32", "obj_32", "bbox_32", "kps_32"]),
];
/// What fills the input where the picture does not: as in the model's training.
const PADDING: f32 = 0.0;

/// Finds faces with five landmarks. Its buffers are used again for every picture.
#[derive(Debug)]
pub struct FaceDetector {
    session: Session,
    spec: FaceDetectorSpec,
    input: FittedInput,
}

impl FaceDetector {
    /// Opens the model. `size` is the input's width and height in pixels, multiples of 32; the entry's where absent.
    /// The smallest face that is found is about ten pixels wide in that size.
    pub fn open(
        runtime: &Runtime,
        entry: &ModelEntry,
        path: &Path,
        threads: Threads,
        size: Option<(u32, u32)>,
    ) -> Result<Self, OpenError> {
        let Spec::FaceDetector(spec) = entry.spec else {
            return Err(OpenError::Role { id: entry.id.clone(), wanted: "face detector" });
        };
        let session = open_session(runtime, path, threads)?;
        let names = GRIDS.iter().flat_map(|(_, names)| names.iter().copied());
        expect_outputs(&session, path, names, "cls_S, obj_S, bbox_S and kps_S for the strides 8, 16 and 32")?;
        let (width, height) = size.unwrap_or(entry.input_size);
        let input = FittedInput::new(width as usize, height as usize, PADDING).map_err(OpenError::Session)?;
        Ok(Self { session, spec, input })
    }

    /// The faces of a picture, best first, in shares of the picture.
    pub fn find(&mut self, source: &PictureSource<'_>) -> Result<Vec<FoundFace>, LookError> {
        let (columns, rows) = self.input.fill(source)?;
        let outputs = self.session.run(ort::inputs![self.input.tensor()])?;
        let mut grids = Vec::with_capacity(GRIDS.len());
        for (stride, [classes, objects, boxes, landmarks]) in GRIDS {
            let (in_a_row, cells) = self.input.cells(stride);
            grids.push(FaceGrid {
                stride,
                columns: in_a_row,
                classes: numbers(&outputs, classes, cells)?,
                objects: numbers(&outputs, objects, cells)?,
                boxes: numbers(&outputs, boxes, cells * 4)?,
                landmarks: numbers(&outputs, landmarks, cells * 10)?,
            });
        }
        let found = decode_faces(&grids, self.spec.score_min, self.spec.overlap_max);
        let (x, y) = (1.0 / columns as f32, 1.0 / rows as f32);
        Ok(found.iter().filter_map(|face| face.scaled(x, y)).collect())
    }
}
