//! Reading rectified plates: a probability for each glyph at each position.

use std::path::Path;

use domain::Point;
use opencv::core::{Mat, MatTraitConstManual, Scalar};
use opencv::imgproc;
use ort::session::Session;
use ort::value::Tensor;

use super::rectify::{in_pixels, rectified, width_px};
use crate::detector::{OpenError, Threads, expect_outputs, open_session};
use crate::look::{LookError, PictureSource, numbers, spread};
use crate::manifest::{ModelEntry, PlateReaderSpec, Spec};
use crate::runtime::Runtime;

/// Positions that the reader looks for: one more than the longest phone number, so that it shows as too long.
pub const SLOTS: usize = 12;
/// 0-9, A-Z, Đ and, last, "no glyph".
pub const GLYPH_CLASSES: usize = 38;
/// Most plates that are read in one run of the model; more are read in several.
const BATCH_MAX: usize = 8;

/// What one look at a plate gives.
#[derive(Debug, Clone, PartialEq)]
pub struct PlateGlance {
    /// For each position in reading order the probability of each glyph, "no glyph" last.
    pub glyphs: Vec<[f32; GLYPH_CLASSES]>,
    /// Where each position was seen, in shares of the rectified plate.
    pub centres: Vec<Point>,
    /// Probability that there are two rows.
    pub two_rows: f32,
    /// Probabilities of a white, yellow, blue, red and any other ground.
    pub colours: [f32; 5],
    /// Probability that all of a plate is there.
    pub whole: f32,
    /// Probability that a plate is there whose edge is cut off.
    pub cut_off: f32,
    /// Probability that it is no plate.
    pub not_a_plate: f32,
    /// How good the look was.
    pub quality: Quality,
}

/// How good a look at a plate was.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quality {
    /// Width of the plate in the frame, pixels.
    pub width_px: f32,
    /// Spread of the second derivative over the spread of brightness, in the rectified plate: about 0.1 when blurred,
    /// above 0.5 when sharp. Noise raises it, which is why it is only one of several measures.
    pub sharpness: f32,
    /// Spread of brightness, 0 to 1.
    pub contrast: f32,
    /// Share of the plate that is burnt out.
    pub glare: f32,
    /// How far it is turned away: shorter over longer of opposite sides, 1 when seen from the front.
    pub frontality: f32,
}

impl Quality {
    /// One number for all: how much a look should count among those at the same plate, 0 to 1.
    pub fn weight(&self) -> f32 {
        let size = (self.width_px / 100.0).clamp(0.1, 1.0);
        let sharp = (self.sharpness / 0.35).clamp(0.1, 1.0);
        let contrast = (self.contrast / 0.15).clamp(0.1, 1.0);
        let clean = (1.0 - 2.0 * self.glare).clamp(0.1, 1.0);
        size * sharp * contrast * clean * self.frontality.clamp(0.3, 1.0)
    }
}

/// Reads plates.
#[derive(Debug)]
pub struct PlateReader {
    session: Session,
    spec: PlateReaderSpec,
    width: usize,
    height: usize,
}

impl PlateReader {
    /// Opens the model.
    pub fn open(runtime: &Runtime, entry: &ModelEntry, path: &Path, threads: Threads) -> Result<Self, OpenError> {
        let Spec::PlateReader(spec) = entry.spec else {
            return Err(OpenError::Role { id: entry.id.clone(), wanted: "plate reader" });
        };
        let session = open_session(runtime, path, threads)?;
        let names = ["glyphs", "centres", "rows", "colour", "state"];
        expect_outputs(&session, path, names, &format!("the outputs {}", names.join(", ")))?;
        let (width, height) = (entry.input_size.0 as usize, entry.input_size.1 as usize);
        Ok(Self { session, spec, width, height })
    }

    /// Slope and intercept that turn the decoder's probability into the share of right readings.
    pub fn calibration(&self) -> [f32; 2] {
        self.spec.calibration
    }

    /// Reads what lies inside each set of corners (the plate's own top left, top right, bottom right, bottom left, in
    /// shares of the picture).
    pub fn read(&mut self, source: &PictureSource<'_>, plates: &[[Point; 4]]) -> Result<Vec<PlateGlance>, LookError> {
        let mut glances = Vec::with_capacity(plates.len());
        for plates in plates.chunks(BATCH_MAX) {
            let quads: Vec<_> = plates.iter().map(|corners| in_pixels(corners, source)).collect();
            let upright: Result<Vec<_>, _> =
                quads.iter().map(|quad| rectified(source, quad, self.width, self.height)).collect();
            glances.extend(self.run(&quads, &upright?)?);
        }
        Ok(glances)
    }

    fn run(&mut self, quads: &[[Point; 4]], upright: &[Mat]) -> Result<Vec<PlateGlance>, LookError> {
        let n = upright.len();
        let plane = self.width * self.height;
        let mut input = Tensor::from_array(ndarray::Array4::<f32>::zeros((n, 3, self.height, self.width)))?;
        {
            let (_, planes) = input.extract_tensor_mut();
            for (picture, planes) in upright.iter().zip(planes.chunks_mut(3 * plane)) {
                spread(picture.data_bytes()?, self.width, self.height, planes, self.width, self.height);
            }
        }
        let outputs = self.session.run(ort::inputs![&input])?;
        let glyphs = numbers(&outputs, "glyphs", n * SLOTS * GLYPH_CLASSES)?;
        let centres = numbers(&outputs, "centres", n * SLOTS * 2)?;
        let rows = numbers(&outputs, "rows", n * 2)?;
        let colours = numbers(&outputs, "colour", n * 5)?;
        let states = numbers(&outputs, "state", n * 3)?;
        let mut glances = Vec::with_capacity(n);
        for (i, (quad, picture)) in quads.iter().zip(upright).enumerate() {
            let (positions, _) = glyphs[i * SLOTS * GLYPH_CLASSES..].as_chunks::<GLYPH_CLASSES>();
            let (places, _) = centres[i * SLOTS * 2..].as_chunks::<2>();
            let mut colour = [0.0; 5];
            colour.copy_from_slice(&colours[i * 5..(i + 1) * 5]);
            glances.push(PlateGlance {
                glyphs: positions[..SLOTS].to_vec(),
                centres: places[..SLOTS].iter().map(|[x, y]| Point { x: *x, y: *y }).collect(),
                two_rows: rows[i * 2 + 1],
                colours: colour,
                whole: states[i * 3],
                cut_off: states[i * 3 + 1],
                not_a_plate: states[i * 3 + 2],
                quality: quality(quad, picture)?,
            });
        }
        Ok(glances)
    }
}

fn quality(quad: &[Point; 4], upright: &Mat) -> Result<Quality, LookError> {
    let (mut grey, mut edges) = (Mat::default(), Mat::default());
    imgproc::cvt_color(upright, &mut grey, imgproc::COLOR_BGR2GRAY, 0)?;
    imgproc::laplacian_def(&grey, &mut edges, opencv::core::CV_32F)?;
    let spread_of = |picture: &Mat| -> Result<f64, opencv::Error> {
        let (mut mean, mut spread) = (Scalar::default(), Scalar::default());
        opencv::core::mean_std_dev_def(picture, &mut mean, &mut spread)?;
        Ok(spread[0])
    };
    let contrast = spread_of(&grey)?;
    let sharpness = spread_of(&edges)? / contrast.max(1.0);
    let bytes = grey.data_bytes()?;
    let burnt = bytes.iter().filter(|v| **v >= 253).count();
    let length = |a: Point, b: Point| (a.x - b.x).hypot(a.y - b.y).max(1.0);
    let ratio = |a: f32, b: f32| a.min(b) / a.max(b);
    let frontality = ratio(length(quad[0], quad[1]), length(quad[3], quad[2]))
        * ratio(length(quad[0], quad[3]), length(quad[1], quad[2]));
    Ok(Quality {
        width_px: width_px(quad),
        sharpness: sharpness as f32,
        contrast: (contrast / 128.0) as f32,
        glare: burnt as f32 / bytes.len().max(1) as f32,
        frontality,
    })
}
