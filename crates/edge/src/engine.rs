//! What looks at frames: the models of a node, opened once for each engine and shared by all cameras in turn.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use domain::MonoTime;
use inference::{Detector, Fit};

use crate::plates::PlateEngine;
use crate::shed::Shedder;
use crate::turns::Turns;

/// The models that one camera's frame needs while it is looked at.
#[derive(Debug)]
pub struct Engine {
    /// Finds persons and vehicles.
    pub detector: Detector,
    /// Finds and reads plates, one for each width that a camera wants pictures looked at in.
    pub plates: Vec<(u32, PlateEngine)>,
}

impl Engine {
    /// What reads plates in pictures of this width.
    pub fn plates(&mut self, width: u32) -> Option<&mut PlateEngine> {
        self.plates.iter_mut().find(|(own, _)| *own == width).map(|(_, engine)| engine)
    }
}

/// How the detector wants pictures, which is known before the first of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wants {
    /// Width and height in pixels.
    pub size: (u32, u32),
    /// How a picture is brought to that size.
    pub fit: Fit,
}

/// The engines of a node, and how load is shed among its cameras.
#[derive(Debug)]
pub struct Engines {
    turns: Turns<Engine>,
    shedder: Mutex<Shedder>,
    wants: Wants,
    plate_models: Vec<(String, String)>,
    calibration: Option<[f32; 2]>,
}

impl Engines {
    /// Opens `count` engines, one at least, for cameras of these importances.
    pub fn open(count: usize, importance: Vec<u8>, open: &dyn Fn() -> Result<Engine>) -> Result<Arc<Self>> {
        let engines = (0..count.max(1)).map(|_| open()).collect::<Result<Vec<_>>>()?;
        let first = &engines[0].detector;
        let wants = Wants { size: first.input_size(), fit: first.fit() };
        let plates = engines[0].plates.first().map(|(_, engine)| engine);
        let plate_models = plates.map(|engine| engine.models().to_vec()).unwrap_or_default();
        let calibration = plates.map(PlateEngine::calibration);
        let shedder = Mutex::new(Shedder::new(importance));
        Ok(Arc::new(Self { turns: Turns::new(engines), shedder, wants, plate_models, calibration }))
    }

    /// Whose turn it is.
    pub fn turns(&self) -> &Turns<Engine> {
        &self.turns
    }

    /// How the detector wants pictures.
    pub fn wants(&self) -> Wants {
        self.wants
    }

    /// The models that find and read plates, where there are any: name and SHA-256.
    pub fn plate_models(&self) -> &[(String, String)] {
        &self.plate_models
    }

    /// Slope and intercept of a reading's confidence.
    pub fn calibration(&self) -> Option<[f32; 2]> {
        self.calibration
    }

    /// A frame took so long from its arrival until its events were decided.
    pub fn took(&self, latency: Duration, now: MonoTime) {
        let mut shedder = self.shedder.lock().unwrap_or_else(PoisonError::into_inner);
        if shedder.took(latency, now) {
            tracing::warn!(level = shedder.level(), "load is shed at another level");
        }
    }

    /// The shortest time between two looks of a camera that the load allows.
    pub fn interval(&self, camera: usize) -> Duration {
        self.shedder.lock().unwrap_or_else(PoisonError::into_inner).interval(camera)
    }

    /// How many steps of load are shed; 0 is none.
    pub fn shed_level(&self) -> usize {
        self.shedder.lock().unwrap_or_else(PoisonError::into_inner).level()
    }
}
