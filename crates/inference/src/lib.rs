//! Models: which there are, where they come from, and running them on pictures.
//!
//! Owns ONNX Runtime, OpenCV and the libraries for JPEG and PNG: no other crate sees a session or a `Mat`. Pixels stop here; what comes out is
//! detections and JPEG bytes. Start reading at [`detector`]; [`manifest`] says what is known of a model and [`models`]
//! where its file is.

mod codec;
pub mod codes;
pub mod cover;
pub mod detector;
pub mod faces;
mod fitted;
pub mod look;
pub mod manifest;
pub mod models;
pub mod motion;
pub mod picture;
pub mod picture_health;
pub mod plates;
pub mod runtime;
pub mod view;

pub use codes::{CodesError, FoundCode, find_codes};
pub use detector::{DetectError, Detector, OpenError, StageTimes, Threads};
pub use faces::FaceDetector;
pub use look::{LookError, PictureSource};
pub use manifest::{Fit, Manifest, ManifestError, ModelEntry, Role, Spec, Tier};
pub use models::ModelStore;
pub use motion::{Motion, MotionGate};
pub use plates::{PlateDetector, PlateGlance, PlateReader};
pub use runtime::{LibraryFault, Runtime, RuntimeError};
