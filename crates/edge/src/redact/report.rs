//! What was done to make a copy, for whoever hands it out and whoever is asked about it later.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use domain::UtcTime;
use serde::Serialize;

use super::keep::{Keep, Verdict};
use super::looker::{FACE_SCORE_MIN, Looker, OBJECT_SCORE_MIN, PLATE_SCORE_MIN, PLATE_SCORE_SURE};
use super::place::Place;
use super::source::Source;
use super::timeline::{AROUND, BRIDGED_MAX, Chain, GROWTH, MISSED_MAX, Patch, Subject};

/// Version of the report's form.
pub const REPORT_VERSION: u32 = 1;

/// What a copy is, in plain words.
pub const STATEMENT: &str = "This is a derived copy, made for handing out, and not evidence itself. Its pictures were \
    covered in places and encoded anew. The evidence is the source, which was not changed and is known by its SHA-256.";
/// What the models do not promise.
pub const LIMITS: &str = "Heads are covered where persons, riders and faces were found, and plates where plates were \
    found. What the models did not find is not covered: look through the copy before you hand it out.";
/// The same where no model for faces is installed.
pub const LIMITS_WITHOUT_FACES: &str = "Heads are covered where persons and riders were found, and plates where plates \
    were found. What the models did not find is not covered, and without a face detector faces inside vehicles are not \
    looked for (`gatehouse-edge models pull` brings one): look through the copy before you hand it out.";

/// The report, as it is written.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// [`REPORT_VERSION`].
    pub report: u32,
    /// The program.
    pub tool: &'static str,
    /// Its version.
    pub version: &'static str,
    /// When the copy was made.
    pub made_at: UtcTime,
    /// [`STATEMENT`].
    pub statement: &'static str,
    /// [`LIMITS`] or [`LIMITS_WITHOUT_FACES`].
    pub limits: &'static str,
    /// What the copy was made of.
    pub source: FileReport,
    /// The copy.
    pub result: FileReport,
    /// Picture or clip, and how much of it.
    pub media: MediaReport,
    /// The models that looked.
    pub models: Vec<UsedModel>,
    /// By which rules it was covered.
    pub rules: Rules,
    /// Persons; two-wheelers whose rider was not found himself count as one.
    pub persons: Counted,
    /// Plates.
    pub plates: Counted,
    /// Frames in which anything is covered.
    pub frames_covered: u64,
    /// What was not to be covered.
    pub keeps: Vec<KeepReport>,
    /// What a person should look at.
    pub warnings: Vec<String>,
}

/// A file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileReport {
    /// Its name, without the folder.
    pub file: String,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256, in hex.
    pub sha256: String,
}

/// What the source is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MediaReport {
    /// `picture` or `clip`.
    pub kind: &'static str,
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Frames; 1 for a picture.
    pub frames: u64,
    /// From the first frame to the last, seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// What encoded a clip anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoder: Option<&'static str>,
}

/// A model in use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UsedModel {
    /// Its name in the manifest.
    pub id: String,
    /// SHA-256 of its file, in hex.
    pub sha256: String,
}

/// By which rules it was covered.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Rules {
    /// Persons and two-wheelers from this score on.
    pub object_score_min: f32,
    /// Faces from this score on; absent where no model for them is installed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub face_score_min: Option<f32>,
    /// Plates from this score on, unless the reader takes them for something else.
    pub plate_score_min: f32,
    /// Plates from this score on in any case.
    pub plate_score_sure: f32,
    /// Seconds before and after a thing was found for which it is covered.
    pub around_s: f32,
    /// Growth of the area on each side in that time, as a share of its size.
    pub growth: f32,
    /// The longest time without a thing that is covered on the way between, seconds.
    pub missed_s_max: f32,
    /// The longest time between two readings of a kept plate that is not covered between, seconds.
    pub bridged_s_max: f32,
}

/// How many of one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// Things that were followed over time: about as many as there are.
    pub followed: u64,
    /// Times that one was found in a frame.
    pub found: u64,
    /// Of these, covered.
    pub covered: u64,
    /// Of these, kept.
    pub kept: u64,
}

/// One thing that was not to be covered.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KeepReport {
    /// An area, in shares of the picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub area: Option<[f32; 4]>,
    /// A plate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plate: Option<String>,
    /// Times that a person or plate was kept because of it.
    pub kept: u64,
}

/// What came of the work itself.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) size: (usize, usize),
    pub(super) frames: u64,
    pub(super) lasts: Option<Duration>,
    pub(super) encoder: Option<&'static str>,
    pub(super) bytes: u64,
    pub(super) sha256: [u8; 32],
    frames_covered: u64,
    persons: Counted,
    plates: Counted,
    kept_by: Vec<usize>,
}

impl Made {
    /// Counts; the file is told of afterwards.
    pub(super) fn new(size: (usize, usize), things: &[Chain], patches: &[Vec<Patch>]) -> Self {
        let mut made = Self {
            size,
            frames: patches.len() as u64,
            lasts: None,
            encoder: None,
            bytes: 0,
            sha256: [0; 32],
            frames_covered: patches.iter().filter(|patches| !patches.is_empty()).count() as u64,
            persons: Counted::default(),
            plates: Counted::default(),
            kept_by: Vec::new(),
        };
        for thing in things {
            let counted = match thing.subject() {
                Subject::Person => &mut made.persons,
                Subject::Plate => &mut made.plates,
            };
            counted.followed += 1;
            for verdict in thing.verdicts() {
                counted.found += 1;
                match verdict {
                    Verdict::Keep(keep) => {
                        counted.kept += 1;
                        made.kept_by.push(keep);
                    }
                    Verdict::Cover | Verdict::Unknown => counted.covered += 1,
                }
            }
        }
        made
    }
}

impl Report {
    pub(super) fn new(source: &Source, copy: &Place, made: Made, keeps: &[Keep], looker: &Looker<'_>) -> Result<Self> {
        let name = source.path.file_name().context("a file has a name")?;
        let keeps: Vec<KeepReport> = (0..).zip(keeps).map(|(number, keep)| keep_report(number, keep, &made)).collect();
        let mut warnings: Vec<String> = (1..)
            .zip(&keeps)
            .filter(|(_, keep)| keep.kept == 0)
            .map(|(number, keep)| {
                let what = if keep.plate.is_some() { "plate" } else { "area" };
                format!("nothing was found of what keep number {number} (a {what}) should keep: it may be covered")
            })
            .collect();
        if made.frames_covered == 0 {
            warnings.push("nothing was found to cover".to_owned());
        }
        Ok(Self {
            report: REPORT_VERSION,
            tool: "gatehouse-edge redact",
            version: env!("CARGO_PKG_VERSION"),
            made_at: now(),
            statement: STATEMENT,
            limits: if looker.finds_faces() { LIMITS } else { LIMITS_WITHOUT_FACES },
            source: FileReport {
                file: name.to_string_lossy().into_owned(),
                bytes: source.bytes,
                sha256: hex::encode(source.sha256),
            },
            result: FileReport { file: copy.name(), bytes: made.bytes, sha256: hex::encode(made.sha256) },
            media: MediaReport {
                kind: source.kind.as_str(),
                width: made.size.0,
                height: made.size.1,
                frames: made.frames,
                seconds: made.lasts.map(|lasts| lasts.as_secs_f64()),
                encoder: made.encoder,
            },
            models: looker.models(),
            rules: Rules {
                object_score_min: OBJECT_SCORE_MIN,
                face_score_min: looker.finds_faces().then_some(FACE_SCORE_MIN),
                plate_score_min: PLATE_SCORE_MIN,
                plate_score_sure: PLATE_SCORE_SURE,
                around_s: AROUND.as_secs_f32(),
                growth: GROWTH,
                missed_s_max: MISSED_MAX.as_secs_f32(),
                bridged_s_max: BRIDGED_MAX.as_secs_f32(),
            },
            persons: made.persons,
            plates: made.plates,
            frames_covered: made.frames_covered,
            keeps,
            warnings,
        })
    }

    /// Whether each thing that was to be kept was there.
    pub fn all_keeps_matched(&self) -> bool {
        self.keeps.iter().all(|keep| keep.kept > 0)
    }
}

fn keep_report(number: usize, keep: &Keep, made: &Made) -> KeepReport {
    let kept = made.kept_by.iter().filter(|by| **by == number).count() as u64;
    match keep {
        Keep::Area(area) => KeepReport { area: Some((*area).into()), plate: None, kept },
        Keep::Plate(key) => KeepReport { area: None, plate: Some(key.as_str().to_owned()), kept },
    }
}

fn now() -> UtcTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let micros = i64::try_from(since.as_micros()).unwrap_or(i64::MAX);
    UtcTime::from_unix_micros(micros).unwrap_or(UtcTime::UNIX_EPOCH)
}
