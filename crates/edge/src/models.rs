//! The models of a node: which are wanted, where their files are, and what is opened of them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail, ensure};
use inference::{Detector, Manifest, ModelEntry, ModelStore, Role, Runtime, Threads};

use crate::config::{ModelsConfig, NodeConfig};
use crate::engine::Engine;
use crate::installation::Installation;
use crate::plates::PlateEngine;
use crate::watch::one_line;

/// The detector in use.
#[derive(Debug, Clone)]
pub struct LoadedModel {
    /// Its name in the manifest.
    pub id: String,
    /// Its file.
    pub path: PathBuf,
    /// SHA-256 of the file.
    pub sha256: String,
    /// The ONNX Runtime library that runs it.
    pub onnxruntime: PathBuf,
}

/// Where the models of a node are.
pub fn model_store(config: &ModelsConfig, installation: &Installation) -> Result<(Manifest, ModelStore)> {
    let manifest = config.manifest.clone().unwrap_or_else(|| installation.manifest());
    let manifest = Manifest::load(&manifest)?;
    let mut folders = config.folders.clone();
    folders.extend(installation.model_folders());
    Ok((manifest, ModelStore::new(folders)))
}

/// Loads the ONNX Runtime and chooses the detector: the one that is named, else the first of the manifest that is
/// installed.
pub fn choose_detector(
    config: &ModelsConfig,
    installation: &Installation,
) -> Result<(&'static Runtime, ModelEntry, LoadedModel)> {
    let runtime = load_runtime(config, installation)?;
    let (manifest, store) = model_store(config, installation)?;
    let wanted: Vec<_> = manifest
        .entries()
        .iter()
        .filter(|entry| entry.role() == Role::Detector)
        .filter(|entry| config.detector.as_ref().is_none_or(|id| *id == entry.id))
        .collect();
    ensure!(
        !wanted.is_empty(),
        "the manifest has no detector \"{}\"",
        config.detector.as_deref().unwrap_or("of any name")
    );
    match first_installed(wanted, &store) {
        Ok((entry, path)) => {
            let loaded = LoadedModel {
                id: entry.id.clone(),
                path,
                sha256: entry.sha256.clone(),
                onnxruntime: runtime.library().to_owned(),
            };
            Ok((runtime, entry, loaded))
        }
        Err(missing) => bail!(
            "no detector is installed: run `gatehouse-edge models pull`, on a machine without internet with \
             `--mirror FOLDER_OR_URL`\n  {}",
            missing.join("\n  ")
        ),
    }
}

/// Loads the ONNX Runtime: the one that is named, else the one of the installation.
pub(crate) fn load_runtime(config: &ModelsConfig, installation: &Installation) -> Result<&'static Runtime> {
    let named = config.onnxruntime.as_deref().or(installation.onnxruntime_named());
    Ok(Runtime::load(named, &installation.onnxruntime_candidates())?)
}

/// The first of `entries` whose file is there, and the file; else why each of them is not.
pub(crate) fn first_installed<'m>(
    entries: impl IntoIterator<Item = &'m ModelEntry>,
    store: &ModelStore,
) -> std::result::Result<(ModelEntry, PathBuf), Vec<String>> {
    let mut missing = Vec::new();
    for entry in entries {
        match store.find(entry) {
            Ok(path) => return Ok((entry.clone(), path)),
            Err(error) => missing.push(one_line(&error)),
        }
    }
    Err(missing)
}

/// What reads plates in pictures of this width and a camera's usual shape.
pub(crate) fn plate_engine(config: &NodeConfig, installation: &Installation, width: u32) -> Result<PlateEngine> {
    // The nearest height that the model takes: a picture that is stretched little is found in well.
    let height = ((width * 9 / 16 + 16) / 32 * 32).max(32);
    PlateEngine::open(&config.models, installation, Threads { intra: 1 }, Some((width, height)))
}

/// One engine: the detector, and what reads plates for each width that a camera asks for. Pictures are looked at so
/// wide and in a camera's usual shape.
pub(crate) fn open_engine(
    config: &NodeConfig,
    installation: &Installation,
    runtime: &Runtime,
    entry: &ModelEntry,
    path: &Path,
) -> Result<Engine> {
    let threads = Threads { intra: 1 };
    let detector = Detector::open(runtime, entry, path, threads)?;
    let widths: BTreeSet<u32> = config.cameras.iter().filter_map(|camera| camera.plates).collect();
    let mut plates = Vec::new();
    for width in widths {
        let engine = plate_engine(config, installation, width)?;
        tracing::info!(models = ?engine.models().iter().map(|(id, _)| id).collect::<Vec<_>>(), width, "plates are read");
        plates.push((width, engine));
    }
    Ok(Engine { detector, plates })
}
