//! Measuring the plate models on pictures with labels: crops of plates, and street scenes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use domain::BoundingBox;
use inference::look::{LookError, PictureSource};
use inference::picture::{ReadError, read_picture};
use perception::plate::FoundPlate;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use vnplate::decode::Decoded;

use super::score::{Scored, Scores, score};
use crate::plates::PlateEngine;
use crate::plates::crop::{read_crop, read_found};

/// A plate counts as found when its box and the label's overlap by this much.
const FOUND_OVERLAP_MIN: f32 = 0.5;

/// A row of a list of plate crops.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CropLabel {
    /// The picture's file, below the folder of pictures.
    pub image: String,
    /// What the plate says.
    pub plate: String,
    /// Rows of glyphs.
    pub rows: Option<u8>,
    /// Where the label comes from.
    pub label_source: Option<String>,
}

/// A row of a list of plates in scenes; corners of its upright box in pixels.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct SceneLabel {
    /// The picture's file, below the folder of pictures.
    pub image: String,
    /// Left.
    pub x0: f32,
    /// Top.
    pub y0: f32,
    /// Right.
    pub x1: f32,
    /// Bottom.
    pub y1: f32,
    /// What the plate says.
    pub plate: String,
    /// Rows of glyphs.
    pub rows: Option<u8>,
}

/// Why a measurement stops.
#[derive(Debug, Error)]
pub enum EvalError {
    /// The labels cannot be read.
    #[error("cannot read the labels \"{path}\" (columns {accepted} are accepted)", path = path.display())]
    Labels {
        /// The file.
        path: PathBuf,
        /// What is wrong, with the line.
        source: csv::Error,
        /// The columns.
        accepted: &'static str,
    },
    /// The labels are empty.
    #[error("the labels \"{path}\" name no picture", path = path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// A label is no plate's key.
    #[error("the labels \"{path}\", line {line}: \"{plate}\" is no plate: letters, digits and separators are accepted", path = path.display())]
    Plate {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What it says.
        plate: String,
    },
    /// A picture cannot be read.
    #[error(transparent)]
    Picture(#[from] ReadError),
    /// A model failed.
    #[error("the plate models failed on \"{path}\"", path = path.display())]
    Model {
        /// The picture.
        path: PathBuf,
        /// Why.
        source: LookError,
    },
}

/// A measurement on scenes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SceneScores {
    /// Of every labelled plate, found or not; what is not found is not read.
    #[serde(flatten)]
    pub plates: Scores,
    /// Pictures.
    pub images: usize,
    /// Labelled plates that were found.
    pub found: usize,
    /// Their share.
    pub found_rate: f64,
    /// Share of the found ones that were read exactly.
    pub read_of_found: f64,
    /// Plates found and read in a picture that no label names. Labels may miss plates, so a few are right.
    pub false_plates_per_image: f64,
}

fn labels<T: for<'de> Deserialize<'de>>(path: &Path, accepted: &'static str) -> Result<Vec<T>, EvalError> {
    let failed = |source| EvalError::Labels { path: path.to_owned(), source, accepted };
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_path(path).map_err(failed)?;
    let rows: Vec<T> = reader.deserialize().collect::<Result<_, _>>().map_err(failed)?;
    if rows.is_empty() { Err(EvalError::Empty { path: path.to_owned() }) } else { Ok(rows) }
}

fn key_of(path: &Path, index: usize, plate: &str) -> Result<String, EvalError> {
    let key = vnplate::Key::from_text(plate);
    let wrong = |_| EvalError::Plate { path: path.to_owned(), line: index + 2, plate: plate.to_owned() };
    key.map(|key| key.as_str().to_owned()).map_err(wrong)
}

fn scored(truth: String, decoded: Option<&Decoded>, ms: f64) -> Scored {
    let best = decoded.and_then(Decoded::best);
    Scored {
        truth,
        read: best.map(|reading| reading.key().as_str().to_owned()),
        raw: decoded.map(|decoded| decoded.raw.to_string()).unwrap_or_default(),
        outcome: decoded.map_or("not_found", |decoded| decoded.outcome.slug()),
        confidence: best.map_or(0.0, |reading| reading.confidence),
        rows: None,
        source: None,
        ms,
    }
}

/// Reads crops of plates: each picture is one plate.
pub fn crops(engine: &mut PlateEngine, images: &Path, list: &Path) -> Result<(Scores, Vec<Scored>), EvalError> {
    let rows: Vec<CropLabel> = labels(list, "image, plate and, if you have them, rows and label_source")?;
    let mut plates = Vec::with_capacity(rows.len());
    for (index, row) in rows.into_iter().enumerate() {
        let truth = key_of(list, index, &row.plate)?;
        let path = images.join(&row.image);
        let picture = read_picture(&path)?;
        let started = Instant::now();
        let decoded =
            read_crop(engine, &picture.view()).map_err(|source| EvalError::Model { path: path.clone(), source })?;
        let ms = started.elapsed().as_secs_f64() * 1e3;
        plates.push(Scored { rows: row.rows, source: row.label_source, ..scored(truth, Some(&decoded), ms) });
    }
    Ok((score(&plates), plates))
}

/// Finds and reads the plates of scenes.
pub fn scenes(engine: &mut PlateEngine, images: &Path, list: &Path) -> Result<(SceneScores, Vec<Scored>), EvalError> {
    let rows: Vec<SceneLabel> = labels(list, "image, x0, y0, x1, y1, plate and, if you have it, rows")?;
    let mut by_image: BTreeMap<String, Vec<(usize, SceneLabel)>> = BTreeMap::new();
    for (index, row) in rows.into_iter().enumerate() {
        by_image.entry(row.image.clone()).or_default().push((index, row));
    }
    let (mut plates, mut found_count, mut false_count) = (Vec::new(), 0, 0);
    let pictures = by_image.len();
    for (image, labelled) in by_image {
        let path = images.join(&image);
        let picture = read_picture(&path)?;
        let view = picture.view();
        let source = PictureSource::Bgr(&view);
        let failed = |source| EvalError::Model { path: path.clone(), source };
        let started = Instant::now();
        let found = engine.find(&source).map_err(failed)?;
        let decoded = read_found(engine, &source, &found).map_err(failed)?;
        let ms = started.elapsed().as_secs_f64() * 1e3 / labelled.len() as f64;
        let mut free: Vec<usize> = (0..found.len()).collect();
        for (index, label) in labelled {
            let truth = key_of(list, index, &label.plate)?;
            let (width, height) = (view.width() as f32, view.height() as f32);
            let bbox = BoundingBox::new(label.x0 / width, label.y0 / height, label.x1 / width, label.y1 / height);
            let hit = bbox.ok().and_then(|bbox| best_overlap(&found, &free, &bbox));
            found_count += usize::from(hit.is_some());
            free.retain(|index| Some(*index) != hit);
            let one = scored(truth, hit.map(|hit| &decoded[hit]), ms);
            plates.push(Scored { rows: label.rows, ..one });
        }
        false_count += free.iter().filter(|index| decoded[**index].best().is_some()).count();
    }
    let sums = score(&plates);
    let ratio = |part: usize, whole: usize| if whole == 0 { 0.0 } else { part as f64 / whole as f64 };
    let scores = SceneScores {
        images: pictures,
        found: found_count,
        found_rate: ratio(found_count, plates.len()),
        read_of_found: ratio(sums.exact, found_count),
        false_plates_per_image: ratio(false_count, pictures),
        plates: sums,
    };
    Ok((scores, plates))
}

fn best_overlap(found: &[FoundPlate], free: &[usize], bbox: &BoundingBox) -> Option<usize> {
    let overlap = |index: usize| found[index].bbox().map_or(0.0, |one| one.clipped().iou(bbox));
    let best = free.iter().copied().max_by(|a, b| overlap(*a).total_cmp(&overlap(*b)))?;
    (overlap(best) >= FOUND_OVERLAP_MIN).then_some(best)
}
