//! The models of a node: which are wanted, where their files are, and what is opened of them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Result, bail, ensure};
use inference::models::FindError;
use inference::{Detector, Manifest, ModelEntry, ModelStore, Role, Runtime, Threads};

use crate::config::{CameraConfig, ModelsConfig, NodeConfig, Play};
use crate::engine::{Engine, Engines};
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
            Err(error) => {
                // Somebody put it there to be used: that a lesser one takes its place must not go unseen.
                if !matches!(error, FindError::Missing { .. }) {
                    tracing::warn!(model = entry.id, reason = one_line(&error), "a damaged model is passed over");
                }
                missing.push(one_line(&error));
            }
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

/// What looks at the frames of a node, as far as it could be opened: a model that is missing, damaged or of another
/// shape stops the cameras that need it and no other.
#[derive(Debug, Default)]
pub(crate) struct Looking {
    /// The detector in use; nothing where none is needed, or none can be used.
    pub(crate) model: Option<LoadedModel>,
    /// What the cameras share.
    pub(crate) engines: Option<Arc<Engines>>,
    /// Why no camera's frames can be looked at.
    all_refused: Option<String>,
    /// Why plates cannot be read.
    plates_refused: Option<String>,
}

impl Looking {
    /// Opens what the cameras of a node need.
    pub(crate) fn open(config: &NodeConfig, installation: &Installation) -> Self {
        // Nothing is detected where every camera is a rehearsal, so no model is asked for.
        if config.cameras.iter().all(|camera| camera.play == Play::Rehearse) {
            return Self::default();
        }
        let (runtime, entry, model) = match choose_detector(&config.models, installation) {
            Ok(chosen) => chosen,
            Err(error) => return Self { all_refused: Some(format!("{error:#}")), ..Self::default() },
        };
        tracing::info!(model = model.id, path = %model.path.display(), "detector chosen");
        let open = |config: &NodeConfig| open_engines(config, installation, runtime, &entry, &model.path);
        let opened = |engines| Self { model: Some(model.clone()), engines: Some(engines), ..Self::default() };
        match open(config) {
            Ok(engines) => opened(engines),
            Err(error) => {
                let why = Some(format!("{error:#}"));
                let mut without_plates = config.clone();
                without_plates.cameras.iter_mut().for_each(|camera| camera.plates = None);
                match open(&without_plates) {
                    Ok(engines) => Self { plates_refused: why, ..opened(engines) },
                    Err(_) => Self { all_refused: why, ..Self::default() },
                }
            }
        }
    }

    /// Why this camera cannot be used; nothing where it can.
    pub(crate) fn refuses(&self, camera: &CameraConfig) -> Option<&str> {
        if camera.play == Play::Rehearse {
            return None;
        }
        let plates = self.plates_refused.as_deref().filter(|_| camera.plates.is_some());
        self.all_refused.as_deref().or(plates)
    }
}

fn open_engines(
    config: &NodeConfig,
    installation: &Installation,
    runtime: &Runtime,
    entry: &ModelEntry,
    path: &Path,
) -> Result<Arc<Engines>> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let count = config.engines.unwrap_or(cores).min(config.cameras.len());
    let importance = config.cameras.iter().map(|camera| camera.importance).collect();
    Engines::open(count, importance, &|| open_engine(config, installation, runtime, entry, path))
}
