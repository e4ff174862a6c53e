//! `gatehouse-edge health reference`: what a camera shows now is what it should show.

use std::path::Path;
use std::time::SystemTime;

use anyhow::{Result, bail};
use domain::UtcTime;
use inference::Fit;

use crate::config::{NodeConfig, Play};
use crate::engine::Wants;
use crate::eyes::open_detect_camera;
use crate::health::Reference;
use crate::health::reference::{reference_file, take};

/// Takes the reference of a camera of this configuration anew. A node that runs beside it uses it from its next
/// measurement on.
pub fn take_reference(config: &NodeConfig, folder: &Path, camera: &str) -> Result<Reference> {
    let Some(own) = config.cameras.iter().find(|own| own.id.as_str() == camera) else {
        let known: Vec<_> = config.cameras.iter().map(|own| own.id.as_str()).collect();
        bail!("the configuration has no camera \"{camera}\": {} are there", known.join(", "));
    };
    if own.play == Play::Rehearse {
        bail!("camera {camera} is an observation log: it has no pictures");
    }
    let wants = Wants { size: (64, 64), fit: Fit::Stretch };
    let opened = open_detect_camera(own, folder, wants)?;
    let micros = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_micros());
    let at = UtcTime::from_unix_micros(i64::try_from(micros).unwrap_or(i64::MAX)).unwrap_or(UtcTime::UNIX_EPOCH);
    take(&opened, &reference_file(&config.data, &own.id), at)
}
