//! `gatehouse-edge plate read`: what the plate models make of pictures.

use std::path::PathBuf;

use anyhow::{Context, Result};
use edge::config::ModelsConfig;
use edge::installation::Installation;
use edge::plates::PlateEngine;
use edge::plates::crop::{read_crop, read_found};
use inference::Threads;
use inference::look::PictureSource;
use inference::picture::read_picture;
use vnplate::decode::{Decoded, Outcome};

pub(crate) fn read(
    scene: bool,
    models: Option<PathBuf>,
    pictures: &[PathBuf],
    installation: &Installation,
) -> Result<()> {
    let models = ModelsConfig { folders: models.into_iter().collect(), ..ModelsConfig::default() };
    let mut engine = PlateEngine::open(&models, installation, Threads { intra: 1 }, None)?;
    for path in pictures {
        let picture = read_picture(path)?;
        let view = picture.view();
        let source = PictureSource::Bgr(&view);
        let failed = || format!("the plate models failed on \"{}\"", path.display());
        if scene {
            let found = engine.find(&source).with_context(failed)?;
            let readings = read_found(&mut engine, &source, &found).with_context(failed)?;
            for (plate, decoded) in found.iter().zip(&readings) {
                let mut told = told(decoded);
                told["picture"] = path.display().to_string().into();
                told["corners"] = serde_json::json!(plate.corners);
                println!("{told}");
            }
        } else {
            let decoded = read_crop(&mut engine, &view).with_context(failed)?;
            let mut told = told(&decoded);
            told["picture"] = path.display().to_string().into();
            println!("{told}");
        }
    }
    Ok(())
}

fn told(decoded: &Decoded) -> serde_json::Value {
    let reason = match &decoded.outcome {
        Outcome::Read(_) => String::new(),
        Outcome::UnknownKind { reason } => reason.to_string(),
        Outcome::Unreadable { reason } => reason.to_string(),
        Outcome::NotAPlate { reason } => reason.to_string(),
    };
    let best = decoded.best();
    serde_json::json!({
        "outcome": decoded.outcome.slug(),
        "reason": reason,
        "raw": decoded.raw.to_string(),
        "key": best.map(|reading| reading.key().as_str().to_owned()),
        "display": best.map(|reading| reading.plate.display()),
        "kind": best.map(|reading| reading.kind().slug()),
        "confidence": best.map(|reading| reading.confidence),
        "ambiguous": decoded.ambiguous(),
    })
}
