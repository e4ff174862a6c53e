//! What a camera showed on a good day, kept in the data folder.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use capture::{Camera, Happened};
use domain::{CameraId, UtcTime};
use inference::picture_health::{GreyPicture, InvalidSignature, PictureNumbers, ViewSignature};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::why_unclear;
use crate::watch::one_line;

/// How long a camera settles its exposure before its reference is taken.
const SETTLE: Duration = Duration::from_secs(3);
/// How long its first picture may take.
const FIRST_PICTURE_MAX: Duration = Duration::from_secs(15);

/// A camera's view on a good day.
#[derive(Debug, Clone, PartialEq)]
pub struct Reference {
    /// When it was taken.
    pub at: UtcTime,
    /// Width and height of the picture, pixels.
    pub size: (usize, usize),
    /// Its sharpness.
    pub sharpness: f64,
    /// Its brightness.
    pub brightness: f64,
    /// Where there were edges.
    pub view: ViewSignature,
}

/// The form on disk.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    at: UtcTime,
    size: (usize, usize),
    sharpness: f64,
    brightness: f64,
    view: String,
}

/// Why a reference cannot be read or kept.
#[derive(Debug, Error)]
pub enum ReferenceError {
    /// The file system refused.
    #[error("cannot use \"{path}\"", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is no reference.
    #[error("\"{path}\" is not a camera's reference ({what}): take it again", path = path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
}

/// Where a camera's reference lies.
pub fn reference_file(data: &Path, camera: &CameraId) -> PathBuf {
    data.join("health").join(format!("{camera}.json"))
}

impl Reference {
    /// Of a measured picture.
    pub fn new(numbers: &PictureNumbers, view: &ViewSignature, size: (usize, usize), at: UtcTime) -> Self {
        let PictureNumbers { sharpness, brightness, .. } = *numbers;
        Self { at, size, sharpness, brightness, view: view.clone() }
    }

    /// Reads it; nothing where there is none yet.
    pub fn load(path: &Path) -> Result<Option<Self>, ReferenceError> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(ReferenceError::Io { path: path.to_owned(), source }),
        };
        let damaged = |what: String| ReferenceError::Damaged { path: path.to_owned(), what };
        let written: Written = serde_json::from_str(&text).map_err(|error| damaged(error.to_string()))?;
        let bytes = hex::decode(&written.view).map_err(|error| damaged(error.to_string()))?;
        let view = ViewSignature::from_bytes(&bytes).map_err(|error: InvalidSignature| damaged(error.to_string()))?;
        let Written { at, size, sharpness, brightness, .. } = written;
        Ok(Some(Self { at, size, sharpness, brightness, view }))
    }

    /// Keeps it, in the place of the one before.
    pub fn save(&self, path: &Path) -> Result<(), ReferenceError> {
        let view = hex::encode(self.view.to_bytes());
        let Self { at, size, sharpness, brightness, .. } = *self;
        let written = Written { at, size, sharpness, brightness, view };
        let text = serde_json::to_string(&written).expect("text and finite numbers");
        replace(path, &text).map_err(|source| ReferenceError::Io { path: path.to_owned(), source })
    }
}

/// Writes a small file so that there is always the old one or the new one.
pub(crate) fn replace(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let beside = path.with_extension("new");
    std::fs::write(&beside, text)?;
    std::fs::rename(&beside, path)
}

/// Takes the reference of a running camera anew, and says what it shows. Refused where the picture is not clear: every
/// later one would be held against it.
pub fn take(camera: &Camera, path: &Path, at: UtcTime) -> Result<Reference> {
    let begun = Instant::now();
    let mut first: Option<Instant> = None;
    let mut down = String::new();
    loop {
        match camera.next(Duration::from_millis(200)) {
            Some(Happened::Frame(frame)) => {
                let settled = first.get_or_insert_with(Instant::now).elapsed() >= SETTLE;
                if !settled {
                    continue;
                }
                let full = frame.full();
                let grey = GreyPicture::from_i420(&full);
                let (numbers, view) = (PictureNumbers::of(&grey), ViewSignature::of(&grey));
                if let Some(why) = why_unclear(&numbers, &view) {
                    bail!("this picture is no reference: {why}; take it by daylight, with the lens clean and in focus");
                }
                let reference = Reference::new(&numbers, &view, (full.width(), full.height()), at);
                reference.save(path)?;
                return Ok(reference);
            }
            Some(Happened::Down(reason)) => down = format!(": {reason}"),
            Some(Happened::Failed(error)) => bail!("{}", one_line(&error)),
            Some(Happened::Ended(_)) => bail!("the video ended before {} s", SETTLE.as_secs()),
            Some(Happened::Up) | None => {}
        }
        if first.is_none() && begun.elapsed() > FIRST_PICTURE_MAX {
            bail!("no picture within {} s{down}", FIRST_PICTURE_MAX.as_secs());
        }
    }
}
