//! What the page sets up: a camera is looked at, a gate written into the ordinary configuration, and the node started by it.
//!
//! The configuration is one file, `node.toml`, and a profile for each gate. A profile is written under a name that nothing
//! refers to yet; then `node.toml` is replaced as a whole. So a power cut leaves either what was there or what was wanted,
//! and both can be read and changed by hand.

mod folder;
mod plan;
mod videos;

use std::sync::{Mutex, PoisonError};

use domain::Problems;
use edge::config::NodeConfig;
use edge::installation::Installation;
use edge::trial;
use hub::setup::{GatePlan, GateThere, Installer, PutError, Refusal, Source, Stage, Standing, Still, Template, Video};
use tokio::sync::watch;

pub(crate) use folder::Folder;

use crate::install::plan::{CameraWanted, ConfigError, config_text, profile_text, templates};
use crate::install::videos::Videos;

/// Sets gates up in a data folder.
#[derive(Debug)]
pub(crate) struct Setup {
    folder: Folder,
    installation: Installation,
    videos: Videos,
    standing: Mutex<Standing>,
    /// One writes at a time.
    writing: Mutex<()>,
    /// What is to be run from now on; the newest counts.
    wanted: watch::Sender<Option<NodeConfig>>,
}

impl Setup {
    /// Sets up below `folder`, where `config` is already configured. The receiver hears what is to be run.
    pub(crate) fn new(
        folder: Folder,
        installation: Installation,
        config: Option<NodeConfig>,
    ) -> (Self, watch::Receiver<Option<NodeConfig>>) {
        let stage = if config.is_some() { Stage::Starting } else { Stage::NotBegun };
        let standing = Mutex::new(standing_of(config.as_ref(), stage));
        let videos = Videos::new(&folder, &installation);
        let (wanted, heard) = watch::channel(config);
        (Self { folder, installation, videos, standing, writing: Mutex::new(()), wanted }, heard)
    }

    /// The folder of the site.
    pub(crate) fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Says how far the node is.
    pub(crate) fn tell(&self, stage: Stage) {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner).stage = stage;
    }

    /// Writes what is wanted; the configuration that is in force then.
    fn write(&self, plan: &GatePlan) -> Result<NodeConfig, PutError> {
        let _one = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let failed = |error: &dyn std::fmt::Display| PutError::Failed(error.to_string());
        let mut problems = Problems::default();
        let templates = templates(&self.installation).map_err(|error| failed(&error))?;
        let camera = match &plan.source {
            None => None,
            Some(Source::Rtsp(address)) => Some(CameraWanted { source: address.reveal().to_owned(), is_file: false }),
            Some(Source::Video(name)) => match self.videos.find(name) {
                Some(found) => Some(CameraWanted { source: found.source, is_file: true }),
                None => {
                    problems.note("trial", format!("\"{name}\" is no longer in the folder of videos"));
                    None
                }
            },
        };
        let profile = profile_text(&templates, plan, &mut problems);
        let before = self.folder.read_config().map_err(|error| failed(&error))?;
        let file = self.folder.free_profile(&plan.gate).map_err(|error| failed(&error))?;
        let config = match config_text(before.as_deref(), plan, camera.as_ref(), &file, &mut problems) {
            Ok(config) => config,
            Err(ConfigError(reason)) => return Err(PutError::Failed(reason)),
        };
        let (Some(profile), Some(config)) = (profile, config) else { return Err(PutError::Wrong(problems)) };
        self.folder.write(&file, &profile).map_err(|error| failed(&error))?;
        // Read as the next start reads it, before it is in force.
        let read = NodeConfig::parse(&config, self.folder.path());
        let read = match read {
            Ok(read) => read,
            Err(found) => {
                self.folder.forget(&file);
                found.as_slice().iter().for_each(|problem| problems.note(&problem.path, &problem.message));
                return Err(PutError::Wrong(problems));
            }
        };
        if let Err(error) = self.folder.write_config(&config) {
            self.folder.forget(&file);
            return Err(failed(&error));
        }
        Ok(read)
    }
}

impl Installer for Setup {
    fn standing(&self) -> Standing {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn templates(&self) -> Vec<Template> {
        let found = templates(&self.installation).unwrap_or_else(|error| {
            tracing::warn!(%error, "there are no templates of profiles");
            Vec::new()
        });
        found.into_iter().map(|found| found.template).collect()
    }

    fn videos(&self) -> Vec<Video> {
        self.videos.list().into_iter().map(|found| Video { name: found.name, bytes: found.bytes }).collect()
    }

    fn look(&self, source: &Source) -> Result<Still, Refusal> {
        let seen = match source {
            Source::Rtsp(address) => trial::look_at_camera(address.reveal()),
            Source::Video(name) => {
                let Some(found) = self.videos.find(name) else {
                    let said = format!("there is no video \"{name}\" in the folder of videos");
                    return Err(Refusal { code: "missing", said });
                };
                // Where it lies is nobody's business.
                trial::look_at_file(&found.path).map_err(|refusal| {
                    let said = refusal.said.replace(&found.path.display().to_string(), name);
                    trial::Refusal { said, ..refusal }
                })
            }
        };
        match seen {
            Ok(seen) => {
                let trial::Still { jpeg, width_px, height_px, frames_per_s, codec } = seen;
                Ok(Still { jpeg, width_px, height_px, frames_per_s, codec })
            }
            Err(trial::Refusal { code, said }) => Err(Refusal { code, said }),
        }
    }

    fn put_gate(&self, plan: GatePlan) -> Result<(), PutError> {
        let config = self.write(&plan)?;
        tracing::info!(gate = plan.gate, "a gate was set up from the page");
        *self.standing.lock().unwrap_or_else(PoisonError::into_inner) = standing_of(Some(&config), Stage::Starting);
        self.wanted.send_replace(Some(config));
        Ok(())
    }
}

fn standing_of(config: Option<&NodeConfig>, stage: Stage) -> Standing {
    let gates = config.iter().flat_map(|config| config.gates.iter().map(|gate| (gate, *config)));
    let gates = gates.map(|(gate, config)| {
        let camera = config.cameras.iter().find(|camera| camera.id == gate.camera);
        GateThere {
            gate: gate.id.to_string(),
            name: (gate.profile.name.vi.clone(), gate.profile.name.en.clone()),
            camera: gate.camera.to_string(),
            source: camera.map(|camera| trial::shown(&camera.source)).unwrap_or_default(),
        }
    });
    Standing { stage, site: config.map(|config| config.site.to_string()), gates: gates.collect() }
}

#[cfg(test)]
mod tests;
