//! Finding persons and vehicles in a picture.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use domain::{Detection, PixelView};
use ort::session::Session;
use ort::session::builder::GraphOptimizationLevel;
use ort::value::{Tensor, ValueType};
use perception::decode::{Covered, YoloxGrid, decode_ssd, decode_yolox};
use perception::nms::suppress;
use thiserror::Error;

use crate::manifest::{DetectorSpec, Fit, ModelEntry, Output, Spec};
use crate::picture::{PictureError, resized};
use crate::runtime::Runtime;

/// Grey around a letterboxed picture.
const PADDING: f32 = 114.0;

/// How many threads a session may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Threads {
    /// Threads within one operator. One is right where several cameras share the machine.
    pub intra: usize,
}

/// Where the time of one frame went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StageTimes {
    /// Pixels into the model's input.
    pub preprocess: Duration,
    /// The model itself.
    pub inference: Duration,
    /// Its output into detections.
    pub postprocess: Duration,
}

/// Why a model cannot be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// ONNX Runtime refuses the file.
    #[error("cannot open the model \"{path}\": the file is missing, damaged or not an ONNX model", path = path.display())]
    Load {
        /// The file.
        path: PathBuf,
        /// What ONNX Runtime says.
        source: ort::Error,
    },
    /// The model is another one than the manifest describes.
    #[error("the model \"{path}\" has {found}, but the manifest describes {expected}", path = path.display())]
    Shape {
        /// The file.
        path: PathBuf,
        /// What the file has.
        found: String,
        /// What the manifest says.
        expected: String,
    },
    /// The model is for another purpose.
    #[error("the model \"{id}\" is no {wanted}")]
    Role {
        /// The model.
        id: String,
        /// What was wanted.
        wanted: &'static str,
    },
    /// The session cannot be set up.
    #[error("cannot set up a session of ONNX Runtime")]
    Session(#[source] ort::Error),
}

/// Why a picture gives no detections. (A picture without objects gives an empty list.)
#[derive(Debug, Error)]
pub enum DetectError {
    /// The picture cannot be brought to the model's size.
    #[error("the picture cannot be scaled for the model")]
    Picture(#[from] PictureError),
    /// The model failed.
    #[error("the model failed on a picture")]
    Run(#[from] ort::Error),
    /// The model gave tensors of another shape than it promised.
    #[error("the model gave {0} numbers where it promised {1}")]
    Output(usize, usize),
}

/// A detector, ready to run. Its buffers are used again for every picture.
#[derive(Debug)]
pub struct Detector {
    session: Session,
    size: (usize, usize),
    spec: DetectorSpec,
    input: Tensor<f32>,
    /// What of a letterboxed input the last picture covered: where it covers the same again, the grey is in place.
    covered: Option<(usize, usize)>,
    grid: YoloxGrid,
    candidates: usize,
}

impl Detector {
    /// Opens the model `entry` from `path` and holds its shape against the manifest.
    pub fn open(runtime: &Runtime, entry: &ModelEntry, path: &Path, threads: Threads) -> Result<Self, OpenError> {
        let Spec::Detector(spec) = &entry.spec else {
            return Err(OpenError::Role { id: entry.id.clone(), wanted: "detector of persons and vehicles" });
        };
        let session = open_session(runtime, path, threads)?;
        let (width, height) = size(entry);
        let candidates = check_shape(&session, entry, spec, path)?;
        let input = Tensor::from_array(ndarray::Array4::<f32>::from_elem((1, 3, height, width), PADDING))
            .map_err(OpenError::Session)?;
        let grid = YoloxGrid::new(width, height);
        let (size, spec) = ((width, height), spec.clone());
        Ok(Self { session, size, spec, input, covered: None, grid, candidates })
    }

    /// Width and height of the model's input in pixels.
    pub fn input_size(&self) -> (u32, u32) {
        (u32::try_from(self.size.0).unwrap_or(u32::MAX), u32::try_from(self.size.1).unwrap_or(u32::MAX))
    }

    /// How a picture should be brought to that size; one that is there already costs nothing more.
    pub fn fit(&self) -> Fit {
        self.spec.fit
    }

    /// What is in the picture.
    pub fn detect(&mut self, picture: &PixelView<'_>) -> Result<Vec<Detection>, DetectError> {
        self.detect_timed(picture).map(|(detections, _)| detections)
    }

    /// What is in the picture, and where the time went.
    pub fn detect_timed(&mut self, picture: &PixelView<'_>) -> Result<(Vec<Detection>, StageTimes), DetectError> {
        let started = Instant::now();
        let covered = self.prepare(picture)?;
        let prepared = Instant::now();
        let outputs = self.session.run(ort::inputs![&self.input])?;
        let ran = Instant::now();
        let mut found = Vec::new();
        let DetectorSpec { channels, score_min, overlap_max, .. } = &self.spec;
        match self.spec.output {
            Output::Ssd => {
                let (_, boxes) = outputs["boxes"].try_extract_tensor::<f32>()?;
                let (_, scores) = outputs["scores"].try_extract_tensor::<f32>()?;
                expect_length(boxes, self.candidates * 4)?;
                expect_length(scores, self.candidates * channels.count())?;
                decode_ssd(boxes, scores, channels, *score_min, &mut found);
            }
            Output::Yolox => {
                let (_, rows) = outputs[0].try_extract_tensor::<f32>()?;
                expect_length(rows, self.candidates * (5 + channels.count()))?;
                decode_yolox(rows, &self.grid, covered, channels, *score_min, &mut found);
            }
        }
        suppress(&mut found, *overlap_max);
        let times =
            StageTimes { preprocess: prepared - started, inference: ran - prepared, postprocess: ran.elapsed() };
        Ok((found, times))
    }

    fn prepare(&mut self, picture: &PixelView<'_>) -> Result<Covered, DetectError> {
        let (width, height) = self.size;
        let fits = match self.spec.fit {
            Fit::Stretch => (picture.width(), picture.height()) == (width, height),
            Fit::Letterbox => {
                let touches = picture.width() == width || picture.height() == height;
                touches && picture.width() <= width && picture.height() <= height
            }
        };
        if fits {
            return Ok(self.fill(picture));
        }
        let (to_width, to_height) = match self.spec.fit {
            Fit::Stretch => (width, height),
            Fit::Letterbox => {
                let scale = (width as f64 / picture.width() as f64).min(height as f64 / picture.height() as f64);
                let side = |length: usize, most: usize| ((length as f64 * scale) as usize).clamp(1, most);
                (side(picture.width(), width), side(picture.height(), height))
            }
        };
        let scaled = resized(picture, to_width, to_height)?;
        Ok(self.fill(&scaled.view()))
    }

    /// Spreads interleaved bytes over the three planes of the input. The picture is not larger than the input.
    fn fill(&mut self, picture: &PixelView<'_>) -> Covered {
        let (width, height) = self.size;
        let shape = (picture.width(), picture.height());
        let (_, numbers) = self.input.extract_tensor_mut();
        if self.covered != Some(shape) {
            numbers.fill(PADDING);
            self.covered = Some(shape);
        }
        let (blue, rest) = numbers.split_at_mut(width * height);
        let (green, red) = rest.split_at_mut(width * height);
        for y in 0..picture.height() {
            let at = y * width..y * width + picture.width();
            let (pixels, _) = picture.row(y).as_chunks::<3>();
            let planes = blue[at.clone()].iter_mut().zip(&mut green[at.clone()]).zip(&mut red[at]);
            for (((b, g), r), pixel) in planes.zip(pixels) {
                *b = f32::from(pixel[0]);
                *g = f32::from(pixel[1]);
                *r = f32::from(pixel[2]);
            }
        }
        Covered { width_px: shape.0, height_px: shape.1 }
    }
}

/// Opens a model the way every model of a node is run.
pub(crate) fn open_session(runtime: &Runtime, path: &Path, threads: Threads) -> Result<Session, OpenError> {
    Session::builder(runtime.environment())
        .and_then(|builder| {
            let builder = builder.with_optimization_level(GraphOptimizationLevel::All)?;
            let builder = builder.with_intra_threads(threads.intra)?;
            // Threads that spin while they wait take the core from the other cameras.
            Ok(builder.with_intra_op_spinning(false)?)
        })
        .map_err(OpenError::Session)?
        .commit_from_file(path)
        .map_err(|source| OpenError::Load { path: path.to_owned(), source })
}

/// Refuses a model that lacks one of these outputs; `expected` names them for people.
pub(crate) fn expect_outputs<'n>(
    session: &Session,
    path: &Path,
    names: impl IntoIterator<Item = &'n str>,
    expected: &str,
) -> Result<(), OpenError> {
    let is_missing = |name: &&str| !session.outputs().iter().any(|output| output.name() == *name);
    match names.into_iter().find(is_missing) {
        None => Ok(()),
        Some(name) => Err(OpenError::Shape {
            path: path.to_owned(),
            found: format!("no output \"{name}\""),
            expected: expected.to_owned(),
        }),
    }
}

fn size(entry: &ModelEntry) -> (usize, usize) {
    (entry.input_size.0 as usize, entry.input_size.1 as usize)
}

fn expect_length(numbers: &[f32], promised: usize) -> Result<(), DetectError> {
    if numbers.len() == promised { Ok(()) } else { Err(DetectError::Output(numbers.len(), promised)) }
}

/// Holds the graph's tensors against the manifest; gives the number of candidates that the model promises.
fn check_shape(session: &Session, entry: &ModelEntry, spec: &DetectorSpec, path: &Path) -> Result<usize, OpenError> {
    let (width, height) = size(entry);
    let channels = spec.channels.count();
    let shape = |dtype: &ValueType| dtype.tensor_shape().map(|shape| shape.to_vec());
    let side = |length: usize| i64::try_from(length).unwrap_or(i64::MAX);
    let shown = |outlets: &[ort::value::Outlet]| {
        let each = outlets.iter().map(|o| match shape(o.dtype()) {
            Some(shape) => format!("{} {shape:?}", o.name()),
            None => format!("{} (no tensor)", o.name()),
        });
        each.collect::<Vec<_>>().join(", ")
    };
    let found = || format!("input {} and output {}", shown(session.inputs()), shown(session.outputs()));
    let input_fits = session.inputs().len() == 1
        && shape(session.inputs()[0].dtype()) == Some(vec![1, 3, side(height), side(width)]);
    let rows_of = |name: Option<&str>, columns: usize| {
        let mut outlets = session.outputs().iter();
        let outlet = outlets.find(|o| name.is_none_or(|name| o.name() == name))?;
        match shape(outlet.dtype())?[..] {
            [1, rows, found] if found == side(columns) => usize::try_from(rows).ok(),
            _ => None,
        }
    };
    let (rows, expected_output) = match spec.output {
        Output::Ssd => {
            let (boxes, scores) = (rows_of(Some("boxes"), 4), rows_of(Some("scores"), channels));
            (boxes.filter(|_| boxes == scores), format!("boxes [1, N, 4], scores [1, N, {channels}]"))
        }
        Output::Yolox => {
            let cells = YoloxGrid::new(width, height).len();
            let rows = rows_of(None, 5 + channels).filter(|rows| *rows == cells);
            (rows, format!("[1, {cells}, {}]", 5 + channels))
        }
    };
    rows.filter(|_| input_fits).ok_or_else(|| OpenError::Shape {
        path: path.to_owned(),
        found: found(),
        expected: format!("input [1, 3, {height}, {width}] and output {expected_output}"),
    })
}
