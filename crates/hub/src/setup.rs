//! Setting a gate up from the page, where the program that the hub runs in can do it: the hub holds the tried cameras, what
//! to look at and what to write is the [`Installer`]'s.
//!
//! Only the program that is hub and node at once has one (`gatehouse run --data`). A hub whose nodes are other machines
//! has none: their configuration is theirs.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use domain::{Point, Problems};
use serde::{Deserialize, Serialize};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use utoipa::ToSchema;

use crate::accounts::token::random_hex;
use crate::broker::Secret;

/// Tried cameras that are kept until a gate is made of one; a further one takes the place of the oldest.
pub const TRIALS_MAX: usize = 4;

/// How long a tried camera is kept: as long as drawing may take.
pub const TRIAL_KEPT: Duration = Duration::from_secs(30 * 60);

/// Bytes of a trial's id.
const ID_BYTES: usize = 16;

/// What sets gates up. Its methods block: the hub calls them on threads of their own, [`Installer::look`] once at a time.
pub trait Installer: fmt::Debug + Send + Sync {
    /// How far the set-up is.
    fn standing(&self) -> Standing;

    /// What profiles can be made from.
    fn templates(&self) -> Vec<Template>;

    /// Videos that may stand for a camera.
    fn videos(&self) -> Vec<Video>;

    /// Looks at a source once; ends by itself.
    fn look(&self, source: &Source) -> Result<Still, Refusal>;

    /// Makes a gate, or makes it anew, and has its camera watched; keeps everything as it was where it cannot.
    fn put_gate(&self, plan: GatePlan) -> Result<(), PutError>;
}

/// How far the set-up is.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// Where it stands.
    pub stage: Stage,
    /// The site, once there is one.
    pub site: Option<String>,
    /// The gates that are configured.
    pub gates: Vec<GateThere>,
}

/// Where the set-up stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// There is no gate yet.
    NotBegun,
    /// What is configured is being started.
    Starting,
    /// Cameras are watched.
    Running,
    /// Nothing is watched, and why.
    Failed(String),
}

/// A gate that is configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateThere {
    /// Its id.
    pub gate: String,
    /// What it is called, in Vietnamese and in English.
    pub name: (String, String),
    /// Its camera.
    pub camera: String,
    /// The camera's source, without any password.
    pub source: String,
}

/// What a profile can be made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// Its name, such as `tourist-site`.
    pub name: String,
    /// What it is called, in Vietnamese and in English.
    pub title: (String, String),
    /// What is counted on its lines: `person`, `vehicle`.
    pub groups: Vec<String>,
}

/// A video that may stand for a camera.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Video {
    /// Its name, by which it is asked for.
    pub name: String,
    /// Its size.
    pub bytes: u64,
}

/// Where pictures come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// One of [`Installer::videos`], by its name.
    Video(String),
    /// An address of a camera.
    Rtsp(CameraAddress),
}

/// An address that may hold a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CameraAddress(Secret);

impl CameraAddress {
    /// Hides it.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Secret::new(text))
    }

    /// The address with its password, for whoever connects or writes the configuration.
    pub fn reveal(&self) -> &str {
        self.0.reveal()
    }
}

/// What a source showed.
#[derive(Clone)]
pub struct Still {
    /// One picture.
    pub jpeg: Vec<u8>,
    /// Pixels in a row of the source.
    pub width_px: u32,
    /// Rows.
    pub height_px: u32,
    /// Frames a second.
    pub frames_per_s: Option<f64>,
    /// What it is encoded in.
    pub codec: Option<&'static str>,
}

impl fmt::Debug for Still {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The picture shows people.
        write!(f, "Still({}x{}, {} bytes)", self.width_px, self.height_px, self.jpeg.len())
    }
}

/// Why a source shows nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// A name for programs.
    pub code: &'static str,
    /// What is wrong, for people; without any password.
    pub said: String,
}

/// A gate as somebody wants it.
#[derive(Debug, Clone, PartialEq)]
pub struct GatePlan {
    /// The site.
    pub site: String,
    /// What the site is called.
    pub site_name: String,
    /// The gate.
    pub gate: String,
    /// What the gate is called.
    pub name: String,
    /// Its camera; the one that it has where nothing.
    pub source: Option<Source>,
    /// The template of its profile.
    pub template: String,
    /// Whether number plates are read.
    pub plates: PlateReading,
    /// Its counting lines.
    pub lines: Vec<DrawnLine>,
    /// Its zones.
    pub zones: Vec<DrawnZone>,
}

/// Whether number plates are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlateReading {
    /// They are.
    On,
    /// They are not.
    Off,
}

/// A counting line that somebody drew.
#[derive(Debug, Clone, PartialEq)]
pub struct DrawnLine {
    /// The id of the line that it was in the text; nothing for a new one.
    pub was: Option<String>,
    /// Its id.
    pub id: String,
    /// Its two ends.
    pub points: Vec<Point>,
    /// Which way over it leads into the site.
    pub inwards: Inwards,
    /// What is counted: `person`, `vehicle`.
    pub groups: Vec<String>,
}

/// The way over a line that leads into the site. Above a line drawn to the right is side A, below it side B.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Inwards {
    /// From side A to side B.
    AToB,
    /// From side B to side A.
    BToA,
}

/// A zone that somebody drew.
#[derive(Debug, Clone, PartialEq)]
pub struct DrawnZone {
    /// The id of the zone that it was in the text; nothing for a new one.
    pub was: Option<String>,
    /// Its id.
    pub id: String,
    /// Its corners in order.
    pub points: Vec<Point>,
    /// What is counted: `person`, `vehicle`.
    pub groups: Vec<String>,
}

/// Why a gate was not made. Everything is as it was.
#[derive(Debug, Clone, PartialEq)]
pub enum PutError {
    /// Something of it is wrong: all of that at once, each by its field.
    Wrong(Problems),
    /// It cannot be written.
    Failed(String),
}

/// The hub's side of it: who looks now, and what was seen last.
#[derive(Debug)]
pub(crate) struct SetupDesk {
    pub(crate) installer: Arc<dyn Installer>,
    looking: Arc<Semaphore>,
    trials: Mutex<Vec<Trial>>,
}

/// A source that showed a picture.
#[derive(Debug, Clone)]
pub(crate) struct Trial {
    pub(crate) id: String,
    pub(crate) source: Source,
    pub(crate) still: Arc<Still>,
    at: Instant,
}

impl SetupDesk {
    pub(crate) fn new(installer: Arc<dyn Installer>) -> Self {
        Self { installer, looking: Arc::new(Semaphore::new(1)), trials: Mutex::default() }
    }

    /// The right to look at a source; nothing while somebody does.
    pub(crate) fn begin(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.looking).try_acquire_owned().ok()
    }

    /// Keeps what was seen of `source`.
    pub(crate) fn keep(&self, source: Source, still: Still) -> Result<Trial, getrandom::Error> {
        let trial = Trial { id: random_hex::<ID_BYTES>()?, source, still: Arc::new(still), at: Instant::now() };
        let mut trials = self.trials.lock().unwrap_or_else(PoisonError::into_inner);
        trials.retain(|kept| kept.at.elapsed() < TRIAL_KEPT);
        let over = (trials.len() + 1).saturating_sub(TRIALS_MAX);
        trials.drain(..over);
        trials.push(trial.clone());
        Ok(trial)
    }

    /// What was seen in the trial `id`.
    pub(crate) fn trial(&self, id: &str) -> Option<Trial> {
        let trials = self.trials.lock().unwrap_or_else(PoisonError::into_inner);
        trials.iter().find(|kept| kept.id == id && kept.at.elapsed() < TRIAL_KEPT).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Nothing;

    impl Installer for Nothing {
        fn standing(&self) -> Standing {
            Standing { stage: Stage::NotBegun, site: None, gates: Vec::new() }
        }
        fn templates(&self) -> Vec<Template> {
            Vec::new()
        }
        fn videos(&self) -> Vec<Video> {
            Vec::new()
        }
        fn look(&self, _: &Source) -> Result<Still, Refusal> {
            Err(Refusal { code: "missing", said: String::new() })
        }
        fn put_gate(&self, _: GatePlan) -> Result<(), PutError> {
            Ok(())
        }
    }

    fn still() -> Still {
        Still { jpeg: vec![1], width_px: 2, height_px: 2, frames_per_s: None, codec: None }
    }

    #[test]
    fn the_newest_trials_are_kept_and_a_stranger_s_id_finds_none() {
        let desk = SetupDesk::new(Arc::new(Nothing));
        let source = |n: usize| Source::Rtsp(CameraAddress::new(format!("rtsp://a:hunter2@camera-{n}/")));
        let ids: Vec<_> = (0..TRIALS_MAX + 2).map(|n| desk.keep(source(n), still()).expect("random").id).collect();
        let found: Vec<_> = ids.iter().map(|id| desk.trial(id).is_some()).collect();
        assert_eq!(found, [false, false, true, true, true, true]);
        assert_eq!(desk.trial(&ids[3]).expect("it is kept").source, source(3));
        assert!(desk.trial("").is_none());
        assert!(!format!("{desk:?}").contains("hunter2"), "the password is in a debug text");
    }

    #[test]
    fn one_source_is_looked_at_at_a_time() {
        let desk = SetupDesk::new(Arc::new(Nothing));
        let first = desk.begin();
        assert!(first.is_some() && desk.begin().is_none());
        drop(first);
        assert!(desk.begin().is_some());
    }
}
