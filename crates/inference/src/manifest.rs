//! What is known of each model: `models/manifest.toml`.

use std::path::{Path, PathBuf};

use domain::{ObjectClass, Problems, TableReader};
use perception::decode::Channels;
use serde::Deserialize;
use thiserror::Error;

/// Version of the manifest that this code reads.
pub const MANIFEST_VERSION: u32 = 1;

/// Largest model file in bytes.
pub const MODEL_BYTES_MAX: u64 = 512 * 1024 * 1024;

/// Every model that is known, in the order of preference.
#[derive(Debug, Clone)]
pub struct Manifest {
    entries: Vec<ModelEntry>,
}

/// One model.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelEntry {
    /// Its name.
    pub id: String,
    /// Name of its file, without a folder.
    pub file: String,
    /// SHA-256 of the file, 64 hex digits.
    pub sha256: String,
    /// Size of the file.
    pub bytes: u64,
    /// Its licence, by SPDX.
    pub licence: String,
    /// Whether it is ours.
    pub tier: Tier,
    /// Where it comes from, for people.
    pub origin: String,
    /// Where its origin serves this very file, pinned to a commit; nothing where only a mirror can.
    pub url: Option<String>,
    /// Width and height of its input in pixels.
    pub input_size: (u32, u32),
    /// What is particular to its role.
    pub spec: Spec,
}

impl ModelEntry {
    /// What it is for.
    pub fn role(&self) -> Role {
        match self.spec {
            Spec::Detector(_) => Role::Detector,
            Spec::PlateDetector(_) => Role::PlateDetector,
            Spec::PlateReader(_) => Role::PlateReader,
            Spec::FaceDetector(_) => Role::FaceDetector,
        }
    }
}

/// What is particular to a model's role.
#[derive(Debug, Clone, PartialEq)]
pub enum Spec {
    /// Finds persons and vehicles.
    Detector(DetectorSpec),
    /// Finds number plates and their corners.
    PlateDetector(PlateDetectorSpec),
    /// Reads a rectified plate.
    PlateReader(PlateReaderSpec),
    /// Finds faces.
    FaceDetector(FaceDetectorSpec),
}

/// A detector of persons and vehicles.
#[derive(Debug, Clone, PartialEq)]
pub struct DetectorSpec {
    /// How a picture is brought to the input's size.
    pub fit: Fit,
    /// What its output means.
    pub output: Output,
    /// The class of each score channel.
    pub channels: Channels,
    /// Detections below this confidence are dropped.
    pub score_min: f32,
    /// Detections of a kin that overlap a better one by more than this are dropped.
    pub overlap_max: f32,
}

/// A detector of number plates. It takes any size whose sides are multiples of 32; the entry's is the default.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlateDetectorSpec {
    /// Plates below this score are dropped.
    pub score_min: f32,
    /// Of two plates whose upright boxes overlap by more than this, one stays.
    pub overlap_max: f32,
}

/// A reader of plates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlateReaderSpec {
    /// Slope and intercept on the log-odds that turn the decoder's probability into the share of right readings.
    pub calibration: [f32; 2],
}

/// A detector of faces. It takes any size whose sides are multiples of 32; the entry's is the default.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FaceDetectorSpec {
    /// Faces below this score are dropped.
    pub score_min: f32,
    /// Of two faces whose boxes overlap by more than this, one stays.
    pub overlap_max: f32,
}

/// What a model is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Finds persons and vehicles.
    Detector,
    /// Finds number plates and their corners.
    PlateDetector,
    /// Reads a rectified plate.
    PlateReader,
    /// Finds faces.
    FaceDetector,
}

/// Whose a model is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// In the repository, trained by its own recipe.
    Bundled,
    /// Third-party weights under a permissive licence.
    Recommended,
}

impl Tier {
    /// Its name in the manifest.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bundled => "bundled",
            Self::Recommended => "recommended",
        }
    }
}

/// How a picture is brought to the size of a model's input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fit {
    /// Stretched to the input's width and height.
    Stretch,
    /// Scaled to fit inside with its aspect kept, at the top left; the rest is grey 114.
    Letterbox,
}

/// What a model's output means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Output {
    /// `boxes` `[1, N, 4]` and `scores` `[1, N, channels]`.
    Ssd,
    /// One tensor `[1, N, 5 + channels]` on the grid of strides 8, 16 and 32.
    Yolox,
}

/// Why a manifest cannot be used.
#[derive(Debug, Error)]
pub enum ManifestError {
    /// The file cannot be read.
    #[error("cannot read the model manifest \"{path}\"", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file says something wrong.
    #[error("the model manifest \"{path}\" has {problems}", path = path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Everything that is wrong.
        problems: Problems,
    },
}

impl Manifest {
    /// Reads the file; reports all mistakes at once.
    pub fn load(path: &Path) -> Result<Self, ManifestError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| ManifestError::Read { path: path.to_owned(), source })?;
        Self::parse(&text).map_err(|problems| ManifestError::Invalid { path: path.to_owned(), problems })
    }

    /// Reads a manifest from its text.
    pub fn parse(text: &str) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let entries = TableReader::parse(text, &mut problems).and_then(|mut table| {
            if let Some(version) = table.required::<u32>("manifest", "the format's version, 1")
                && version != MANIFEST_VERSION
            {
                table.note("manifest", format!("version {version} is not known: {MANIFEST_VERSION} is accepted"));
            }
            let entries = table.each("model", read_entry).into_iter().collect::<Option<Vec<_>>>();
            if let Some(entries) = &entries {
                for (index, entry) in entries.iter().enumerate() {
                    if entries[..index].iter().any(|e| e.id == entry.id || e.file == entry.file) {
                        table.note(&format!("model[{index}].id"), "id and file must differ from those of the others");
                    }
                }
            }
            table.finish();
            entries
        });
        problems.into_result(entries.map(|entries| Self { entries }))
    }

    /// The models in the order of preference.
    pub fn entries(&self) -> &[ModelEntry] {
        &self.entries
    }
}

fn read_entry(table: &mut TableReader<'_>) -> Option<ModelEntry> {
    let id = table.required::<String>("id", "a name");
    let role =
        table.required::<Role>("role", "\"detector\", \"plate_detector\", \"plate_reader\" or \"face_detector\"");
    let file = table.required::<String>("file", "a file name without a folder").filter(|file| {
        let plain = !file.is_empty() && !file.starts_with('.') && !file.contains(['/', '\\', '\0']);
        if !plain {
            table.note("file", format!("\"{file}\" is not a plain file name without a folder"));
        }
        plain
    });
    let sha256 = table.required::<String>("sha256", "64 hex digits").filter(|hash| {
        let fits = hash.len() == 64 && hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if !fits {
            table.note("sha256", "64 digits 0-9 a-f are accepted");
        }
        fits
    });
    let bytes = table.required::<u64>("bytes", "the size of the file").filter(|bytes| {
        let fits = (1..=MODEL_BYTES_MAX).contains(bytes);
        if !fits {
            table.note("bytes", format!("1 to {MODEL_BYTES_MAX} are accepted"));
        }
        fits
    });
    let licence = table.required("licence", "an SPDX licence");
    let tier = table.required("tier", "\"bundled\" or \"recommended\"");
    let origin = table.required("origin", "where it comes from");
    let url = table.optional::<String>("url").filter(|url| {
        let pinned = url.starts_with("https://") && url.split('/').any(is_commit);
        if !pinned {
            table.note("url", "an https:// address is accepted that names the commit by its 40 hex digits");
        }
        pinned
    });
    let width = table.ranged("width", 32..=4096, "32 to 4096 pixels", 0_u32);
    let height = table.ranged("height", 32..=4096, "32 to 4096 pixels", 0_u32);
    if [width, height].iter().any(|side| *side == 0 || !side.is_multiple_of(32)) {
        table.note("width", "width and height must be given, as multiples of 32");
    }
    // Of an unknown role nothing more can be said than that it is unknown; a detector's members are looked at.
    let spec = match role {
        None | Some(Role::Detector) => read_detector(table).map(Spec::Detector),
        Some(Role::PlateDetector) => Some(Spec::PlateDetector(PlateDetectorSpec {
            score_min: table.ranged("score_min", 0.01..=0.99, "0.01 to 0.99", 0.3),
            overlap_max: table.ranged("overlap_max", 0.1..=0.95, "0.1 to 0.95", 0.3),
        })),
        Some(Role::FaceDetector) => Some(Spec::FaceDetector(FaceDetectorSpec {
            score_min: table.ranged("score_min", 0.01..=0.99, "0.01 to 0.99", 0.6),
            overlap_max: table.ranged("overlap_max", 0.1..=0.95, "0.1 to 0.95", 0.3),
        })),
        Some(Role::PlateReader) => {
            let calibration = table.required::<[f32; 2]>("calibration", "slope and intercept, such as [1.0, 0.0]");
            let calibration = calibration.filter(|[slope, intercept]| {
                let fits = *slope > 0.0 && slope.is_finite() && intercept.is_finite();
                if !fits {
                    table.note("calibration", "a slope above 0 and an intercept are accepted");
                }
                fits
            });
            calibration.map(|calibration| Spec::PlateReader(PlateReaderSpec { calibration }))
        }
    };
    role?;
    Some(ModelEntry {
        id: id?,
        file: file?,
        sha256: sha256?,
        bytes: bytes?,
        licence: licence?,
        tier: tier?,
        origin: origin?,
        url,
        input_size: (width, height),
        spec: spec?,
    })
}

fn read_detector(table: &mut TableReader<'_>) -> Option<DetectorSpec> {
    let fit = table.required("fit", "\"stretch\" or \"letterbox\"");
    let output = table.required("output", "\"ssd\" or \"yolox\"");
    let channels = table.required::<Vec<String>>("channels", "the class of each score channel, \"-\" for none");
    let channels = channels.and_then(|names| read_channels(table, &names));
    let score_min = table.ranged("score_min", 0.01..=0.99, "0.01 to 0.99", 0.1);
    let overlap_max = table.ranged("overlap_max", 0.1..=0.95, "0.1 to 0.95", 0.5);
    Some(DetectorSpec { fit: fit?, output: output?, channels: channels?, score_min, overlap_max })
}

fn is_commit(part: &str) -> bool {
    part.len() == 40 && part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

fn read_channels(table: &mut TableReader<'_>, names: &[String]) -> Option<Channels> {
    let class = |name: &String| match name.as_str() {
        "-" => Some(None),
        name => ObjectClass::ALL.into_iter().find(|class| class.as_str() == name).map(Some),
    };
    let classes: Option<Vec<_>> = names.iter().map(class).collect();
    if classes.is_none() || names.is_empty() {
        let known: Vec<_> = ObjectClass::ALL.iter().map(|class| class.as_str()).collect();
        table.note("channels", format!("{} and - are accepted", known.join(", ")));
    }
    classes.map(Channels::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHIPPED: &str = include_str!("../../../models/manifest.toml");

    #[test]
    fn the_shipped_manifest_is_good() {
        let manifest = Manifest::parse(SHIPPED).unwrap_or_else(|problems| panic!("{problems}"));
        assert!(manifest.entries().iter().any(|entry| entry.role() == Role::Detector));
    }

    #[test]
    fn mistakes_are_reported_at_once() {
        let bad = SHIPPED
            .replacen("\"detector\"", "\"oracle\"", 1)
            .replacen("6b15978c", "6B15978C", 1)
            .replacen("person_vehicle_bike_2001_384.onnx", "../x.onnx", 1)
            .replacen("\"bike\"", "\"cow\"", 1)
            .replacen("width = 384", "width = 385", 1)
            .replacen("iinfer/c7f9a3c5216c6f8b3e8b35886f863dffa2dc0bf9", "iinfer/main", 1);
        let problems = Manifest::parse(&bad).expect_err("six mistakes");
        let paths: Vec<_> = problems.as_slice().iter().map(|p| p.path.as_str()).collect();
        let expected = [
            "model[0].role",
            "model[0].file",
            "model[0].sha256",
            "model[0].width",
            "model[0].channels",
            "model[2].url",
        ];
        assert_eq!(paths, expected, "{problems}");
    }
}
